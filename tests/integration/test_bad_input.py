"""What is wrong around Assay is one line that names it and its remedy, and once it is mended nothing is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from include import errors, pipeline
from tests.fakes.installation import NINE, Installation, rows
from tests.fakes.judge import CLOSED, connection, judging

INCLUDE = Path(pipeline.__file__).parent
NOBODY = "postgres://someone:secret@127.0.0.1:1/nothing"
WHOLE = {"logged": 30, "quarantined": 0, "excluded": 0, "scored": 30, "failed": 0}


@dataclass(frozen=True)
class Trouble:
    """What is broken, by environment or by SQL, and what is then said."""

    error: type[errors.AssayError]
    words: tuple[str, ...]
    environment: dict[str, str | None] = field(default_factory=dict)
    source: tuple[str, str] = ("", "")
    store: tuple[str, str] = ("", "")
    """SQL that breaks it, and SQL that mends it."""


SURROUNDINGS = {
    "the log's database is down": Trouble(
        errors.SourceUnreachable,
        ("source 127.0.0.1:1/nothing", "refused", "Remedy: check the Airflow connection assay_source"),
        {"AIRFLOW_CONN_ASSAY_SOURCE": NOBODY},
    ),
    "the store is down": Trouble(
        errors.StoreUnreachable,
        ("store 127.0.0.1:1/nothing", "refused", "Remedy: check the Airflow connection assay_store"),
        {"AIRFLOW_CONN_ASSAY_STORE": NOBODY},
    ),
    "nobody made the connection": Trouble(
        errors.ConfigError,
        ("no connection assay_source", "create it with type postgres"),
        {"AIRFLOW_CONN_ASSAY_SOURCE": None},
    ),
    "a setting is out of range": Trouble(
        errors.ConfigError,
        ("setting sample_rate", "less than or equal to 1"),
        {"ASSAY_SAMPLE_RATE": "30"},
    ),
    "the log's table is gone": Trouble(
        errors.SourceSchemaError,
        ('"llm_interactions" does not exist', "Remedy: ", "mapping"),
        source=("ALTER TABLE llm_interactions RENAME TO log", "ALTER TABLE log RENAME TO llm_interactions"),
    ),
    "a column of the log is gone": Trouble(
        errors.SourceSchemaError,
        ('"response" does not exist', "Remedy: ", "mapping"),
        source=(
            "ALTER TABLE llm_interactions RENAME COLUMN response TO answer",
            "ALTER TABLE llm_interactions RENAME COLUMN answer TO response",
        ),
    ),
    "a column of the log went empty": Trouble(
        errors.BatchRefused,
        ("window native/2026-11-20T09:00Z", "all 30 rows fail response_present", "Remedy: "),
        source=(
            "ALTER TABLE llm_interactions RENAME response TO old; ALTER TABLE llm_interactions ADD response text",
            "ALTER TABLE llm_interactions DROP response; ALTER TABLE llm_interactions RENAME old TO response",
        ),
    ),
    "the store was never migrated": Trouble(
        errors.StoreSchemaError,
        ('"assay.runs" does not exist', "Remedy: migrate the store"),
        store=("ALTER SCHEMA assay RENAME TO elsewhere", "ALTER SCHEMA elsewhere RENAME TO assay"),
    ),
}


@pytest.mark.parametrize("trouble", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_what_breaks_around_it_is_named_and_costs_nothing(assay: Installation, trouble: Trouble) -> None:
    assay.log(*rows(30, NINE))
    execute(assay.source, trouble.source[0])
    execute(assay.store, trouble.store[0])
    with pytest.MonkeyPatch.context() as broken:
        for name, value in trouble.environment.items():
            broken.delenv(name) if value is None else broken.setenv(name, value)
        with pytest.raises(trouble.error) as caught:
            assay.run()
    assert_one_line(caught.value, trouble.words)
    assert "secret" not in str(caught.value)

    execute(assay.source, trouble.source[1])
    execute(assay.store, trouble.store[1])
    assert assay.run() == WHOLE


FILES = {
    "rules.yaml": (
        "ASSAY_RULES",
        INCLUDE / "monitors/rules.yaml",
        ("    target: 0.6\n", "    tarket: 0.6\n"),
        pipeline.evaluate_rules,
        ("rules.1.level.tarket", "Remedy: remove the key or mend its spelling"),
    ),
    "weights.yaml": (
        "ASSAY_WEIGHTS",
        INCLUDE / "judges/weights.yaml",
        ("\nweights:\n  correctness: 0.6\n", "\nweights:\n  correctness: 0.7\n"),
        lambda: pipeline.validate("any"),
        ("weights", "weights sum to 1, not 1.1"),
    ),
    "routes.yaml": (
        "ASSAY_ROUTES",
        INCLUDE / "notify/routes.yaml",
        ("  min_severity: warning\n", "  min_severity: awful\n"),
        pipeline.update_alerts,
        ("route.min_severity", "'awful'", "Remedy: change the value"),
    ),
    "native.yaml": (
        "ASSAY_SOURCE",
        INCLUDE / "ingest/sources/native.yaml",
        ("  response: response\n", "  answer: response\n"),
        lambda: pipeline.extract(NINE, NINE.replace(hour=10), live=True),
        ("columns.answer", "Remedy: remove the key or mend its spelling"),
    ),
    "contracts.yaml": (
        "ASSAY_CONTRACTS",
        INCLUDE / "ledger/contracts.yaml",
        ("\ncontracts: []\n", "\ncontract: []\n"),
        lambda: pipeline.release_rows([], {}),
        ("contract", "known: rates, contracts", "Remedy: remove the key or mend its spelling"),
    ),
    "interactions.json": (
        "ASSAY_SUITE",
        INCLUDE.parent / "expectations/interactions.json",
        ("expect_column_values_to_be_in_set", "expect_the_impossible"),
        lambda: pipeline.release_rows([], {}),
        ("expect_the_impossible", "Remedy: mend the type's spelling"),
    ),
}


@pytest.mark.parametrize(("variable", "shipped", "change", "task", "words"), FILES.values(), ids=FILES)
def test_a_mistake_in_a_file_is_told_with_its_place(
    assay: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    shipped: Path,
    change: tuple[str, str],
    task: Callable[[], object],
    words: tuple[str, ...],
) -> None:
    right = shipped.read_text()
    assert right.count(change[0]) == 1
    wrong = tmp_path / shipped.name
    wrong.write_text(right.replace(*change))
    monkeypatch.setenv(variable, str(wrong))
    with pytest.raises(errors.ConfigError) as caught:
        task()
    line = right[: right.index(change[0].lstrip("\n"))].count("\n") + 1
    assert_one_line(caught.value, (f"{wrong}:{line}: " if wrong.suffix == ".yaml" else f"{wrong}: ", *words))


def test_a_mistake_in_a_rubric_is_told_with_its_place(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (INCLUDE / "judges/rubrics").glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text())
    wrong = tmp_path / "correctness.yaml"
    lines = wrong.read_text().splitlines()
    number = next(number for number, line in enumerate(lines, 1) if line.startswith("version:"))
    lines[number - 1] = "version: newest"
    wrong.write_text("\n".join(lines))
    assay.log(*rows(3, NINE))
    monkeypatch.setenv("ASSAY_RUBRICS", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(CLOSED))
    with pytest.raises(errors.ConfigError) as caught:
        assay.run()
    assert_one_line(caught.value, (f"{wrong}:{number}: version: ", "'newest'", "Remedy: change the value"))


def test_a_judge_that_talks_nonsense_is_a_failure_of_its_own_kind_and_no_score(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assay.log(*rows(4, NINE))
    with judging(tmp_path / "calls", faults="malformed=1") as address:
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address))
        assert assay.run() == {"logged": 4, "quarantined": 0, "excluded": 0, "scored": 0, "failed": 4}
    assert assay.ask("SELECT DISTINCT error_type, retryable FROM score_failures") == [("judge_malformed_reply", False)]
    assert assay.ask("SELECT count(*) FROM scores") == [(0,)]
    [(calls, outcomes)] = assay.ask("SELECT count(*), array_agg(DISTINCT outcome) FROM judge_calls")
    assert outcomes == ["judge_malformed_reply"]
    assert calls == 4 * 3 * 2, "each dimension was asked for twice: what was paid for is on record"


def execute(dsn: str, statement: str) -> None:
    if statement:
        with psycopg.connect(dsn) as connection:
            connection.execute(statement.encode())


def assert_one_line(error: errors.AssayError, words: tuple[str, ...]) -> None:
    told = str(error)
    assert "\n" not in told
    for word in words:
        assert word in told
