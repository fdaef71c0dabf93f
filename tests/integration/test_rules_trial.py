"""`python -m include.rules_trial STORE --since ...`, on a store that the pipeline filled."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from include.adapters.postgres import connect
from include.adapters.yaml_file import load
from include.errors import ConfigError
from include.monitors.rules import Rules
from include.rules_trial import IN_FORCE, main, try_rules
from tests.fakes.installation import HOUR, NINE, WRONG, Installation, rows

START = NINE - 2 * HOUR
STRICT = """rules:
  - name: composite-strict
    description: d
    test: level
    measure: composite
    target: 0.6
    min_effect: 0.05
    category: quality
    owner: o
    runbook: r
    for: 2
"""


@pytest.fixture
def filled(assay: Installation) -> Installation:
    """Six hours that were run at once, as a backfill runs them; wrong answers in the third and fourth."""
    for hour in range(6):
        answers = {"answers": WRONG} if hour in (2, 3) else {}
        assay.log(*rows(40, START + hour * HOUR, **answers))  # type: ignore[arg-type]
    assay.run(START, START + 6 * HOUR, live=False)
    return assay


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    path = tmp_path / "strict.yaml"
    path.write_text(STRICT)
    return path


def tried(store: str, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main([store, *arguments])
    return (status, *capsys.readouterr())


def test_what_would_have_fired_is_told_hour_by_hour(
    filled: Installation, strict: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told, errors = tried(filled.store, f"--since={START:%Y-%m-%dT%H}", f"--rules={strict}", "--json", capsys=capsys)
    assert errors == ""
    found = json.loads(told)
    [alert] = found["tried"]
    assert found["hours"] == 6
    assert alert["rule"] == "composite-strict"
    assert alert["labels"]["project"] == "pool"
    assert datetime.fromisoformat(alert["starts_at"]) == START + 2 * HOUR
    assert datetime.fromisoformat(alert["fired_at"]) == START + 4 * HOUR  # after two breached windows
    assert datetime.fromisoformat(alert["resolved_at"]) > START + 4 * HOUR
    assert alert["value"] < 0.6 == alert["reference"]
    assert found["rules"]["composite-strict"] == {
        "now": 0,
        "tried": 1,
        "only_now": 0,
        "only_tried": 1,
        "hours_now": 0,
        "hours_tried": alert["hours"],
    }
    assert found["rules"]["composite-low"]["now"] == 1
    assert "score-drift" in found["left_out"]


def test_nothing_is_written_and_nobody_is_told(
    filled: Installation, strict: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, outbox = filled.contents(), filled.outbox()
    assert tried(filled.store, f"--since={START:%Y-%m-%dT%H}", f"--rules={strict}", capsys=capsys)[0] == 0
    assert (filled.contents(), filled.outbox()) == (before, outbox)
    rules = load(IN_FORCE, Rules)
    with connect(filled.store) as store:
        try_rules(store, rules, rules, START)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            store.execute("DELETE FROM assay.alerts")
        store.rollback()


def test_the_rules_in_force_beside_themselves_are_told_once(
    filled: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told, _ = tried(filled.store, f"--since={START:%Y-%m-%dT%H}", capsys=capsys)
    assert told.count("  composite-low: ") == 1
    assert "both: " in told
    assert "pool / production: composite 0." in told
    assert "left out, because Evidently's tests take seconds (DRIFT=1 tries them): score-drift" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since=yesterday",), "'yesterday' is no day and no time. Remedy: write it as 2026-11-01"),
        (("--since=2020-01-01",), "SINCE=2020-01-01T00:00Z is not within the store's history, from 2026-11-20T07:00Z"),
        (("--since=2026-11-21",), "is not within the store's history, from 2026-11-20T07:00Z to 2026-11-20T13:00Z"),
        (("--since=2026-11-20T09", "--until=2026-11-20T08"), "UNTIL=2026-11-20T08:00Z is not after SINCE="),
        (("--since=2026-11-20T09", "--until=2026-11-20T09:10"), "nothing was settled in 2026-11-20T09:00Z/"),
        (("--since=2026-11-20T09", "--rules=none.yaml"), "none.yaml: No such file or directory. Remedy: "),
    ],
)
def test_what_cannot_be_tried_is_said_in_one_line(
    filled: Installation, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told, errors = tried(filled.store, *arguments, capsys=capsys)
    assert (status, told) == (1, "")
    assert words in errors
    assert errors.count("\n") == 1


def test_a_wrong_key_is_said_with_its_line(
    filled: Installation, strict: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strict.write_text(STRICT.replace("target:", "tarjet:"))
    _, _, errors = tried(filled.store, "--since=2026-11-20T09", f"--rules={strict}", capsys=capsys)
    assert errors.startswith(f"{strict}:6: ")
    assert "Remedy: " in errors


def test_an_empty_store_says_what_to_do(assay: Installation) -> None:
    rules = load(IN_FORCE, Rules)
    with connect(assay.store) as store, pytest.raises(ConfigError, match=r"no settled window yet. Remedy: run"):
        try_rules(store, rules, rules, datetime.now(UTC) - timedelta(days=1))
