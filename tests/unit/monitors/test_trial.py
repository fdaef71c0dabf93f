"""The past replayed hour by hour: the same as if every hour had been evaluated by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest

from include.domain.interaction import Window
from include.domain.rule import RuleOutcome
from include.domain.run import CoverageLedger, Epochs, Run, SettledRun
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import Rules
from include.monitors.trial import UNKNOWN, hourly, replay
from tests.unit.monitors.memory import DAY, HOUR, MONDAY, Memory
from tests.unit.monitors.test_evaluate import EPOCHS, LEDGER, Broken, world
from tests.unit.monitors.test_level import rule
from tests.unit.monitors.test_rules import SHIPPED
from tests.unit.monitors.worlds import GOOD, NOW, steady

WHO = Epochs({"": EPOCHS})


def settled(start: datetime, length: timedelta, epochs: Epochs = WHO, ledger: CoverageLedger = LEDGER) -> SettledRun:
    return SettledRun(Run("native", Window(start, start + length), live=False), ledger, epochs, "1")


def one_by_one(rules: Rules, runs: list[Settled], memory: Memory) -> None:
    assert list(replay(rules, runs, memory)) == [evaluate(rules, run, memory) for run in runs]


def test_every_shipped_rule_finds_what_it_finds_hour_by_hour() -> None:
    memory = world(composite=lambda hour: [0.3] * 8 if hour >= NOW - 8 * HOUR else [0.9, 0.85, 0.95] * 3)
    runs = hourly([settled(NOW - DAY, DAY)], Window(NOW - DAY, NOW))
    one_by_one(SHIPPED, runs, memory)
    found = [one for results in replay(SHIPPED, runs, memory) for one in results]
    assert {one.rule for one in found if one.outcome is RuleOutcome.BREACHED} > {"composite-drop", "bad-answers"}


@pytest.mark.parametrize(
    "given",
    [
        {"trailing": "14d"},
        {"target": 0.6},
        {"trailing": "14d", "over": "1d"},
        {"trailing": "14d", "same_hours": True},
        {"trailing": "14d", "by": ["project", "model"], "against": "previous"},
        {"trailing": "14d", "by": ["project", "model"]},
        {"target": 0.6, "by": ["project", "model"]},
        {"target": 0.6, "measure": "error"},
    ],
)
def test_segments_that_come_up_in_the_middle_of_a_day_change_nothing_before(given: dict[str, object]) -> None:
    rng, memory = Random(3), steady("faithfulness", lambda _: GOOD, epoch="E")
    for hour in range(30):
        at = NOW - (30 - hour) * HOUR
        for number in range(min(3, hour // 6)):
            values = [rng.uniform(0, 1) for _ in range(rng.randint(0, 12))]
            memory.add("faithfulness", at, values, epoch="E", project=f"q{number}", model=f"m{hour // 9}")
            memory.add("error", at, [float(value > 0.5) for value in values], project=f"q{number}")
    runs = hourly([settled(NOW - 30 * HOUR, 30 * HOUR, Epochs({"": {"faithfulness": "E"}}))], Window(MONDAY, NOW))
    assert len(runs) == 30
    one_by_one(Rules(rules=(rule(**given),)), runs, memory)


def test_a_rule_that_breaks_breaks_in_each_hour() -> None:
    broken = Rules(rules=(rule(),))
    runs = hourly([settled(NOW - 2 * HOUR, 2 * HOUR)], Window(MONDAY, NOW))
    assert [one.outcome for results in replay(broken, runs, Broken()) for one in results] == [RuleOutcome.ERROR] * 2


def test_a_change_of_judges_in_the_middle_of_a_day_counts_from_its_hour_on() -> None:
    memory = steady("faithfulness", lambda hour: GOOD if hour < NOW - 2 * HOUR else (), epoch="E")
    for hours_ago in (2, 1):
        memory.add("faithfulness", NOW - hours_ago * HOUR, GOOD, epoch="E2")
    judges = [Epochs({"": {"faithfulness": epoch}}) for epoch in ("E", "E2")]
    runs = hourly([settled(NOW - (3 - n) * HOUR, HOUR, judges[n > 0]) for n in range(3)], Window(MONDAY, NOW))
    one_by_one(Rules(rules=(rule(),)), runs, memory)
    assert [one.outcome for results in replay(Rules(rules=(rule(),)), runs, memory) for one in results] == [
        RuleOutcome.OK,
        RuleOutcome.NO_DATA,
        RuleOutcome.NO_DATA,
    ]


def test_a_day_that_was_run_at_once_becomes_its_hours_and_the_last_one_knows_the_ledger() -> None:
    runs = hourly([settled(MONDAY, DAY)], Window(MONDAY, MONDAY + 5 * DAY))
    assert [run.window for run in runs] == [Window(MONDAY + n * HOUR, MONDAY + (n + 1) * HOUR) for n in range(24)]
    assert [run.ledger for run in runs] == [UNKNOWN] * 23 + [LEDGER]


def test_hours_outside_of_the_span_are_left_out_and_none_is_told_twice() -> None:
    other = CoverageLedger(1, 0, 0, 1, 0)
    overlapping = [settled(MONDAY, DAY), settled(MONDAY + 3 * HOUR, HOUR, ledger=other)]
    runs = hourly(overlapping, Window(MONDAY + 2 * HOUR, MONDAY + 6 * HOUR))
    assert [run.window.start for run in runs] == [MONDAY + n * HOUR for n in (2, 3, 4, 5)]
    assert [run.ledger for run in runs] == [UNKNOWN, other, UNKNOWN, UNKNOWN]


def test_windows_shorter_than_an_hour_stay_as_they_are() -> None:
    half = timedelta(minutes=30)
    runs = hourly([settled(MONDAY + half, half), settled(MONDAY, half)], Window(MONDAY, NOW))
    assert [run.window.length for run in runs] == [half, half]
