"""The composition root: one function per task, in the order in which data flows; it alone knows that order.

What enters and leaves each function is JSON: identifiers, windows and counts, never rows. Every function may run
again at any time: what stands is found and left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from include import settings as configuration
from include.adapters.llm import client_for
from include.adapters.outbox import OutboxTransport
from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.composites import Composites
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.intake import PostgresIntake
from include.adapters.postgres.judge_calls import JudgeCalls
from include.adapters.postgres.notification_log import NotificationLog
from include.adapters.postgres.partitions import Partitions
from include.adapters.postgres.reports import Reports
from include.adapters.postgres.rule_results import RuleResults
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.scores import Scores
from include.adapters.postgres.segments import Segments
from include.adapters.postgres.source_log import PostgresLog
from include.adapters.postgres.week import WeekOfStore
from include.adapters.prices import GenaiPrices
from include.adapters.slack import SlackTransport
from include.adapters.yaml_file import load
from include.domain.interaction import Json, Window
from include.domain.ports import Transport
from include.domain.report import Attachment, PublishedReport, ReportFile
from include.domain.run import Run, SettledRun, Shard
from include.domain.score import Outcome, epoch_set
from include.ingest import extract as ingest
from include.ingest.intake import Desk, take_in
from include.ingest.mapping import SourceMapping
from include.ingest.release import release
from include.ingest.validate import Suite
from include.judges.build import Bench, model_bench, offline_bench
from include.judges.composite import composite
from include.judges.pool import run_pool
from include.judges.rubric import Rubric
from include.judges.weights import WeightsFile
from include.monitors.drift import drift_html
from include.monitors.evaluate import Settled, drift_samples, evaluate
from include.monitors.rules import DriftRule, Rules
from include.notify import alerts as alerting
from include.notify import dispatch
from include.notify.blocks import render_blocks
from include.notify.preview import render_preview
from include.notify.routes import Routes
from include.reports import library
from include.reports.cost_summary import cost_message, first_day_needed, summarize
from include.reports.publish import FOLDER, publish
from include.reports.weekly import collect
from include.settings import Settings

SUMMED_BACK = timedelta(days=62)
"""How far back a day that a backfill brought is noticed: this month and the last."""

# ---- score_interactions ----------------------------------------------------------------------------------------------


def extract(start: datetime, end: datetime, *, live: bool) -> str:
    """Copy the log's rows of `[start, end)` into the store; returns the run's id."""
    settings = configuration.from_airflow()
    mapping = load(settings.source, SourceMapping)
    run = Run(mapping.name, Window(start, end), live)
    with _store(settings) as store:  # on its own, so that a run that fails later is seen to have begun
        Runs(store).begin(run, _now())
    with _log(settings, mapping) as log, _store(settings) as store:
        ingest.extract(run.run_id, run.window, log, PostgresIntake(store))
    return run.run_id


def validate(run_id: str) -> str:
    """Let in what the suite accepts, quarantine the rest, and note who will judge; returns the run's id."""
    settings = configuration.from_airflow()
    weights = load(settings.weights, WeightsFile)
    with _bench(settings) as bench, _store(settings) as store:
        source = Runs(store).get(run_id).source
        _, warnings = take_in(run_id, source, PostgresIntake(store), _desk(settings), _now())
        Scores(store).register([judge.epoch for judge in bench.judges], _now())
        Runs(store).validated(run_id, _epochs(bench), weights.version, warnings)
    return run_id


def plan_shards(run_id: str) -> list[dict[str, Any]]:
    """Cut what is to be judged into shards: of the window, and of earlier ones what a retry can mend."""
    settings = configuration.from_airflow()
    with _store(settings) as store:
        runs = Runs(store)
        run, epochs = runs.get(run_id), runs.epochs(run_id)
        since = run.window.start - timedelta(days=settings.retry_days)
        shards = Scores(store).plan(run, epochs, settings.shard_size, since, settings.max_attempts)
        late = [
            datetime.fromisoformat(moment)
            for shard in shards
            if shard.overdue
            for moment, _ in (shard.first, shard.last)
        ]
        runs.overdue(run_id, min(late, default=None), max(late, default=None))
    return [{"label": _label(shard), **asdict(shard)} for shard in shards]


