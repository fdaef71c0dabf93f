"""An interaction that a person wants judged again goes in; scores by the judges in force now stand instead of theirs.

Scores by other judges stay beside them. What a person chose enters no mean that it was not in before: neither an
interaction that was not drawn, nor one whose hour was scored by other judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from include import settings as configuration
from include.adapters.postgres.composites import Composites
from include.adapters.postgres.feedback import FeedbackBook
from include.adapters.postgres.retrial import Retrials, Retried
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.scores import Scores
from include.adapters.postgres.segments import Segments
from include.adapters.yaml_file import load
from include.assembly import Courtroom, courtroom, now, open_bench, open_store
from include.domain.feedback import Rejudgement
from include.domain.interaction import Interaction, Window
from include.domain.run import COMPOSITE, Epochs, SettledRun
from include.domain.score import Composite, Outcome, Score, ScoreFailure
from include.domain.segment import whole_hours
from include.errors import FeedbackRefused, JudgeError, PageMissing
from include.experts import GONE
from include.judges.composite import composite
from include.judges.pool import run_pool
from include.judges.survivor import outlive
from include.monitors.rules import Rules
from include.pipeline import KILLED_GRACE_S, summarize

RESOLUTION = timedelta(microseconds=1)


def may_be_judged_again(interaction_id: str, logged_at: datetime) -> None:
    """Raises `PageMissing` where the interaction is gone, `FeedbackRefused` where no run of its hour is settled."""
    with open_store(configuration.for_the_store()) as store:
        _settled(store, _found(store, interaction_id, logged_at))


def rejudge(interaction_id: str, logged_at: datetime, who: str, at: datetime) -> dict[str, Any]:
    """Judge it by the judges in force, with the latest correction as its reference; returns values before and after.

    `who` asked for it `at` that time: the same request is granted once. A judge that fails leaves what stood. Raises
    `PageMissing`, `FeedbackRefused`, or `JudgeError` where no judge gave a score.
    """
    settings = configuration.from_airflow()
    with open_store(settings) as store:
        before = Retrials(store).asked_before(interaction_id, logged_at, who, at)
        _settled(store, _found(store, interaction_id, logged_at))
    if before:
        return _told(before)
    court = courtroom(settings)
    judge = partial(_rejudge, court, interaction_id, logged_at, who, at)
    return judge() if court.is_offline else outlive(judge, settings.judge.timeout_s + KILLED_GRACE_S)


def _rejudge(court: Courtroom, interaction_id: str, logged_at: datetime, who: str, at: datetime) -> dict[str, Any]:
    settings = court.settings
    with open_bench(court, joins_crew=True) as bench:
        with open_store(settings) as store:
            one = _found(store, interaction_id, logged_at).interaction
            correction = FeedbackBook(store).of(interaction_id, logged_at).correction
            judges = bench.of(one.project)
            Scores(store).register([judge.epoch for judge in judges], now())
        judged = replace(one, reference=correction.text) if correction else one
        outcomes: list[Outcome] = []
        work = [(judged, [judge.epoch.id for judge in judges])]
        run_pool(work, judges, outcomes.extend, len(judges), bench.shared, settings.judge.timeout_s)
        epochs = bench.epochs(court.weights)
    scores = _scored(outcomes)
    with open_store(settings) as store:
        Segments(store).hold()
        if done := Retrials(store).asked_before(interaction_id, logged_at, who, at):
            return _told(done)
        found = _found(store, interaction_id, logged_at)
        before, after = _replace(court, store, found, epochs, scores)
        done = Rejudgement(interaction_id, logged_at, correction is not None, _values(before), _values(after), who, at)
        Retrials(store).note(done, one)
    return _told(done) | {
        "failed": {one.dimension: one.error_type.value for one in outcomes if isinstance(one, ScoreFailure)}
    }


def _scored(outcomes: Sequence[Outcome]) -> list[Score]:
    scores = [one for one in outcomes if isinstance(one, Score)]
    if scores:
        return scores
    failures = [one for one in outcomes if isinstance(one, ScoreFailure)]
    failed = max(failures, key=lambda one: one.retryable)
    told = f"no judge gave a score, {failed.dimension}: {failed.message}"
    if failed.retryable:
        raise JudgeError(told, error_type=failed.error_type.value, retryable=True)
    raise FeedbackRefused(told)


def _replace(
    court: Courtroom, store: psycopg.Connection, found: Retried, epochs: Epochs, scores: Sequence[Score]
) -> tuple[Composite, Composite]:
    """Let the scores stand, and all that is made of them; returns the composite before and after."""
    runs = _settled(store, found, hold=True)
    before = _composite(court, store, found.interaction, epochs)
    Retrials(store).replace(scores, now())
    after = _composite(court, store, found.interaction, epochs)
    if found.drawn:
        Composites(store).save([after])
        _recount(court, store, found.interaction, epochs, runs)
    return before, after


def _composite(court: Courtroom, store: psycopg.Connection, one: Interaction, epochs: Epochs) -> Composite:
    values = Retrials(store).given(one, epochs.judges(one.project))
    weights = court.weights.of(one.project)
    return composite(one.interaction_id, one.logged_at, values, weights, epochs.of(one.project)[COMPOSITE])


def _recount(
    court: Courtroom, store: psycopg.Connection, one: Interaction, epochs: Epochs, runs: Sequence[SettledRun]
) -> None:
    """Tallies of its hour, where they are of the same judges, and the ledgers of the runs that hold it."""
    hour = whole_hours(Window(one.logged_at, one.logged_at + RESOLUTION))
    attributes = load(court.settings.rules, Rules).counted
    for settled in runs:
        if settled.epochs.of(one.project) == epochs.of(one.project):
            summarize(store, replace(settled.run, window=hour), settled.epochs, court.weights, attributes)
        counted = settled.epochs.every(COMPOSITE) | epochs.every(COMPOSITE)
        ledger = Runs(store).count(settled.run, settled.ledger.logged, counted)
        Runs(store).settle(settled.run.run_id, ledger, now())


def _found(store: psycopg.Connection, interaction_id: str, logged_at: datetime) -> Retried:
    found = Retrials(store).find(interaction_id, logged_at)
    if found is None:
        raise PageMissing(GONE)
    return found


def _settled(store: psycopg.Connection, found: Retried, *, hold: bool = False) -> list[SettledRun]:
    runs = Runs(store).settled_at(found.source, found.interaction.logged_at, hold=hold)
    if not runs:
        raise FeedbackRefused("the run of its hour is not settled yet, and will judge it. Ask again when it is")
    return runs


def _values(made: Composite) -> dict[str, float]:
    return {**made.by_dimension, **({} if made.value is None else {COMPOSITE: made.value})}


def _told(done: Rejudgement) -> dict[str, Any]:
    return {"corrected": done.corrected, "before": dict(done.before), "after": dict(done.after)}
