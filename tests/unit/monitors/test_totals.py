"""What carries spend that ran away, or traffic that is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.domain.cause import Arrival, Cause
from include.domain.interaction import Window
from include.domain.observation import Total
from include.monitors.totals import same_hours, search_totals

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = 7


def total(column: str, value: str, n: int, usual_n: int, each: float = 1.0, usual_each: float | None = None) -> Total:
    """`n` interactions now of `each`, `usual_n` in the same hours of each past day."""
    usual_each = each if usual_each is None else usual_each
    then = usual_n * DAYS
    return Total(column, value, n, n * each, n * each**2, then, then * usual_each, then * usual_each**2, DAYS)


def told(*totals: Total, sign: int, changes: tuple[Arrival, ...] = ()) -> Cause | None:
    return search_totals(totals, sign=sign, since=MONDAY, changes=changes, may_tell=lambda value: "@" not in value)


def test_the_model_that_fell_silent_is_named() -> None:
    cause = told(
        total("", "", 40, 100),
        total("model", "a", 0, 62),
        total("model", "b", 40, 38),
        total("channel", "web", 21, 52),
        total("channel", "app", 19, 48),
        sign=-1,
    )
    assert cause
    assert cause.sentence == "All of the drop comes from model a (none of traffic, 62 % before)."
    assert (cause.value, cause.reference) == (40, 100)


def test_a_conversation_that_runs_away_is_named_with_its_spend() -> None:
    loop = Total("conversation_id", "c1", 70, 35.0, 20.0, 0, 0.0, 0.0, DAYS)
    cause = told(
        Total("", "", 170, 45.0, 21.0, 700, 70.0, 7.0, DAYS),
        loop,
        Total("conversation_id", "c2", 12, 1.2, 0.12, 0, 0.0, 0.0, DAYS),
        Total("model", "a", 170, 45.0, 21.0, 700, 70.0, 7.0, DAYS),
        Total("attempt", "yes", 70, 35.0, 20.0, 0, 0.0, 0.0, DAYS),
        sign=1,
        changes=(Arrival("model", "a", MONDAY),),
    )
    assert cause
    [part] = cause.parts
    assert (part.column, part.values, part.same_as) == ("conversation_id", ("c1",), (("attempt", "yes"),))
    assert cause.sentence.startswith("All of the rise comes from conversation id c1 (78 % of spend, none before).")


def test_a_conversation_of_a_few_dear_calls_is_named() -> None:
    cause = told(
        Total("", "", 103, 40.0, 300.1, 700, 70.0, 7.0, DAYS),
        Total("conversation_id", "c1", 3, 30.0, 300.0, 0, 0.0, 0.0, DAYS),
        Total("model", "a", 60, 6.0, 0.6, 420, 42.0, 4.2, DAYS),
        Total("model", "b", 43, 34.0, 300.0, 280, 28.0, 2.8, DAYS),
        sign=1,
    )
    assert cause
    assert [part.values for part in cause.parts] == [("c1",)]


def test_what_all_lost_alike_is_spread_evenly() -> None:
    cause = told(total("", "", 0, 100), total("model", "a", 0, 90), total("model", "b", 0, 10), sign=-1)
    assert cause
    assert cause.sentence == "The drop is spread evenly over everything that was looked at."


def test_a_burst_within_chance_is_not_named() -> None:
    cause = told(total("", "", 95, 100), total("model", "a", 15, 20), total("model", "b", 80, 80), sign=-1)
    assert cause
    assert not cause.parts


def test_what_must_not_be_told_is_not() -> None:
    cause = told(total("", "", 40, 100), total("user", "bob@x.example", 0, 60), total("user", "eve", 40, 40), sign=-1)
    assert cause
    assert "bob" not in str(cause)


@pytest.mark.parametrize("sign", [1, -1])
def test_without_a_past_or_a_change_for_the_worse_there_is_nothing_to_explain(sign: int) -> None:
    assert told(sign=sign) is None
    assert told(total("", "", 100, 100), sign=sign) is None
    assert told(Total("", "", 9, 9.0, 9.0, 0, 0.0, 0.0, 0), sign=sign) is None
    assert told(total("", "", 100 - 50 * sign, 100), sign=sign) is None


def test_the_same_hours_are_those_of_days_of_the_same_kind() -> None:
    past = same_hours(Window(MONDAY, MONDAY + HOUR))
    assert [(MONDAY - one.start) // DAY for one in past] == [3, 4, 5, 6, 7, 10, 11]
    saturday = MONDAY + 5 * DAY
    assert [(saturday - one.start) // DAY for one in same_hours(Window(saturday, saturday + HOUR))] == [6, 7, 13, 14]
    assert same_hours(Window(MONDAY, MONDAY + 2 * DAY)) == []
