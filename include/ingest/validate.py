"""Facts about staged rows go in; the rows that Great Expectations refuses, and its warnings, come out."""

from __future__ import annotations

import json
import logging
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.domain.intake import Facts, Findings
from include.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = tuple(field.name for field in fields(Facts))
NUMBERS = tuple(
    field.name for field in fields(Facts) if any(kind in str(field.type) for kind in ("int", "float", "Decimal"))
)
UNBOUNDED = {"volume_low": 0, "volume_high": 2**53}
CRITICAL = "critical"


class Suite:
    """A Great Expectations suite of plain JSON, read strictly: the library drops what it does not know.

    Raises `ConfigError` where the file is no such suite, names an unknown expectation type, or names one twice.
    """

    def __init__(self, path: Path) -> None:
        written = _read(path)
        gx, context = _quiet_context()
        try:
            self._suite = gx.ExpectationSuite(**written)
        except Exception as error:  # the library raises whatever its many validators raise
            raise ConfigError(f"{path}: {str(error).splitlines()[0]}. Remedy: mend the expectation") from error
        self._context = context
        if len(self._suite.expectations) != len(written["expectations"]):
            known = {expectation.expectation_type for expectation in self._suite.expectations}
            lost = sorted({one["type"] for one in written["expectations"]} - known) or ["one that stands twice"]
            raise ConfigError(f"{path}: unknown expectations: {', '.join(lost)}. Remedy: mend the type's spelling")

    def check(self, facts: Sequence[Facts], bounds: Mapping[str, float] | None = None) -> Findings:
        """What the suite says of these rows; `bounds` gives `volume_low` and `volume_high` if they are known."""
        if not facts:
            return Findings({})
        batch = self._batch(facts)
        result = batch.validate(
            self._suite,
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["row_key"]},
            expectation_parameters=UNBOUNDED | dict(bounds or {}),
        )
        refused: dict[str, list[str]] = defaultdict(list)
        warnings = []
        for one in result.results:
            config = one.expectation_config
            if one.exception_info.get("raised_exception"):
                raise ConfigError(f"expectation {config.meta['name']}: {one.exception_info['exception_message']}")
            if one.success:
                continue
            if config.severity == CRITICAL:
                for key in _row_keys(one.result):
                    refused[key].append(config.meta["name"])
            else:
                warnings.append(_warning(config, one.result))
        return Findings({key: tuple(names) for key, names in refused.items()}, tuple(warnings))

    def _batch(self, facts: Sequence[Facts]) -> Any:
        source = self._context.data_sources.add_or_update_pandas("window")
        definition = source.add_dataframe_asset("facts").add_batch_definition_whole_dataframe("facts")
        return definition.get_batch({"dataframe": _frame(facts)})


def _read(path: Path) -> dict[str, Any]:
    try:
        written: dict[str, Any] = json.loads(path.read_text())
        names = [one["meta"]["name"] for one in written["expectations"]]
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}. Remedy: create the suite or mend ASSAY_SUITE") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}:{error.lineno}: {error.msg}. Remedy: mend the JSON") from error
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: {error} is missing. Remedy: give each expectation a type and a meta.name"
        ) from error
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{path}: expectations named twice: {', '.join(twice)}. Remedy: rename one")
    return written


def _quiet_context() -> tuple[Any, Any]:
    """Great Expectations and a context in memory, which tells nobody anything and draws no progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx
    from great_expectations.data_context.types import base

    base.logger.setLevel(logging.WARNING)  # it sets its own level at import
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = base.ProgressBarsConfig(globally=False)
    return gx, context


def _frame(facts: Sequence[Facts]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame({column: [getattr(one, column) for one in facts] for column in COLUMNS})
    for column in NUMBERS:
        frame[column] = pd.to_numeric(frame[column])
    return frame


def _row_keys(result: Mapping[str, Any]) -> Iterator[str]:
    for index in result["unexpected_index_list"]:
        yield index["row_key"]


def _warning(config: Any, result: Mapping[str, Any]) -> str:
    shown = ", ".join(dict.fromkeys(str(value)[:40] for value in result["partial_unexpected_list"][:5]))
    return f"{config.meta['name']}: {config.meta.get('notes', config.type)} ({shown})"
