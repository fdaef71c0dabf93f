"""What rules found, on a real Postgres."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from include.adapters.postgres import connect
from include.adapters.postgres.rule_results import RuleResults
from include.domain.interaction import Window
from include.domain.rule import Evidence, RuleOutcome, RuleResult

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WINDOW = Window(NOON - timedelta(hours=1), NOON)
FOUND = RuleResult(
    rule="faithfulness-drop",
    window=WINDOW,
    outcome=RuleOutcome.BREACHED,
    labels={"alertname": "faithfulness-drop", "project": "p"},
    evidence=Evidence(value=0.4, reference=0.9, low=0.3, high=0.5, confidence=0.99, n=12, details={"since": "11:00"}),
    sentence="p: faithfulness 0.40",
    for_windows=2,
    keep_firing_for=3,
    annotations={"owner": "llm-quality"},
)
QUIET = replace(
    FOUND, outcome=RuleOutcome.NO_DATA, labels={"alertname": "faithfulness-drop", "project": "q"}, evidence=Evidence()
)


def test_what_is_written_is_what_is_read(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        RuleResults(connection).replace(WINDOW, [FOUND, QUIET], NOON)
    with connect(store_dsn) as connection:
        found = RuleResults(connection).of(WINDOW)
        figures = connection.execute(
            "SELECT value, reference, n FROM assay.rule_results WHERE fingerprint = %s", (FOUND.fingerprint,)
        ).fetchone()
    assert sorted(found, key=lambda result: result.labels["project"]) == [FOUND, QUIET]
    assert figures == (0.4, 0.9, 12)


def test_evaluating_a_window_again_leaves_only_what_was_found_last(store_dsn: str) -> None:
    after = replace(FOUND, outcome=RuleOutcome.OK)
    with connect(store_dsn) as connection:
        results = RuleResults(connection)
        results.replace(WINDOW, [FOUND, QUIET], NOON)
        results.replace(WINDOW, [after], NOON)
        assert results.of(WINDOW) == [after]


def test_other_windows_keep_their_results(store_dsn: str) -> None:
    day = Window(NOON - timedelta(days=1), NOON)
    with connect(store_dsn) as connection:
        results = RuleResults(connection)
        results.replace(day, [replace(FOUND, window=day)], NOON)
        results.replace(WINDOW, [], NOON)
        assert len(results.of(day)) == 1
