"""A week of the store comes out: rollups, ledgers and incidents, and the rows of what scored worst."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import psycopg

from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.on_call import OnCall
from include.domain.alert import Alert, Incident, Precision
from include.domain.cost import DailyCost
from include.domain.interaction import Window
from include.domain.report import (
    Example,
    JudgedDimension,
    JudgeWeek,
    Refusal,
)
from include.domain.run import CoverageLedger
from include.domain.score import ScoreSource
from include.domain.segment import SegmentRow, Tally

QUESTION_CHARS, ANSWER_CHARS, EXPLANATION_CHARS = 700, 1500, 600
"""How much of an example's texts is shown; an ellipsis says that there is more."""

DAILY_SCORES = """
    SELECT date_bin('24 hours', hour, %(start)s), project, environment, measure, epoch, sum(n)::bigint, sum(weight),
           sum(weight_sq), sum(total), sum(total_sq), min(low), max(high), sum(total_w2), sum(total_sq_w2),
           max(heaviest)
    FROM assay.segments_hourly
    WHERE hour >= %(start)s AND hour < %(end)s AND epoch <> ''
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"""

RUNS = """
    SELECT window_start, window_end, status = 'settled', logged, quarantined, excluded, scored, failed
    FROM assay.runs r
    WHERE window_start >= %(start)s AND window_start < %(end)s AND NOT EXISTS (
        SELECT FROM assay.runs o WHERE o.source = r.source AND o.run_id <> r.run_id AND o.status = 'settled'
            AND o.window_start <= r.window_start AND o.window_end >= r.window_end)
    ORDER BY window_start, window_end"""

FAILURES = """
    SELECT dimension, error_type, count(DISTINCT (interaction_id, logged_at)) FROM assay.score_failures
    WHERE logged_at >= %(start)s AND logged_at < %(end)s GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"""

REFUSALS = """
    SELECT expectation, count(*), count(released_at) FROM assay.quarantine, unnest(expectations) AS expectation
    WHERE logged_at >= %(start)s AND logged_at < %(end)s GROUP BY 1 ORDER BY 2 DESC, 1"""

WARNINGS = """
    SELECT warning, count(*) FROM assay.runs, jsonb_array_elements_text(warnings) AS warning
    WHERE window_start >= %(start)s AND window_start < %(end)s GROUP BY 1 ORDER BY 2 DESC, 1"""

# What was found of each episode where it lay farthest from its reference.
WORST_FINDINGS = """
    SELECT DISTINCT ON (a.fingerprint, a.starts_at) a.fingerprint, a.starts_at, r.sentence
    FROM assay.alerts a JOIN assay.rule_results r ON r.fingerprint = a.fingerprint AND r.outcome = 'Breached'
        AND r.window_end > a.starts_at AND r.window_end <= coalesce(a.ends_at, a.updated_at)
    WHERE (a.fingerprint, a.starts_at) IN (SELECT * FROM unnest(%s::text[], %s::timestamptz[]))
    ORDER BY a.fingerprint, a.starts_at, abs(r.value - coalesce(r.reference, 0)) DESC NULLS LAST, r.window_end"""

JUDGES = """
    SELECT e.epoch, e.dimension, e.judge, e.source, e.parts ->> 'model', e.first_seen_at, sum(s.n)::bigint, u.cached
    FROM assay.segments_hourly s JOIN assay.judge_epochs e ON (e.epoch, e.dimension) = (s.epoch, s.measure)
    LEFT JOIN (
        SELECT epoch, sum(cached_input_tokens)::float8 / nullif(sum(input_tokens), 0) AS cached
        FROM assay.scores WHERE logged_at >= %(start)s AND logged_at < %(end)s GROUP BY epoch) AS u ON u.epoch = e.epoch
    WHERE s.hour >= %(start)s AND s.hour < %(end)s
    GROUP BY e.epoch, u.cached ORDER BY e.dimension, 7 DESC, e.epoch"""

WORST = """
    SELECT i.interaction_id, i.logged_at, i.project, i.environment, coalesce(i.response_model, i.request_model, ''),
           left(i.user_input, %(question)s), left(i.response, %(answer)s), w.value
    FROM (
        SELECT c.*, row_number() OVER (PARTITION BY i.project, i.environment
                                       ORDER BY c.value, c.logged_at, c.interaction_id) AS rank
        FROM assay.composites c JOIN assay.interactions i USING (interaction_id, logged_at)
        WHERE c.logged_at >= %(start)s AND c.logged_at < %(end)s AND i.logged_at >= %(start)s
          AND i.logged_at < %(end)s AND c.epochs = ANY(%(epochs)s) AND c.value IS NOT NULL) AS w
    JOIN assay.interactions i USING (interaction_id, logged_at)
    WHERE w.rank <= %(limit)s
    ORDER BY w.value, i.logged_at, i.interaction_id"""

