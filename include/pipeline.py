"""The composition root: one function per task, in the order in which data flows; it alone knows that order.

What enters and leaves each function is JSON: identifiers, windows and counts, never rows. Every function may run
again at any time: what stands is found and left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import psycopg

from include import drift_pages
from include import settings as configuration
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.composites import Composites
from include.adapters.postgres.intake import PostgresIntake
from include.adapters.postgres.partitions import Partitions
from include.adapters.postgres.probes import Probes
from include.adapters.postgres.rule_results import RuleResults
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.scores import Scores
from include.adapters.postgres.segments import Segments
from include.adapters.yaml_file import load
from include.allowances import allowances
from include.assembly import (
    Courtroom,
    at_batches,
    courtroom,
    intake_desk,
    now,
    open_bench,
    open_log,
    open_store,
    price_book,
)
from include.domain.interaction import Json, Window
from include.domain.ports import Judge
from include.domain.probe import Shift
from include.domain.run import COMPOSITE, Epochs, Run, SettledRun, Shard
from include.domain.score import Outcome
from include.errors import ConfigError
from include.explaining import explained
from include.ingest import extract as ingest
from include.ingest.intake import take_in
from include.ingest.mapping import SourceMapping
from include.ingest.release import release
from include.judges import budget
from include.judges.build import Bench
from include.judges.composite import composite
from include.judges.judge import hidden
from include.judges.judging import JudgingFile
from include.judges.pool import run_pool
from include.judges.probes import run_probes
from include.judges.survivor import outlive
from include.judges.wanted import DelayedJudge, Notebook
from include.judges.weights import WeightsFile
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import Rules
from include.notify import alerts as alerting
from include.notify.routes import Routes
from include.telling import tell_incidents
from include.till import Till, within_budgets
from include.token_rates import rates_of

T = TypeVar("T")

KILLED_GRACE_S = 60.0
"""How much longer than a call may take the calls of a worker that was killed may take to end and to be saved."""

# ---- score_interactions ----------------------------------------------------------------------------------------------


def extract(start: datetime, end: datetime, *, live: bool) -> str:
    """Copy the log's rows of `[start, end)` into the store; returns the run's id."""
    settings = configuration.from_airflow()
    mapping = load(settings.source, SourceMapping)
    run = Run(mapping.name, Window(start, end), live)
    with open_store(settings) as store:  # on its own, so that a run that fails later is seen to have begun
        Runs(store).begin(run, now())
    with open_log(settings, mapping) as log, open_store(settings) as store:
        ingest.extract(run.run_id, run.window, log, PostgresIntake(store))
    return run.run_id


def validate(run_id: str) -> str:
    """Let in what the suite accepts, quarantine the rest, and note who will judge; returns the run's id."""
    settings = configuration.from_airflow()
    court = courtroom(settings)
    with open_bench(court) as bench, open_store(settings) as store:
        source = Runs(store).get(run_id).source
        _, warnings = take_in(run_id, source, PostgresIntake(store), intake_desk(settings), now())
        Scores(store).register([judge.epoch for judge in bench.judges], now())
        Runs(store).validated(run_id, bench.epochs(court.weights), court.weights.version, warnings)
    return run_id


def plan_shards(run_id: str, *, delayed: bool = False) -> list[dict[str, Any]]:
    """Cut what is to be judged into shards: of the window, and of earlier ones what a retry can mend.

    With `delayed` also what was put off since its project may wait.
    """
    settings = configuration.from_airflow()
    with open_store(settings) as store:
        runs = Runs(store)
        run = runs.get(run_id)
        epochs = within_budgets(courtroom(settings), store, run)
        since = run.window.start - timedelta(days=settings.retry_days)
        shards = Scores(store).plan(run, epochs, settings.shard_size, since, settings.max_attempts, delayed=delayed)
        late = [
            datetime.fromisoformat(moment)
            for shard in shards
            if shard.overdue
            for moment, _ in (shard.first, shard.last)
        ]
        runs.overdue(run_id, min(late, default=None), max(late, default=None))
    return [{"label": _label(shard), **asdict(shard)} for shard in shards]


def score(shard: Mapping[str, Any], *, delays: bool = False) -> dict[str, int]:
    """Judge what one shard still lacks; returns how many dimensions were scored, failed, and what was redacted.

    With `delays`, projects that may wait for a batch are put off. Calls are made in a process that outlives this one,
    so that a kill costs none that was paid for.
    """
    settings = configuration.from_airflow()
    court = courtroom(settings)
    judge = partial(_score, court, _shard(shard), delays=delays)
    return judge() if court.is_offline else outlive(judge, settings.judge.timeout_s + KILLED_GRACE_S)


