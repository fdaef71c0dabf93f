"""A week of the store comes out: rollups, ledgers and incidents, and the rows of what scored worst."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, time, timedelta
from string import Template
from typing import Any

import psycopg

from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.experts_week import experts_week
from include.adapters.postgres.on_call import OnCall
from include.adapters.postgres.probes import Probes
from include.adapters.postgres.tallies import AS_TALLY
from include.domain.alert import Alert, Incident, Precision
from include.domain.cost import DailyCost
from include.domain.feedback import ExpertsWeek
from include.domain.interaction import Window
from include.domain.probe import ShiftTally
from include.domain.report import (
    Example,
    JudgedDimension,
    JudgeWeek,
    Refusal,
    SegmentTally,
)
from include.domain.run import CoverageLedger
from include.domain.score import FailureType, ScoreSource
from include.domain.segment import SegmentRow, Tally

READ_CHARS, READ_EXPLANATION_CHARS = 20_000, 4_000
"""How much is read of an example's texts: more than anybody is shown, since what must be hidden is hidden first."""
WORST_HOURS, MOST_WORST = 8, 300
"""Of how many hours of a project the worst answers are looked for, and how many are read of all projects together."""

DAILY_SCORES = """
    SELECT date_bin('24 hours', $at, %(start)s), project, environment, measure, epoch, $sums
    FROM assay.segments_$step
    WHERE $at >= %(start)s AND $at < %(end)s AND epoch <> ''
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"""

SEGMENTS = """
    SELECT project, environment, ARRAY['model', model, 'prompt_version', prompt_version], epoch, $sums
    FROM assay.segments_$step
    WHERE measure = 'composite' AND $at >= %(start)s AND $at < %(end)s
    GROUP BY project, environment, model, prompt_version, epoch
    UNION ALL
    SELECT project, environment, ARRAY[attribute, value], epoch, $sums
    FROM assay.slices_$step
    WHERE measure = 'composite' AND $at >= %(start)s AND $at < %(end)s
    GROUP BY project, environment, attribute, value, epoch
    ORDER BY 1, 2, 3, 4"""

RUNS = """
    SELECT window_start, window_end, status = 'settled', logged, quarantined, excluded, scored, failed
    FROM assay.runs r
    WHERE window_start >= %(start)s AND window_start < %(end)s AND NOT EXISTS (
        SELECT FROM assay.runs o WHERE o.source = r.source AND o.run_id <> r.run_id AND o.status = 'settled'
            AND o.window_start <= r.window_start AND o.window_end >= r.window_end)
    ORDER BY window_start, window_end"""

FAILURES = """
    SELECT dimension, error_type, count(*)
    FROM (SELECT DISTINCT dimension, error_type, interaction_id, logged_at FROM assay.score_failures
          WHERE logged_at >= %(start)s AND logged_at < %(end)s) AS f
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"""

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

# The share of a cache is of all calls of a judge of that name on the week's days, since rollups of calls have no epoch.
JUDGES = """
    WITH given AS (
        SELECT epoch, measure, sum(n)::bigint AS n FROM assay.segments_$step
        WHERE $at >= %(start)s AND $at < %(end)s AND epoch <> '' GROUP BY 1, 2),
    failed AS (
        SELECT epoch, count(*) AS n FROM assay.score_failures
        WHERE logged_at >= %(start)s AND logged_at < %(end)s AND error_type = ANY(%(faults)s) GROUP BY 1),
    calls AS (
        SELECT dimension, judge, sum(cached_input_tokens)::float8 / nullif(sum(input_tokens), 0) AS cached
        FROM assay.judge_costs_daily WHERE day BETWEEN %(first)s AND %(last)s GROUP BY 1, 2)
    SELECT e.epoch, e.dimension, e.judge, e.source, e.parts ->> 'model', e.first_seen_at, g.n, c.cached,
           coalesce(f.n, 0)
    FROM given g JOIN assay.judge_epochs e ON (e.epoch, e.dimension) = (g.epoch, g.measure)
    LEFT JOIN failed f ON f.epoch = e.epoch
    LEFT JOIN calls c ON (c.dimension, c.judge) = (e.dimension, e.judge)
    ORDER BY e.dimension, 7 DESC, e.epoch"""

