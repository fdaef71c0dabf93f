"""Runs of windows and their coverage ledgers, as rows of `assay.runs`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from decimal import Decimal
from typing import LiteralString

import psycopg
from psycopg.types.json import Jsonb

from include.domain.budget import JudgeBudget, Step
from include.domain.interaction import Window
from include.domain.run import CoverageLedger, Epochs, Run, SettledRun


class Runs:
    """The runs in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def begin(self, run: Run, now: datetime) -> None:
        """Note that the run starts, or starts again; a live run that a backfill repeats stays live."""
        self._connection.execute(
            """INSERT INTO assay.runs AS r (run_id, source, window_start, window_end, live, status, started_at)
               VALUES (%s, %s, %s, %s, %s, 'extracted', %s)
               ON CONFLICT (run_id) DO UPDATE SET status = 'extracted', attempts = r.attempts + 1,
                   live = r.live OR excluded.live, started_at = excluded.started_at""",
            (run.run_id, run.source, run.window.start, run.window.end, run.live, now),
        )

    def get(self, run_id: str) -> Run:
        """The run of that name; raises `KeyError` where there is none."""
        row = self._connection.execute(
            "SELECT source, window_start, window_end, live FROM assay.runs WHERE run_id = %s", (run_id,)
        ).fetchone()
        if row is None:
            raise KeyError(run_id)
        return _run(row)

    def validated(self, run_id: str, epochs: Epochs, weights_version: str, warnings: Sequence[str]) -> None:
        """Note who will judge, how dimensions are weighted, and what the suite warned of."""
        self._connection.execute(
            """UPDATE assay.runs SET status = 'validated', epochs = %s, weights_version = %s, warnings = %s
               WHERE run_id = %s""",
            (Jsonb(epochs.to_json()), weights_version, Jsonb(list(warnings)), run_id),
        )

    def epochs(self, run_id: str) -> Epochs:
        """Who judges the run; raises `KeyError` where there is no such run."""
        row = self._connection.execute("SELECT epochs FROM assay.runs WHERE run_id = %s", (run_id,)).fetchone()
        if row is None:
            raise KeyError(run_id)
        return Epochs(row[0])

    def planned(self, run_id: str, epochs: Epochs, budgets: Mapping[str, JudgeBudget]) -> None:
        """Note who judges after all, and the budgets (by project) that led to it."""
        self._connection.execute(
            "UPDATE assay.runs SET epochs = %s, budget = %s WHERE run_id = %s",
            (Jsonb(epochs.to_json()), Jsonb({name: one.to_json() for name, one in budgets.items()}), run_id),
        )

    def budgets(self, run_id: str) -> dict[str, JudgeBudget]:
        """What judging may cost, by project, as it was planned or as far down as it went; {} without budgets."""
        row = self._connection.execute("SELECT budget FROM assay.runs WHERE run_id = %s", (run_id,)).fetchone()
        return _budgets(row[0]) if row else {}

    def step_down(self, run_id: str, project: str, step: Step, spent: Decimal) -> None:
        """Note that the project went down to `step` while the run was under way, `spent` USD into its budget."""
        self._connection.execute(
            """UPDATE assay.runs SET budget = jsonb_set(budget, ARRAY[%(project)s],
                   budget -> %(project)s || jsonb_build_object('step', %(step)s::int, 'spent', %(spent)s::text))
               WHERE run_id = %(run_id)s AND (budget -> %(project)s ->> 'step')::int < %(step)s""",
            {"run_id": run_id, "project": project, "step": int(step), "spent": str(spent)},
        )

    def overdue(self, run_id: str, since: datetime | None, until: datetime | None) -> None:
        """Note the first and last `logged_at` of earlier windows' interactions that the run scores again."""
        self._connection.execute(
            "UPDATE assay.runs SET overdue_since = %s, overdue_until = %s WHERE run_id = %s", (since, until, run_id)
        )

    def count(self, run: Run, logged: int, epochs: Collection[str]) -> CoverageLedger:
        """The ledger of the run's window, each term counted from the store's rows; `logged` from the log itself.

        `epochs` are the identities of the sets of judges that count: an interaction is scored when it has a composite
        of one of them, failed when it has none and a failure of any dimension is on record.
        """
        row = self._connection.execute(
            """
            WITH judged AS (
                SELECT i.sampled,
                       EXISTS (SELECT FROM assay.composites c
                               WHERE (c.interaction_id, c.logged_at) = (i.interaction_id, i.logged_at)
                                 AND c.epochs = ANY(%(epochs)s) AND c.value IS NOT NULL) AS scored,
                       EXISTS (SELECT FROM assay.score_failures f
                               WHERE (f.interaction_id, f.logged_at) = (i.interaction_id, i.logged_at)) AS failed
                FROM assay.interactions i
                WHERE i.source = %(source)s AND i.logged_at >= %(start)s AND i.logged_at < %(end)s)
            SELECT (SELECT count(*) FROM assay.quarantine
                    WHERE source = %(source)s AND logged_at >= %(start)s AND logged_at < %(end)s
                      AND released_at IS NULL),
                   count(*) FILTER (WHERE NOT sampled),
                   count(*) FILTER (WHERE sampled AND scored),
                   count(*) FILTER (WHERE sampled AND NOT scored AND failed)
            FROM judged""",
            {"epochs": list(epochs), "source": run.source, "start": run.window.start, "end": run.window.end},
        ).fetchone()
        assert row is not None, "an aggregate without GROUP BY has one row"
        return CoverageLedger(logged, *row)

    def settle(self, run_id: str, ledger: CoverageLedger, now: datetime) -> None:
        """Close the run with its ledger; its rules are due for evaluation, again if it ran before."""
        self._connection.execute(
            """UPDATE assay.runs SET status = 'settled', logged = %s, quarantined = %s, excluded = %s, scored = %s,
                   failed = %s, settled_at = %s, evaluated_at = NULL, alerted_at = NULL WHERE run_id = %s""",
            (*astuple(ledger), now, run_id),
        )

    def touched_by(self, run_id: str) -> list[SettledRun]:
        """The other settled runs in whose windows lie interactions that this run scored again."""
        return self._settled(
            """JOIN assay.runs late ON late.run_id = %(run_id)s AND late.source = r.source AND late.run_id <> r.run_id
               AND r.window_start <= late.overdue_until AND r.window_end > late.overdue_since
               WHERE r.status = 'settled'""",
            {"run_id": run_id},
        )

    def settled_at(self, source: str, moment: datetime, *, hold: bool = False) -> list[SettledRun]:
        """The settled runs of the source whose windows hold `moment`; with `hold` none begins again meanwhile."""
        which: LiteralString = """WHERE r.status = 'settled' AND r.source = %(source)s
            AND r.window_start <= %(moment)s AND r.window_end > %(moment)s"""
        names = {"source": source, "moment": moment}
        if hold:
            self._connection.execute("SELECT FROM assay.runs r " + which + " ORDER BY r.run_id FOR UPDATE", names)
        return self._settled(which, names)

    def unevaluated(self) -> list[SettledRun]:
        """Settled runs whose rules were not evaluated yet, in the order of time.

        A run of the past waits for earlier ones of the past that are under way (started within the last hour), so
        that a backfill's incidents are found in their order; a live run waits for nobody.
        """
        return self._settled(
            """WHERE r.status = 'settled' AND r.evaluated_at IS NULL
                 AND (r.live OR NOT EXISTS (
                     SELECT FROM assay.runs e WHERE e.source = r.source AND NOT e.live AND e.status <> 'settled'
                     AND e.window_end < r.window_end AND e.started_at > now() - interval '1 hour'))""",
            {},
        )

    def unalerted(self) -> list[SettledRun]:
        """Evaluated runs that alerts did not take into account yet, in the order of time."""
        return self._settled("WHERE r.evaluated_at IS NOT NULL AND r.alerted_at IS NULL", {})

    def settled(self) -> list[SettledRun]:
        """Every settled run, in the order of time."""
        return self._settled("WHERE r.status = 'settled'", {})

    def last_settled(self, window: Window) -> SettledRun | None:
        """The newest settled run that ends within the window."""
        found = self._settled(
            """WHERE r.run_id = (
                   SELECT run_id FROM assay.runs
                   WHERE status = 'settled' AND window_end > %(start)s AND window_end <= %(end)s
                   ORDER BY window_end DESC, window_start DESC LIMIT 1)""",
            {"start": window.start, "end": window.end},
        )
        return found[0] if found else None

    def _settled(self, which: LiteralString, names: Mapping[str, object]) -> list[SettledRun]:
        select: LiteralString = """SELECT r.source, r.window_start, r.window_end, r.live, r.logged, r.quarantined,
                r.excluded, r.scored, r.failed, r.epochs, r.weights_version, r.budget FROM assay.runs r """
        rows = self._connection.execute(select + which + " ORDER BY r.window_end, r.window_start", names).fetchall()
        return [
            SettledRun(_run(row[:4]), CoverageLedger(*row[4:9]), Epochs(row[9]), row[10], _budgets(row[11]))
            for row in rows
        ]

    def evaluated(self, run_id: str, now: datetime) -> None:
        """Note that the run's rules were evaluated."""
        self._connection.execute("UPDATE assay.runs SET evaluated_at = %s WHERE run_id = %s", (now, run_id))

    def alerted(self, run_id: str, now: datetime) -> None:
        """Note that alerts took the run's results into account."""
        self._connection.execute("UPDATE assay.runs SET alerted_at = %s WHERE run_id = %s", (now, run_id))


def _budgets(found: Mapping[str, dict[str, str | int]]) -> dict[str, JudgeBudget]:
    return {project: JudgeBudget.from_json(one) for project, one in found.items()}


def _run(row: tuple[str, datetime, datetime, bool]) -> Run:
    source, start, end, live = row
    return Run(source, Window(start, end), live)
