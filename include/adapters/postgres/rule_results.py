"""What the rules found in each window, as rows of `assay.rule_results`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from include.domain.interaction import Window
from include.domain.rule import Evidence, RuleOutcome, RuleResult


class RuleResults:
    """The results in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def replace(self, window: Window, results: Sequence[RuleResult], now: datetime) -> None:
        """Write what was found in the window, in place of what was found before; safe to call again."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM assay.rule_results WHERE window_start = %s AND window_end = %s", (window.start, window.end)
            )
            cursor.executemany(
                f"INSERT INTO assay.rule_results ({COLUMNS}, fingerprint, value, reference, n, evaluated_at)"  # noqa: S608
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [_row(result, now) for result in results],
            )

    def of(self, window: Window) -> list[RuleResult]:
        """What was found in the window, rule by rule."""
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM assay.rule_results WHERE window_start = %s AND window_end = %s"  # noqa: S608
            " ORDER BY rule, fingerprint",
            (window.start, window.end),
        )
        return [_result(row) for row in rows]


COLUMNS = (
    "rule, window_start, window_end, outcome, labels, evidence, sentence, for_windows, keep_firing_for, annotations"
)


def _row(result: RuleResult, now: datetime) -> tuple[object, ...]:
    return (
        result.rule,
        result.window.start,
        result.window.end,
        result.outcome.value,
        Jsonb(dict(result.labels)),
        Jsonb(result.evidence.to_json()),
        result.sentence,
        result.for_windows,
        result.keep_firing_for,
        Jsonb(dict(result.annotations)),
        result.fingerprint,
        result.evidence.value,
        result.evidence.reference,
        result.evidence.n,
        now,
    )


def _result(row: TupleRow) -> RuleResult:
    rule, start, end, outcome, labels, evidence, *rest = row
    return RuleResult(rule, Window(start, end), RuleOutcome(outcome), labels, Evidence(**evidence), *rest)
