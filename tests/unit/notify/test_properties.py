"""Whatever rules say, and wherever the process dies, the laws of telling hold."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.alert import Alert, AlertState
from include.domain.message import Severity
from include.domain.rule import RuleResult
from include.notify.alerts import update_alerts
from include.notify.dispatch import notify
from include.notify.doubts import CATEGORY
from include.notify.flapping import FLAPPING
from include.notify.messages import incident_message
from tests.fakes.notify import MIDNIGHT, ROUTES, FakeBook, FakeLog, FakeTransport, Killed, results_of

UI = "http://localhost:8080"
RULES = [
    ("faithfulness_low", "quality", "critical"),
    ("composite_low", "quality", "warning"),
    ("score_drift", "quality", "info"),
    ("volume_low", "data", "warning"),
]
ALERTS = [(project, *rule) for project in ("bank", "clinic", "docs") for rule in RULES]
ALERTS += [("", "silence", "data", "critical"), ("", "judge_failing", "judge", "critical")]
OUTCOMES = st.sampled_from(["Breached", "Breached", "Ok", "Ok", "NoData", "Error", "absent"])
STAGES = st.sampled_from(["", "", "", "before post", "after post", "before update", "after update"])
DAYS = st.lists(
    st.tuples(st.lists(OUTCOMES, min_size=len(ALERTS), max_size=len(ALERTS)), st.booleans(), STAGES, st.booleans()),
    min_size=1,
    max_size=12,
)
"""For each hour: an outcome for each alert, whether people are told, where the process dies, whether it runs twice."""


def speak(hour: int, outcomes: list[str], for_windows: int, keep_firing_for: int) -> list[RuleResult]:
    return results_of(ALERTS, outcomes, hour, for_windows=for_windows, keep_firing_for=keep_firing_for)


def said(book: FakeBook) -> list[Alert]:
    """What the rules themselves speak of."""
    return [alert for alert in book.alerts.values() if alert.labels["category"] != CATEGORY]


@settings(max_examples=100)
@given(day=DAYS, past=st.integers(0, 4), for_windows=st.integers(1, 3), keep_firing_for=st.integers(1, 3))
def test_laws_of_telling(
    day: list[tuple[list[str], bool, str, bool]], past: int, for_windows: int, keep_firing_for: int
) -> None:
    book, transport = FakeBook(), FakeTransport()
    log = FakeLog(book)
    for hour, (outcomes, tells, stage, twice) in enumerate(day):
        results = speak(hour, outcomes, for_windows, keep_firing_for)
        open_before = {alert.episode for alert in said(book) if alert.is_open}
        for _ in range(1 + twice):
            update_alerts(results, book, ROUTES, live=hour >= past)

        good = {one.fingerprint for one in results if one.outcome == "Ok"}
        closed = open_before - {alert.episode for alert in said(book) if alert.is_open}
        assert {episode.split("@")[0] for episode in closed} <= good, "only Ok ends an episode"

        if tells:
            transport.dies = [stage]
            with suppress(Killed):
                notify(book, log, transport, ROUTES, ui_url=UI, now=MIDNIGHT)
    transport.dies = []
    notify(book, log, transport, ROUTES, ui_url=UI, now=MIDNIGHT)

    live = {alert.incident_id for alert in book.alerts.values() if alert.live and alert.incident_id}
    loud = {name for name in live if book.incident(name).severity is not Severity.INFO}
    assert sorted(message.key for message in transport.shown.values()) == sorted(loud), "one message an incident"
    for message in transport.shown.values():
        assert message == incident_message(book.incident(message.key), UI), "what is shown equals the table"
    assert notify(book, log, transport, ROUTES, ui_url=UI, now=MIDNIGHT) == []


@settings(max_examples=100)
@given(day=DAYS, for_windows=st.integers(1, 3), keep_firing_for=st.integers(1, 3))
def test_laws_of_episodes(day: list[tuple[list[str], bool, str, bool]], for_windows: int, keep_firing_for: int) -> None:
    book = FakeBook()
    for hour, (outcomes, *_) in enumerate(day):
        update_alerts(speak(hour, outcomes, for_windows, keep_firing_for), book, ROUTES, live=True)
    by_alert: dict[str, list[tuple[object, object]]] = {}
    for alert in sorted(said(book), key=lambda alert: alert.starts_at):
        by_alert.setdefault(alert.fingerprint, []).append((alert.starts_at, alert.ends_at))
        assert (alert.ends_at is None) == alert.is_open
        assert alert.ends_at is None or alert.starts_at < alert.ends_at
        assert (alert.breached >= for_windows) == (alert.state is not AlertState.PENDING)
        is_held = alert.good < keep_firing_for or FLAPPING in alert.annotations
        assert is_held or alert.state is AlertState.RESOLVED
    for episodes in by_alert.values():
        for (_, end), (start, _) in pairwise(episodes):
            assert end is not None, "at most the newest episode is open"
            assert end <= start, "episodes follow each other"  # type: ignore[operator]


@settings(max_examples=50)
@given(day=DAYS)
def test_an_old_window_never_changes_what_was_told(day: list[tuple[list[str], bool, str, bool]]) -> None:
    book = FakeBook()
    for hour, (outcomes, *_) in enumerate(day, start=1):
        update_alerts(speak(hour, outcomes, 1, 2), book, ROUTES, live=True)
    before = dict(book.alerts)
    spoken = set(book.windows)
    again = [one for one in speak(0, ["Breached"] * len(ALERTS), 1, 2) if one.fingerprint in spoken]
    update_alerts(again, book, ROUTES, live=True)
    assert book.alerts == before