def score(shard: Mapping[str, Any]) -> dict[str, int]:
    """Judge what one shard still lacks; returns how many dimensions were scored and how many failed."""
    settings = configuration.from_airflow()
    part = Shard(**{name: value for name, value in shard.items() if name != "label"})
    with _bench(settings) as bench, _store(settings) as reading, _store(settings) as writing:

        def save(outcomes: Sequence[Outcome]) -> None:
            Scores(writing).save(outcomes, _now())
            writing.commit()

        work = Scores(reading).pending(part, _epochs(bench), settings.max_attempts)
        # Twice as many workers as calls at once (the client bounds those): some wait for the ledger meanwhile.
        with closing(work):
            counts = run_pool(work, bench.judges, save, 2 * settings.judge.concurrency, bench.shared)
    return asdict(counts)


def settle(run_id: str) -> dict[str, int]:
    """Composites, hourly segments and the ledger of the window, and of earlier ones whose interactions it mended."""
    settings = configuration.from_airflow()
    mapping, weights = load(settings.source, SourceMapping), load(settings.weights, WeightsFile)
    with _log(settings, mapping) as log, _store(settings) as store:
        runs = Runs(store)
        run, epochs = runs.get(run_id), runs.epochs(run_id)
        logged = log.count(run.window)
        _summarize(store, run, epochs, weights)
        ledger = runs.count(run, logged, [_set(epochs)])
        runs.settle(run_id, ledger, _now())
        for earlier in runs.touched_by(run_id):
            _summarize(store, earlier.run, epochs, weights)
            if earlier.epochs != epochs:
                _summarize(store, earlier.run, earlier.epochs, weights)
            recounted = runs.count(earlier.run, earlier.ledger.logged, [_set(earlier.epochs), _set(epochs)])
            runs.settle(earlier.run.run_id, recounted, _now())
    return asdict(ledger)


def _summarize(store: psycopg.Connection, run: Run, epochs: Mapping[str, str], weights: WeightsFile) -> None:
    composites = Composites(store)
    for chunk in composites.judged(run.source, run.window, epochs):
        composites.save(
            [
                composite(one.interaction_id, one.logged_at, one.values, weights.of(one.project), _set(epochs))
                for one in chunk
            ]
        )
    Segments(store).rebuild(run.window, epochs, _set(epochs), weights.version)


def release_rows(row_keys: Sequence[str], repair: Mapping[str, Json]) -> int:
    """Let repaired rows out of quarantine, to be scored by the next run; returns how many."""
    settings = configuration.from_airflow()
    mapping = load(settings.source, SourceMapping)
    with _store(settings) as store:
        return release(mapping.name, row_keys, repair, PostgresIntake(store), _desk(settings), _now())


# ---- watch_quality ---------------------------------------------------------------------------------------------------


def evaluate_rules() -> list[str]:
    """Evaluate the rules over every settled window that is due, in the order of time; returns the runs' ids."""
    settings = configuration.from_airflow()
    rules = load(settings.rules, Rules)
    with _store(settings) as store:
        due = Runs(store).unevaluated()
    for one in due:
        with _store(settings) as store:  # each on its own, so that a long queue loses nothing when it breaks off
            RuleResults(store).replace(one.run.window, evaluate(rules, _seen(one), Segments(store)), _now())
            Runs(store).evaluated(one.run.run_id, _now())
    return [one.run.run_id for one in due]


def update_alerts() -> int:
    """Move alerts by what the rules found, in the order of time; returns how many episodes changed."""
    settings = configuration.from_airflow()
    routes = load(settings.routes, Routes)
    with _store(settings) as store:
        due = Runs(store).unalerted()
    changed = 0
    for one in due:
        with _store(settings) as store:
            results = RuleResults(store).of(one.run.window)
            changed += len(alerting.update_alerts(results, Alerts(store), routes, live=one.run.live))
            Runs(store).alerted(one.run.run_id, _now())
    return changed


def notify() -> list[str]:
    """Bring every incident's message up to date; returns a line for each that was sent or edited."""
    settings = configuration.from_airflow()
    routes = load(settings.routes, Routes)
    with _store(settings) as store:
        book, log = Alerts(store), NotificationLog(store)
        notices = dispatch.notify(book, log, _transport(settings), routes, ui_url=settings.ui_url, now=_now())
    return [f"{notice.reason}: {notice.title}" for notice in notices]


def _seen(one: SettledRun) -> Settled:
    return Settled(one.run.window, one.ledger, {**one.epochs, "composite": _set(one.epochs)})


# ---- summarize_costs -------------------------------------------------------------------------------------------------


def roll_up_costs(start: datetime, end: datetime) -> int:
    """Sum what was spent on every day to which a row of `[start, end)` belongs, and on days that nobody summed yet."""
    settings = configuration.from_airflow()
    with _store(settings) as store:
        costs = Costs(store)
        late = Window(start - timedelta(days=settings.retry_days), end)  # rows released from quarantine lie back
        return costs.roll_up({*costs.days_of(late), *costs.never_summed(start - SUMMED_BACK)})