# A project's worst answers lie in the hours whose lowest score is lowest, as rollups know: only those hours are read.
# OFFSET 0 keeps the planner from reading the whole week instead.
WORST = """
    WITH hours AS (
        SELECT hour, project, environment,
               row_number() OVER (PARTITION BY project, environment ORDER BY min(low), hour) AS place
        FROM assay.segments_hourly
        WHERE measure = 'composite' AND hour >= %(start)s AND hour < %(end)s AND epoch = ANY(%(epochs)s)
        GROUP BY hour, project, environment),
    ranked AS (
        SELECT found.*, row_number() OVER (PARTITION BY project, environment
                                           ORDER BY value, logged_at, interaction_id) AS rank
        FROM hours CROSS JOIN LATERAL (
            SELECT i.interaction_id, i.logged_at, min(c.value) AS value
            FROM assay.interactions i JOIN assay.composites c USING (interaction_id, logged_at)
            WHERE i.project = hours.project AND i.environment = hours.environment
              AND i.logged_at >= hour AND i.logged_at < hour + interval '1 hour'
              AND i.logged_at >= %(start)s AND i.logged_at < %(end)s
              AND c.logged_at >= %(start)s AND c.logged_at < %(end)s
              AND c.epochs = ANY(%(epochs)s) AND c.value IS NOT NULL
            GROUP BY i.interaction_id, i.logged_at OFFSET 0) AS found
        WHERE place <= %(hours)s),
    worst AS (
        SELECT * FROM ranked WHERE rank <= %(limit)s ORDER BY rank, value, logged_at, interaction_id LIMIT %(most)s)
    SELECT i.interaction_id, i.logged_at, i.project, i.environment, coalesce(i.response_model, i.request_model, ''),
           left(i.user_input, %(chars)s), left(i.response, %(chars)s), w.value
    FROM worst w JOIN assay.interactions i USING (interaction_id, logged_at)
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
        rows = self._connection.execute(_by_step(DAILY_SCORES, window), _bounds(window))
        return [
            SegmentRow(start, (project, environment, measure), epoch, Tally(*sums))
            for start, project, environment, measure, epoch, *sums in rows
        ]

    def segments(self, window: Window) -> list[SegmentTally]:
        """Composites of the whole window by model and prompt version, and by each attribute that is counted."""
        rows = self._connection.execute(_by_step(SEGMENTS, window), _bounds(window))
        return [
            SegmentTally(project, environment, tuple(zip(parts[::2], parts[1::2], strict=True)), epoch, Tally(*sums))
            for project, environment, parts, epoch, *sums in rows
        ]

    def shifts(self, window: Window) -> list[ShiftTally]:
        """How far disguises moved scores of the window's interactions, by probe, dimension and judge."""
        return Probes(self._connection).tallies(window)

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

    def experts(self, window: Window) -> ExpertsWeek:
        """What experts said, corrected and kept in the window, and what judging again changed."""
        return experts_week(self._connection, window)

    def worst(self, window: Window, epochs: Collection[str], limit: int) -> list[Example]:
        """Interactions with the lowest composites, worst first: up to `limit` of each project, 300 in all.

        They are of the hours that hold the worst of each project. `epochs` name the judges that count, and the sets of
        them behind composites. Texts are whole up to 20,000 characters.
        """
        given = {
            "epochs": list(epochs),
            "limit": limit,
            "hours": WORST_HOURS,
            "most": MOST_WORST,
            "chars": READ_CHARS,
        }
        rows = self._connection.execute(WORST, _bounds(window) | given).fetchall()
        keys = {
            "epochs": list(epochs),
            "explanation": READ_EXPLANATION_CHARS,
            "ids": [row[0] for row in rows],
            "times": [row[1] for row in rows],
        }
        scores: dict[str, dict[str, JudgedDimension]] = {}
        for interaction_id, dimension, value, explanation, source in self._connection.execute(SCORES, keys):
            said = JudgedDimension(dimension, value, explanation, ScoreSource(source))
            scores.setdefault(interaction_id, {})[dimension] = said
        return [
            Example(
                interaction_id=interaction_id,
                logged_at=logged_at,
                project=project,
                environment=environment,
                model=model,
                user_input=user_input,
                response=response,
                composite=composite,
                scores=tuple(scores.get(interaction_id, {}).values()),
            )
            for interaction_id, logged_at, project, environment, model, user_input, response, composite in rows
        ]

    def judges(self, window: Window) -> list[JudgeWeek]:
        """Every judge that gave a score in the window, by dimension, most values first."""
        given = {
            "first": window.start.date(),
            "last": (window.end - timedelta(microseconds=1)).date(),
            "faults": [error.value for error in FailureType if error.is_judges_fault],
        }
        rows = self._connection.execute(_by_step(JUDGES, window), _bounds(window) | given)
        return [
            JudgeWeek(epoch, dimension, judge, ScoreSource(source), *rest)
            for epoch, dimension, judge, source, *rest in rows
        ]

    def costs(self, first: date, last: date) -> list[DailyCost]:
        """The cost rollup of the days `first` to `last`, both included."""
        return Costs(self._connection).between(first, last)


def _bounds(window: Window) -> dict[str, Any]:
    return {"start": window.start, "end": window.end}


def _by_step(query: str, window: Window) -> bytes:
    """The query over days where the window is of whole days (UTC), else over hours."""
    is_whole = all(moment.time() == time.min for moment in (window.start, window.end))
    words = {"step": "daily", "at": "day"} if is_whole else {"step": "hourly", "at": "hour"}
    return Template(query).substitute(words, sums=AS_TALLY).encode()