def _score(court: Courtroom, shard: Shard, *, delays: bool) -> dict[str, int]:
    settings = court.settings
    with (
        open_bench(court, joins_crew=True) as bench,
        open_store(settings) as reading,
        open_store(settings) as writing,
        open_store(settings) as metering,
    ):
        epochs = Runs(metering).epochs(shard.run_id)
        till = Till(metering, shard.run_id, epochs)
        judges = _in_force(bench, epochs)
        if delays and not court.is_offline:
            judges = [DelayedJudge(judge, lambda project: court.judging.of(project).delay) for judge in judges]

        def pending(rest: Shard) -> budget.Pending:
            return Scores(reading).pending(rest, epochs, settings.max_attempts)

        def save(outcomes: Sequence[Outcome]) -> None:
            Scores(writing).save(outcomes, now())
            writing.commit()

        work = budget.metered(shard, pending, till.meter, till.step_down)
        # Twice as many workers as calls at once (the client bounds those): some wait for the ledger meanwhile.
        workers, grace_s = 2 * settings.judge.concurrency, settings.judge.timeout_s
        with closing(work):
            counts = run_pool(work, judges, save, workers, bench.shared, grace_s)
        return {**asdict(counts), **hidden(bench.judges)}


def _shard(told: Mapping[str, Any]) -> Shard:
    return Shard(**{name: value for name, value in told.items() if name != "label"})


def _in_force(bench: Bench, epochs: Epochs) -> list[Judge]:
    """The run's own judges, in full or stepped down."""
    cheaper = bench.cheaper.judges if bench.cheaper else ()
    known = {judge.epoch.id: judge for judge in (*bench.judges, *cheaper)}
    wanted = {epoch for project in epochs.by_project for epoch in epochs.judges(project).values()}
    if wanted - known.keys():
        raise ConfigError(
            "the judges were changed (rubrics, weights.yaml, judging.yaml or their connections) since this run was "
            "planned. Remedy: clear the run from its task validate on"
        )
    return [known[epoch] for epoch in sorted(wanted)]


def settle(run_id: str) -> dict[str, int]:
    """Composites, hourly segments and the ledger of the window, and of earlier ones whose interactions it mended."""
    settings = configuration.from_airflow()
    mapping, weights = load(settings.source, SourceMapping), load(settings.weights, WeightsFile)
    attributes = load(settings.rules, Rules).counted
    with open_log(settings, mapping) as log, open_store(settings) as store:
        runs = Runs(store)
        run, epochs = runs.get(run_id), runs.epochs(run_id)
        logged = log.count(run.window)
        summarize(store, run, epochs, weights, attributes)
        ledger = runs.count(run, logged, epochs.every(COMPOSITE))
        runs.settle(run_id, ledger, now())
        for earlier in runs.touched_by(run_id):
            summarize(store, earlier.run, epochs, weights, attributes)
            if earlier.epochs != epochs:
                summarize(store, earlier.run, earlier.epochs, weights, attributes)
            counted = earlier.epochs.every(COMPOSITE) | epochs.every(COMPOSITE)
            recounted = runs.count(earlier.run, earlier.ledger.logged, counted)
            runs.settle(earlier.run.run_id, recounted, now())
    return asdict(ledger)


def summarize(
    store: psycopg.Connection, run: Run, epochs: Epochs, weights: WeightsFile, attributes: Sequence[str]
) -> None:
    """Composites and hourly segments of the run's window by those judges, from what is scored now."""
    composites, segments = Composites(store), Segments(store)
    segments.hold()
    for chunk in composites.judged(run.source, run.window, epochs):
        composites.save(
            [
                composite(
                    one.interaction_id,
                    one.logged_at,
                    one.values,
                    weights.of(one.project),
                    epochs.of(one.project)[COMPOSITE],
                )
                for one in chunk
            ]
        )
    segments.rebuild(run.window, epochs, weights.version, attributes)


def release_rows(row_keys: Sequence[str], repair: Mapping[str, Json], who: str = "") -> int:
    """Let repaired rows out of quarantine, to be scored by the next run; returns how many. `who` did it is noted."""
    settings = configuration.from_airflow()
    mapping = load(settings.source, SourceMapping)
    with open_store(settings) as store:
        return release(mapping.name, row_keys, repair, PostgresIntake(store), intake_desk(settings), now(), who)


# ---- batches of judge calls, before `score` --------------------------------------------------------------------------