SCORES = """
    SELECT s.interaction_id, s.dimension, s.value, left(s.explanation, %(explanation)s), s.source
    FROM assay.scores s JOIN unnest(%(ids)s::text[], %(times)s::timestamptz[]) AS k (id, at)
        ON (s.interaction_id, s.logged_at) = (k.id, k.at)
    WHERE s.epoch = ANY(%(epochs)s)
    ORDER BY s.interaction_id, s.dimension, s.scored_at"""


class WeekOfStore:
    """A store as a weekly report reads it; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def daily_scores(self, window: Window) -> list[SegmentRow]:
        """Tallies of every score by judge epoch, one for each 24 hours counted from the window's start.

        Segments are (project, environment, measure).
        """
        rows = self._connection.execute(DAILY_SCORES, _bounds(window))
        return [
            SegmentRow(start, (project, environment, measure), epoch, Tally(*sums))
            for start, project, environment, measure, epoch, *sums in rows
        ]

    def runs(self, window: Window) -> list[tuple[Window, CoverageLedger | None]]:
        """The runs whose windows start in the window, by time, without a ledger where unsettled.

        A run whose window lies within another settled run's is left out: its interactions are in that ledger.
        """
        rows = self._connection.execute(RUNS, _bounds(window))
        return [
            (Window(start, end), CoverageLedger(*terms) if settled else None) for start, end, settled, *terms in rows
        ]

    def failures(self, window: Window) -> list[tuple[str, str, int]]:
        """(dimension, error type, interactions) of what could not be scored, most first."""
        return self._connection.execute(FAILURES, _bounds(window)).fetchall()

    def refusals(self, window: Window) -> list[Refusal]:
        """What the suite refused, by expectation, most first."""
        return [Refusal(*row) for row in self._connection.execute(REFUSALS, _bounds(window))]

    def warnings(self, window: Window) -> list[tuple[str, int]]:
        """What the suite warned of, with the number of runs that it did, most first."""
        return self._connection.execute(WARNINGS, _bounds(window)).fetchall()

    def incidents(self, window: Window) -> list[tuple[Incident, Mapping[str, str]]]:
        """Incidents that overlap the window, by start, with what was found of each episode at its worst."""
        alerts = Alerts(self._connection).during(window)
        worst = self._connection.execute(
            WORST_FINDINGS, ([a.fingerprint for a in alerts], [a.starts_at for a in alerts])
        )
        sentences = {(fingerprint, starts_at): sentence for fingerprint, starts_at, sentence in worst}
        by_incident: dict[str, list[Alert]] = {}
        for alert in alerts:
            by_incident.setdefault(str(alert.incident_id), []).append(alert)
        return [
            (
                Incident(incident_id, tuple(members)),
                {a.episode: sentences.get((a.fingerprint, a.starts_at), a.sentence) for a in members},
            )
            for incident_id, members in by_incident.items()
        ]

    def precision(self, window: Window) -> list[Precision]:
        """What on-call thinks of the incidents that began in the window, by rule, most often not useful first."""
        return OnCall(self._connection).precision(window.start, window.end)

    def worst(self, window: Window, epochs: Collection[str], limit: int) -> list[Example]:
        """Up to `limit` interactions of each project with the lowest composite, worst first.

        `epochs` name the judges that count, and the sets of them behind composites.
        """
        given = {"epochs": list(epochs), "limit": limit, "question": QUESTION_CHARS + 1, "answer": ANSWER_CHARS + 1}
        rows = self._connection.execute(WORST, _bounds(window) | given).fetchall()
        keys = {
            "epochs": list(epochs),
            "explanation": EXPLANATION_CHARS + 1,
            "ids": [row[0] for row in rows],
            "times": [row[1] for row in rows],
        }
        scores: dict[str, dict[str, JudgedDimension]] = {}
        for interaction_id, dimension, value, explanation, source in self._connection.execute(SCORES, keys):
            said = JudgedDimension(dimension, value, _cut(explanation, EXPLANATION_CHARS), ScoreSource(source))
            scores.setdefault(interaction_id, {})[dimension] = said
        return [
            Example(
                interaction_id=interaction_id,
                logged_at=logged_at,
                project=project,
                environment=environment,
                model=model,
                user_input=_cut(user_input, QUESTION_CHARS),
                response=_cut(response, ANSWER_CHARS),
                composite=composite,
                scores=tuple(scores.get(interaction_id, {}).values()),
            )
            for interaction_id, logged_at, project, environment, model, user_input, response, composite in rows
        ]

    def judges(self, window: Window) -> list[JudgeWeek]:
        """Every judge that gave a score in the window, by dimension, most values first."""
        return [
            JudgeWeek(epoch, dimension, judge, ScoreSource(source), *rest)
            for epoch, dimension, judge, source, *rest in self._connection.execute(JUDGES, _bounds(window))
        ]

    def costs(self, first: date, last: date) -> list[DailyCost]:
        """The cost rollup of the days `first` to `last`, both included."""
        return Costs(self._connection).between(first, last)


def _bounds(window: Window) -> dict[str, Any]:
    return {"start": window.start, "end": window.end}


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length].rstrip()} …"
