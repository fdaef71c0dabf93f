"""Silence, and what merely looks like it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from include.domain.interaction import Window
from include.domain.rule import RuleOutcome, RuleResult
from include.domain.run import CoverageLedger, Epochs
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import Rules, VolumeRule
from tests.unit.monitors.memory import HOUR, Memory, hours
from tests.unit.monitors.worlds import NOW, steady

OK, BREACHED, NO_DATA = RuleOutcome.OK, RuleOutcome.BREACHED, RuleOutcome.NO_DATA
RULE = VolumeRule(
    name="x", description="d", test="volume", category="data", owner="o", runbook="r", trailing=timedelta(days=14)
)


def result(memory: Memory, end: datetime = NOW, length: timedelta = HOUR) -> RuleResult:
    ledger = CoverageLedger(0, 0, 0, 0, 0)
    [only] = evaluate(Rules(rules=(RULE,)), Settled(Window(end - length, end), ledger, Epochs({})), memory)
    return only


def traffic(missing: range = range(0), usual: int = 30, left: int = 0) -> Memory:
    """`usual` interactions in each hour of the day (none at night, half at the weekend), but `left` of them in the
    hours `missing`, counted from `NOW`."""

    def values(hour: datetime) -> list[float]:
        n = usual if 7 <= hour.hour < 22 else 0
        n = n // 2 if hour.weekday() >= 5 else n
        return [1.0] * (left if (hour - NOW) // HOUR in missing else n)

    return steady("volume", values)


@pytest.mark.parametrize(
    ("missing", "left", "outcome", "value"),
    [
        (range(0), 0, OK, 30),
        (range(-1, 0), 0, BREACHED, 0),
        (range(-1, 0), 24, OK, 24),
        (range(-1, 0), 12, OK, 12),  # less than half, but of one hour only
        (range(-3, 0), 8, BREACHED, 24),
        (range(-4, -1), 0, OK, 30),  # it is back
    ],
)
def test_missing_interactions_are_told_once_they_are_beyond_chance(
    missing: range, left: int, outcome: RuleOutcome, value: float
) -> None:
    found = result(traffic(missing, left=left))
    assert (found.outcome, found.evidence.value) == (outcome, value)
    assert found.evidence.reference == 30 * (3 if value == 24 and outcome is BREACHED else 1)


def test_an_hour_at_which_nothing_is_ever_logged_says_nothing() -> None:
    memory = traffic()
    night = NOW.replace(hour=3)
    assert result(memory, end=night).outcome is NO_DATA


def test_an_hour_that_was_not_run_is_not_silence() -> None:
    memory = traffic(range(-6, -1))
    memory.settled -= {NOW - number * HOUR for number in range(2, 7)}
    assert result(memory).outcome is OK
    memory.settled.discard(NOW - HOUR)
    assert result(memory).outcome is NO_DATA


def test_a_weekend_is_measured_by_weekends() -> None:
    found = result(traffic(), end=NOW - timedelta(days=4))
    assert (found.outcome, found.evidence.value, found.evidence.reference) == (OK, 15, 15)


def test_a_kind_of_hour_that_was_seen_too_rarely_says_nothing() -> None:
    first_sunday = NOW - timedelta(days=11)
    assert result(traffic(), end=first_sunday).outcome is NO_DATA


def test_a_day_of_silence_within_a_longer_window_is_found() -> None:
    found = result(traffic(range(-20, -14)), length=timedelta(days=1))
    assert found.outcome is BREACHED


def test_conversations_that_come_in_bursts_need_more_to_alarm() -> None:
    calm = steady("volume", lambda hour: [1.0] * (14 if hour != NOW - HOUR else 0))
    bursts = steady("volume", lambda hour: [1.0] * ((2, 14, 26)[hour.toordinal() % 3] if hour != NOW - HOUR else 0))
    assert result(calm).outcome is BREACHED
    found = result(bursts)
    assert found.outcome is OK
    assert found.evidence.details["dispersion"] > 3  # type: ignore[operator]


def test_a_log_that_was_never_used_has_no_segments() -> None:
    ledger = CoverageLedger(0, 0, 0, 0, 0)
    memory = Memory(hours(NOW - 24 * HOUR, 24))
    assert evaluate(Rules(rules=(RULE,)), Settled(Window(NOW - HOUR, NOW), ledger, Epochs({})), memory) == []
