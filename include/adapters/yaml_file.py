"""A YAML file and a pydantic model go in, a validated model comes out; an error names file, line, key and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from include.errors import ConfigError

M = TypeVar("M", bound=BaseModel)

REMEDIES = {
    "extra_forbidden": "remove the key or mend its spelling",
    "missing": "add the key",
}


def load(path: Path, model: type[M]) -> M:
    """The file's content as `model`; raises `ConfigError` `file:line: key: problem. Remedy: ...`."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
        content = _Loader("").construct_document(root) if root else {}
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}. Remedy: create the file or mend the setting's path") from error
    except (yaml.MarkedYAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}{_place(error)}. Remedy: mend the YAML syntax") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # A misspelled key is both unknown and missing: the unknown one is what a person can see.
        first = min(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
        raise ConfigError(_explain(path, root, first, model)) from None


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key that stands twice, where YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _place(error: yaml.MarkedYAMLError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f": not UTF-8 at byte {error.start}"
    line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
    return f"{line}: {error.problem}"


def _explain(path: Path, root: yaml.Node | None, error: ErrorDetails, model: type[BaseModel]) -> str:
    told = error.get("ctx", {})  # of a PydanticCustomError: its remedy, and of what lines it speaks
    line, keys = _locate(root, told.get("at", error["loc"]))
    beside = f" (see line {_locate(root, told['beside'])[0]})" if "beside" in told else ""
    value = error.get("input")
    shown = f" (found {str(value)[:60]!r})" if error["type"] != "missing" and not isinstance(value, dict | list) else ""
    known = f"; known: {', '.join(model.model_fields)}" if error["type"] == "extra_forbidden" and len(keys) == 1 else ""
    remedy = told.get("remedy") or REMEDIES.get(error["type"], "change the value")
    return f"{path}:{line}: {'.'.join(keys) or 'file'}: {error['msg']}{beside}{shown}{known}. Remedy: {remedy}"


def _locate(root: yaml.Node | None, loc: Sequence[int | str]) -> tuple[int, list[str]]:
    """Line of the deepest node that `loc` reaches, and the path as far as it means keys of the file."""
    node, line, keys = root, root.start_mark.line + 1 if root else 1, []
    for part in loc:
        if isinstance(node, yaml.MappingNode | None):
            found = [(key, value) for key, value in (node.value if node else ()) if key.value == str(part)]
            if found:
                line, node = found[0][0].start_mark.line + 1, found[0][1]
            keys.append(str(part))
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
            keys.append(str(part + 1))
    return line, keys
