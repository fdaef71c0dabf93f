from __future__ import annotations

from dataclasses import replace

import pytest

from include.domain.alert import Alert, AlertState
from include.domain.rule import RuleResult
from include.notify.lifecycle import Step, advance
from tests.fakes.notify import HOUR, MIDNIGHT, result


def played(
    outcomes: str, live: bool = True, for_windows: int = 1, keep_firing_for: int = 1
) -> tuple[list[Step], Alert | None]:
    """One hour for each letter: b(reached), o(k), n(o data), e(rror)."""
    words = {"b": "Breached", "o": "Ok", "n": "NoData", "e": "Error"}
    alert, steps = None, []
    for hour, letter in enumerate(outcomes):
        told = result(words[letter], hour, for_windows=for_windows, keep_firing_for=keep_firing_for)
        transition = advance(alert, told, live)
        steps.append(transition.step)
        alert = transition.alert
    return steps, alert


@pytest.mark.parametrize(
    ("outcomes", "for_windows", "keep_firing_for", "steps"),
    [
        ("b", 1, 1, "fired"),
        ("bb", 2, 1, "pending fired"),
        ("bbb", 3, 1, "pending pending fired"),
        ("bob", 2, 1, "pending vanished pending"),
        ("bnb", 2, 1, "pending held fired"),
        ("beb", 2, 1, "pending held fired"),
        ("bo", 1, 1, "fired resolved"),
        ("boo", 1, 2, "fired held resolved"),
        ("bobo", 1, 2, "fired held held held"),
        ("bonoo", 1, 3, "fired held held held resolved"),
        ("bn", 1, 1, "fired held"),
        ("be", 1, 1, "fired held"),
        ("bob", 1, 1, "fired resolved fired"),
        ("one", 1, 1, "nothing nothing nothing"),
    ],
)
def test_an_episode_goes_from_pending_to_firing_to_resolved(
    outcomes: str, for_windows: int, keep_firing_for: int, steps: str
) -> None:
    assert played(outcomes, for_windows=for_windows, keep_firing_for=keep_firing_for)[0] == steps.split()


def test_an_episode_lasts_from_the_first_breached_window_to_the_first_good_one_of_those_that_end_it() -> None:
    _, alert = played("obbooo", for_windows=2, keep_firing_for=2)
    assert alert is not None
    assert alert.state is AlertState.RESOLVED
    assert (alert.starts_at, alert.fired_at) == (MIDNIGHT + HOUR, MIDNIGHT + 3 * HOUR)
    assert (alert.ends_at, alert.updated_at) == (MIDNIGHT + 3 * HOUR, MIDNIGHT + 5 * HOUR)
    assert (alert.breached, alert.good) == (2, 2)


def test_a_good_window_that_is_followed_by_a_breached_one_does_not_count_towards_the_end() -> None:
    _, alert = played("boboo", keep_firing_for=3)
    assert alert is not None
    assert (alert.is_firing, alert.good, alert.good_since) == (True, 2, MIDNIGHT + 3 * HOUR)


@pytest.mark.parametrize("outcome", ["Ok", "Breached", "NoData", "Error"])
@pytest.mark.parametrize("history", ["b", "bo", "bb"])
def test_a_window_that_was_taken_into_account_or_is_older_changes_nothing(history: str, outcome: str) -> None:
    _, alert = played(history)
    for hour in range(len(history)):
        transition = advance(alert, result(outcome, hour), live=True)
        assert (transition.step, transition.alert) == (Step.STALE, alert)


def test_evidence_is_that_of_the_last_breached_window_and_recovery_that_of_the_last_good_one() -> None:
    alert = advance(None, result("Breached", 0, value=0.5, keep_firing_for=2), live=True).alert
    alert = advance(alert, result("Breached", 1, value=0.4, keep_firing_for=2), live=True).alert
    alert = advance(alert, result("Ok", 2, value=0.8, keep_firing_for=2), live=True).alert
    assert alert is not None
    assert alert.recovery is not None
    assert (alert.evidence.value, alert.recovery.value) == (0.4, 0.8)


@pytest.mark.parametrize(
    ("windows", "is_live"),
    [
        ([("Breached", False)], False),
        ([("Breached", False), ("Ok", True)], False),
        ([("Breached", False), ("NoData", True)], False),
        ([("Breached", False), ("Breached", True)], True),
        ([("Breached", True), ("Breached", False)], True),
    ],
)
def test_an_episode_of_the_past_becomes_live_when_a_live_window_is_breached(
    windows: list[tuple[str, bool]], is_live: bool
) -> None:
    alert = None
    for hour, (outcome, live) in enumerate(windows):
        alert = advance(alert, result(outcome, hour, keep_firing_for=2), live).alert
    assert alert is not None
    assert alert.live is is_live


def test_an_episode_keeps_its_incident_while_it_goes_on() -> None:
    first = advance(None, result("Breached", 0, keep_firing_for=2), live=True).alert
    assert first is not None
    alert: Alert | None = replace(first, incident_id="one", explained_at=MIDNIGHT + HOUR)
    for hour, outcome in enumerate(["Breached", "NoData", "Ok", "Error", "Breached"], start=1):
        told: RuleResult = result(outcome, hour, keep_firing_for=2)
        alert = advance(alert, told, live=True).alert
        assert alert is not None
        assert (alert.incident_id, alert.explained_at) == ("one", MIDNIGHT + HOUR)


def test_an_episode_that_the_past_explained_stands_for_itself_once_it_is_live() -> None:
    past = advance(None, result("Breached", 0), live=False).alert
    assert past is not None
    explained = replace(past, incident_id="of the past", explained_at=MIDNIGHT + HOUR)
    alert = advance(explained, result("Breached", 1), live=True).alert
    assert alert is not None
    assert (alert.incident_id, alert.explained_at) == (None, None)
    alert = advance(explained, result("Breached", 1), live=False).alert
    assert alert is not None
    assert (alert.incident_id, alert.explained_at) == ("of the past", MIDNIGHT + HOUR)


@pytest.mark.parametrize("outcome", ["NoData", "Error"])
def test_a_window_that_cannot_tell_is_taken_into_account_and_explains_nothing(outcome: str) -> None:
    first = advance(None, result("Breached", 0), live=True).alert
    alert = advance(first, result(outcome, 1), live=True).alert
    assert alert is not None
    assert (alert.is_firing, alert.is_breached, alert.updated_at) == (True, False, MIDNIGHT + 2 * HOUR)


def test_an_episode_says_what_its_rule_says_now_in_good_windows_too() -> None:
    first = advance(None, result("Breached", 0, keep_firing_for=2), live=True).alert
    now = replace(result("Ok", 1, keep_firing_for=2), annotations={"runbook": "another"})
    alert = advance(first, now, live=True).alert
    assert alert is not None
    assert alert.annotations == {"runbook": "another"}
