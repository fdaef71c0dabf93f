"""Breached results get their cause, others stay as they are, and no search that breaks stops a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from pydantic import TypeAdapter

from include.domain.cause import Arrival
from include.domain.interaction import Window
from include.domain.observation import Observation, Scope, Total
from include.domain.rule import Evidence, RuleOutcome, RuleResult
from include.domain.run import Epochs
from include.monitors import result
from include.monitors.causes import MOST_SEARCHES, Desk, with_causes
from include.monitors.measured import scope_of
from include.monitors.result import Finding
from include.monitors.rules import LevelRule, Rule, Rules
from tests.unit.monitors.incidents import DAY, HOUR, SINCE, traffic, with_value
from tests.unit.monitors.test_level import rule

WINDOW = Window(SINCE + HOUR, SINCE + 2 * HOUR)
EPOCHS = Epochs({"": {"faithfulness": "f1", "composite": "s1"}, "clinic": {"faithfulness": "f2", "composite": "s2"}})
DROP = rule(name="drop", trailing="14d", target=None)


def breached(of: LevelRule = DROP, outcome: RuleOutcome = RuleOutcome.BREACHED, **evidence: Any) -> RuleResult:
    details = {"since": SINCE.isoformat(), "until": WINDOW.end.isoformat()}
    found = Finding(
        ("shop", "prod"),
        outcome,
        Evidence(**{"value": 0.7, "reference": 0.88, "n": 100, "details": details} | evidence),
        "s",
        of.measure,
    )
    return result.result(of, WINDOW, found)


def fallen(one: Observation) -> Observation:
    return with_value(one, max(0.0, one.value - 0.5)) if one.prompt_version == "v7" else one


class Record:
    """A store in which prompt v7 went bad at `SINCE`; `asked` is what was read of it."""

    tells = True

    def __init__(self, before: Evidence | None = None) -> None:
        self.before, self.asked = before, list[tuple[Scope, Window]]()
        rng = Random(1)
        past = traffic(rng, 1500, SINCE - 14 * DAY, SINCE)
        self.rows = [*past, *map(fallen, traffic(rng, 200, SINCE, WINDOW.end))]

    def previous(self, rule: str, fingerprint: str, before: datetime) -> Evidence | None:
        return self.before

    def observations(self, scope: Scope, window: Window, limit: int) -> Sequence[Observation]:
        self.asked.append((scope, window))
        return [one for one in self.rows if one.logged_at in window][:limit]

    def totals(self, scope: Scope, now: Window, past: Sequence[Window]) -> Sequence[Total]:
        self.asked += [(scope, window) for window in (now, *past)]
        return [
            Total("", "", 90, 90.0, 90.0, 2100, 2100.0, 2100.0, 7),
            Total("model", "gpt", 0, 0.0, 0.0, 1470, 1470.0, 1470.0, 7),
            Total("model", "claude", 90, 90.0, 90.0, 630, 630.0, 630.0, 7),
        ]

    def arrivals(self, scope: Scope, since: datetime, back: timedelta) -> Sequence[Arrival]:
        return []


class Broken(Record):
    """A store that fails."""

    def observations(self, scope: Scope, window: Window, limit: int) -> Sequence[Observation]:
        raise OSError("the reader of secrets: 'what the user asked'")


def explained(record: Record, *results: RuleResult, of: LevelRule = DROP) -> list[RuleResult]:
    desk = Desk(record, lambda _: {"correctness": 1.0}, lambda value: value != "v7" or record.tells)
    return with_causes(Rules(rules=(of,)), results, EPOCHS, desk)


def cause_of(one: RuleResult) -> Any:
    return one.evidence.details.get("cause")


def test_a_breach_says_what_carries_it() -> None:
    record = Record()
    [one] = explained(record, breached())
    assert cause_of(one)["verdict"] == "segment"
    assert [part["values"] for part in cause_of(one)["parts"]] == [["v7"]]
    assert one.evidence.details["since"] == SINCE.isoformat()
    scope = Scope({"project": "shop", "environment": "prod"}, "faithfulness", ("f1",))
    assert record.asked == [(scope, Window(SINCE, WINDOW.end)), (scope, Window(SINCE - 14 * DAY, SINCE))]
    assert replace(one, evidence=breached().evidence) == breached()


@pytest.mark.parametrize("outcome", [RuleOutcome.OK, RuleOutcome.NO_DATA, RuleOutcome.ERROR])
def test_what_is_not_breached_costs_nothing(outcome: RuleOutcome) -> None:
    record = Record()
    given = breached(outcome=outcome)
    assert explained(record, given) == [given]
    assert record.asked == []


def test_a_cause_stands_while_its_breach_is_the_same_and_has_not_grown_much() -> None:
    known = {"sentence": "as before", "n": 100}
    before = Evidence(n=100, details={"since": SINCE.isoformat(), "cause": known})
    record = Record(before)
    [one] = explained(record, breached(n=120))
    assert (cause_of(one), record.asked) == (known, [])
    [grown] = explained(record, breached(n=130))
    assert cause_of(grown)["parts"]
    moved = Record(replace(before, details={**before.details, "since": WINDOW.start.isoformat()}))
    assert cause_of(explained(moved, breached(n=120))[0])["parts"]


def test_a_breach_without_a_cause_before_is_searched_again() -> None:
    record = Record(Evidence(n=100, details={"since": SINCE.isoformat()}))
    assert cause_of(explained(record, breached())[0])["parts"]


def test_a_search_that_breaks_is_one_line_in_the_log_without_text_of_it(caplog: pytest.LogCaptureFixture) -> None:
    given = breached()
    assert explained(Broken(), given, given) == [given, given]
    assert caplog.messages == ["no cause of drop: OSError", "no cause of drop: OSError"]


def totalled(test: str, before: Evidence | None = None, **details: str) -> tuple[Record, Any]:
    of = TypeAdapter(Rule).validate_python(
        {"name": "total", "description": "d", "test": test, "category": "data", "owner": "o", "runbook": "r"}
        | ({"min_effect": 1.0} if test == "spend" else {})
    )
    found = Finding(("shop", "prod"), RuleOutcome.BREACHED, Evidence(details=details), "s")
    record = Record(before)
    desk = Desk(record, lambda _: {}, lambda _: True)
    [one] = with_causes(Rules(rules=(of,)), [result.result(of, WINDOW, found)], EPOCHS, desk)
    return record, cause_of(one)


def test_missing_volume_is_explained_since_it_began() -> None:
    record, cause = totalled("volume", since=SINCE.isoformat(), until=WINDOW.end.isoformat())
    assert cause["sentence"] == "All of the drop comes from model gpt (none of traffic, 70 % before)."
    scope = Scope({"project": "shop", "environment": "prod"}, "volume")
    assert record.asked[:2] == [(scope, Window(SINCE, WINDOW.end)), (scope, Window(SINCE - DAY, WINDOW.end - DAY))]


def test_spend_is_explained_by_its_window_and_only_where_it_rose() -> None:
    record, cause = totalled("spend")
    assert record.asked[0] == (Scope({"project": "shop", "environment": "prod"}, "spend"), WINDOW)
    assert cause is None, "it fell"


def test_the_cause_of_a_spend_stands_while_its_hours_slide_along() -> None:
    known = {"sentence": "as before", "n": 100}
    times = {"since": SINCE.isoformat(), "until": WINDOW.end.isoformat()}
    for until, stands in ((SINCE + HOUR, True), (SINCE, False)):
        earlier = {"since": (SINCE - HOUR).isoformat(), "until": until.isoformat(), "cause": known}
        record, cause = totalled("spend", Evidence(details=earlier), **times)
        assert (cause == known, record.asked == []) == (stands, stands)


def test_what_must_not_be_told_is_not_named() -> None:
    record = Record()
    record.tells = False
    [one] = explained(record, breached())
    assert "v7" not in str(cause_of(one))


def test_in_one_window_no_more_than_some_searches_are_made() -> None:
    record = Record()
    many = [breached() for _ in range(MOST_SEARCHES + 5)]
    found = explained(record, *many)
    assert sum(cause_of(one) is not None for one in found) == MOST_SEARCHES
    assert len(found) == len(many)


def test_of_a_share_the_interactions_under_the_floor_are_counted() -> None:
    below = rule(name="drop", trailing="14d", target=None, below=0.5)
    [one] = explained(Record(), breached(below, value=0.2, reference=0.01), of=below)
    assert cause_of(one)["sentence"].startswith("All of the rise comes from prompt version v7")
    assert cause_of(one)["value"] == pytest.approx(0.2, abs=0.1)
    assert cause_of(one)["reference"] == pytest.approx(0, abs=0.01)


def test_of_latency_the_answers_as_slow_as_the_percentile_of_before_are_counted() -> None:
    slow = rule(name="drop", measure="latency_ms", trailing="14d", target=None, percentile=90, min_effect=0.05)
    record = Record()
    record.rows = [replace(one, value=4000 - 3000 * one.value) for one in record.rows]
    [one] = explained(record, breached(slow, value=0.4, reference=0.1), of=slow)
    assert [part["values"] for part in cause_of(one)["parts"]] == [["v7"]]
    assert cause_of(one)["reference"] == pytest.approx(0.1, abs=0.03)


def test_a_composite_is_what_the_weights_of_today_make_of_it() -> None:
    composite = rule(name="drop", measure="composite", trailing="14d", target=None)
    record = Record()
    record.rows = [replace(one, value=0.5, by_dimension={"correctness": one.value}) for one in record.rows]
    [one] = explained(record, breached(composite), of=composite)
    [dimension] = cause_of(one)["dimensions"]
    assert (dimension["dimension"], dimension["share_of_change"]) == ("correctness", pytest.approx(1))


@pytest.mark.parametrize(
    ("measure", "by", "segment", "found"),
    [
        ("faithfulness", ("project",), ("clinic",), Scope({"project": "clinic"}, "faithfulness", ("f2",))),
        ("faithfulness", (), (), Scope({}, "faithfulness", ("f1", "f2"))),
        (
            "faithfulness",
            ("model", "project", "prompt_version"),
            ("a, b=c", "shop", "v1"),
            Scope({"project": "shop", "model": "a, b=c", "prompt_version": "v1"}, "faithfulness", ("f1",)),
        ),
        ("error", ("project", "environment"), ("shop", ""), Scope({"project": "shop", "environment": ""}, "error")),
        ("quarantine", ("project",), ("shop",), None),
        ("failure", (), (), None),
    ],
)
def test_the_interactions_of_a_result_are_found_by_its_labels(
    measure: str, by: tuple[str, ...], segment: tuple[str, ...], found: Scope | None
) -> None:
    of = rule(measure=measure, by=by)
    assert scope_of(of, result.labels(of, segment), EPOCHS) == found