def plan_batches(shards: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The shards whose calls providers' batches answer first: all where any project has batches, else none."""
    return list(shards) if courtroom(configuration.from_airflow()).has_batches else []


def submit_batches(shard: Mapping[str, Any], due_at: str | None = None) -> dict[str, Any]:
    """Send in batches what one shard's judges want called; returns `batches` to wait for and when they are `due_at`.

    A later round is due when the first was (ISO 8601); after that nothing is sent.
    """
    settings = configuration.from_airflow()
    due = datetime.fromisoformat(due_at) if due_at else now() + timedelta(hours=settings.batch_hours)
    if now() >= due:
        return {"batches": [], "due_at": due.isoformat()}
    court, part, notebook = courtroom(settings), _shard(shard), Notebook()
    with (
        open_bench(court, notebook) as bench,
        open_store(settings) as reading,
        open_store(settings) as metering,
    ):
        epochs = Runs(metering).epochs(part.run_id)
        till = Till(metering, part.run_id, epochs)

        def pending(rest: Shard) -> budget.Pending:
            return Scores(reading).pending(rest, epochs, settings.max_attempts)

        with closing(budget.metered(part, pending, till.meter, till.step_down)) as work:
            wanted = (one for one in work if court.in_batches(one[0].project))
            judges = _in_force(bench, epochs)
            run_pool(wanted, judges, lambda outcomes: None, 2 * settings.judge.concurrency, bench.shared)
    batches = at_batches(court, lambda desk: desk.submit(notebook.wanted, part.run_id, due))
    return {"batches": batches, "due_at": due.isoformat()}


def batches_have_ended(batch_keys: Sequence[str]) -> bool:
    """Whether there is something to collect, or nothing more to wait for."""
    return at_batches(courtroom(configuration.from_airflow()), lambda desk: desk.has_news(batch_keys))


def collect_batches(batch_keys: Sequence[str]) -> list[str]:
    """Keep what batches answered, and cancel those that are due; returns those that are still under way."""
    return at_batches(courtroom(configuration.from_airflow()), lambda desk: desk.collect(batch_keys))


def find_delayed(before: datetime) -> str | None:
    """The run whose shards hold what projects that may wait are owed: the last that was settled; None without such."""
    settings = configuration.from_airflow()
    judging = load(settings.judging, JudgingFile)
    if not any(judging.of(project).delay for project in ("", *judging.projects)):
        return None
    with open_store(settings) as store:
        last = Runs(store).last_settled(Window(before - timedelta(days=settings.retry_days), before))
    return last.run.run_id if last else None


# ---- watch_quality ---------------------------------------------------------------------------------------------------


def evaluate_rules() -> list[str]:
    """Evaluate the rules over every settled window that is due, in the order of time; returns the runs' ids."""
    settings = configuration.from_airflow()
    rules, prices = load(settings.rules, Rules), price_book(settings.contracts)
    with open_store(settings) as store:
        due = Runs(store).unevaluated()
    for one in due:
        # Each on its own, so that a long queue loses nothing when it breaks off.
        with open_store(settings) as store, open_store(settings) as ahead:
            run = replace(
                _seen(one),
                shifts=Probes(store).tallies,
                traffic=drift_pages.traffic(settings, rules, store),
                judges=Scores(store).judges,
                allowances=allowances(settings, rules, store),
                rates=rates_of(prices, one.run.window.end),
            )
            found = evaluate(rules, run, Segments(store), Segments(ahead))
            if one.run.live:  # of the past nobody is told, so nobody would look at the pages
                found = drift_pages.with_pages(settings, store, rules, run, found)
            RuleResults(store).replace(one.run.window, explained(found, rules, run.epochs, settings, store), now())
            Runs(store).evaluated(one.run.run_id, now())
    return [one.run.run_id for one in due]


def update_alerts() -> int:
    """Move alerts by what the rules found, in the order of time; returns how many episodes changed."""
    settings = configuration.from_airflow()
    routes = load(settings.routes, Routes)
    with open_store(settings) as store:
        due = Runs(store).unalerted()
    changed = 0
    for one in due:
        with open_store(settings) as store:
            results = RuleResults(store).of(one.run.window)
            changed += len(alerting.update_alerts(results, Alerts(store), routes, live=one.run.live))
            Runs(store).alerted(one.run.run_id, now())
    return changed


def notify(only: str | None = None) -> list[str]:
    """Bring every incident's message up to date, or `only` that one's; returns a line for each that was told."""
    return tell_incidents(configuration.from_airflow(), only)


def _seen(one: SettledRun) -> Settled:
    return Settled(one.run.window, one.ledger, one.epochs, one.budgets)


# ---- probe_judges ----------------------------------------------------------------------------------------------------


def probe_judges(start: datetime, end: datetime) -> dict[str, int]:
    """Judge a few interactions of `[start, end)` in disguise; returns how many scores came back and how many failed."""
    settings = configuration.from_airflow()
    court = courtroom(settings)
    with open_bench(court, joins_crew=True) as bench, open_store(settings) as store:
        day = Window(start, end)
        sample = Probes(store).sample(day, bench.epochs(court.weights), settings.probes)
        store.commit()

        def save(shifts: Sequence[Shift]) -> None:
            Probes(store).save(day.start.date(), shifts)
            store.commit()

        counts = run_probes(sample, bench.judges, save, 2 * settings.judge.concurrency, bench.shared)
    return asdict(counts)


# ---- tend_store ------------------------------------------------------------------------------------------------------


def tend_store() -> list[str]:
    """Make the partitions of the next three months, and drop what is older than the retention; returns their names.

    Pages of drift go with time whatever the retention.
    """
    settings = configuration.from_airflow()
    with open_store(settings) as store:
        tended = Partitions(store).tend(now(), settings.retention_days)
        return tended + drift_pages.forget_pages(settings, store, now())


def _label(shard: Shard) -> str:
    return f"{shard.size} overdue" if shard.overdue else f"{shard.size} from {shard.first[0][11:16]}"