def tell_costs(start: datetime) -> str:
    """Tell what was spent on the day that begins at `start`; returns why it was told and its title."""
    settings = configuration.from_airflow()
    day = start.astimezone(UTC).date()
    with _store(settings) as store:
        spend = summarize(day, Costs(store).between(first_day_needed(day), day))
        message = cost_message(spend, settings.ui_url)
        notice = dispatch.tell(message, NotificationLog(store), _transport(settings), now=_now())
    return f"{notice.reason}: {notice.title}"


# ---- report_weekly and its page --------------------------------------------------------------------------------------


def write_report(start: datetime, end: datetime) -> str:
    """Write the report on `[start, end)`, with Evidently's own pages beside it; returns its id."""
    settings = configuration.from_airflow()
    week = Window(start, end)
    with _store(settings) as store:
        attachments = _draw_drift(settings, store, week)
        report = collect(week, WeekOfStore(store), attachments)
        return publish(report, Reports(store), settings.home, _now()).report_id


def list_reports() -> list[PublishedReport]:
    """Every published report, the newest week first."""
    with _store(configuration.from_airflow()) as store:
        return Reports(store).all()


def read_report(report_id: str, name: str) -> ReportFile:
    """A report's own file or one of its attachments; raises `ReportMissing`."""
    settings = configuration.from_airflow()
    with _store(settings) as store:
        return library.read(name, report_id, Reports(store), settings.home)


def _draw_drift(settings: Settings, store: psycopg.Connection, week: Window) -> list[Attachment]:
    """Evidently's page of every drift rule, drawn from the last settled run of the week."""
    last = Runs(store).last_settled(week)
    if last is None:
        return []
    attachments = []
    for rule in load(settings.rules, Rules).rules:
        if not isinstance(rule, DriftRule):
            continue
        samples = drift_samples(rule, _seen(last), Segments(store))
        if any(sample.now and sample.past for sample in samples):  # else there is nothing to compare: a first week
            name = f"{week.end:%Y-%m-%d}-{rule.name}-evidently.html"
            path = settings.home / FOLDER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(drift_html(samples), encoding="utf-8")
            attachments.append(Attachment(f"Evidently: {rule.name}", name))
    return attachments


# ---- tend_store ------------------------------------------------------------------------------------------------------


def tend_store() -> list[str]:
    """Make the partitions of the next three months, and drop what is older than the retention; returns their names."""
    settings = configuration.from_airflow()
    with _store(settings) as store:
        return Partitions(store).tend(_now(), settings.retention_days)


# ---- what the tasks share --------------------------------------------------------------------------------------------


@contextmanager
def _store(settings: Settings) -> Iterator[psycopg.Connection]:
    with connect(settings.store_dsn.get_secret_value()) as connection:
        yield connection


@contextmanager
def _log(settings: Settings, mapping: SourceMapping) -> Iterator[PostgresLog]:
    with connect(settings.source_dsn.get_secret_value(), role="source") as connection:
        yield PostgresLog(connection, mapping.count, mapping.rows)


@contextmanager
def _bench(settings: Settings) -> Iterator[Bench]:
    """The judges in force; those that call a model share a client and the ledger of their calls."""
    judge = settings.judge
    if judge.backend == "offline":
        yield offline_bench()
        return
    rubrics = [load(path, Rubric) for path in sorted(settings.rubrics.glob("*.yaml"))]
    with _store(settings) as calls:  # a connection of its own, since a call is committed before its reply is used
        yield model_bench(
            rubrics,
            client_for(judge),
            JudgeCalls(calls),
            GenaiPrices(),
            now=_now,
            temperature=judge.temperature,
            max_output_tokens=judge.max_output_tokens,
        )


def _epochs(bench: Bench) -> dict[str, str]:
    return {judge.epoch.dimension: judge.epoch.id for judge in bench.judges}


def _desk(settings: Settings) -> Desk:
    return Desk(Suite(settings.suite).check, GenaiPrices(), settings.sample_rate)


def _transport(settings: Settings) -> Transport:
    if slack := settings.slack:
        return SlackTransport(slack.token.get_secret_value(), slack.channel, render_blocks, base_url=slack.base_url)
    return OutboxTransport(settings.home / "outbox", render_blocks, render_preview)


def _set(epochs: Mapping[str, str]) -> str:
    return epoch_set(list(epochs.values()))


def _label(shard: Shard) -> str:
    return f"{shard.size} overdue" if shard.overdue else f"{shard.size} from {shard.first[0][11:16]}"


def _now() -> datetime:
    return datetime.now(UTC)
