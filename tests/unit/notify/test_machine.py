"""Rules, silences, people, clocks and crashes in any order: one open episode, one message, and nothing by absence."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from include.domain.alert import Acknowledgement
from include.domain.message import Severity
from include.domain.rule import RuleResult
from include.domain.silence import Silence, parse_matchers
from include.notify.alerts import update_alerts
from include.notify.decide import named
from include.notify.dispatch import notify
from include.notify.doubts import CATEGORY
from include.notify.messages import incident_message
from include.notify.silences import Mutes, snooze_matchers
from tests.fakes.notify import HOUR, MIDNIGHT, ROUTES, FakeBook, FakeLog, FakeTransport, Killed, results_of

UI = "http://localhost:8080"
ALERTS = [
    ("bank", "faithfulness_low", "quality", "critical"),
    ("bank", "composite_low", "quality", "warning"),
    ("bank", "score_drift", "drift", "info"),
    ("bank", "quarantine_high", "data", "critical"),
    ("clinic", "faithfulness_low", "quality", "critical"),
    ("", "judge_failing", "judge", "critical"),
]
OUTCOMES = st.sampled_from(["Breached", "Breached", "Ok", "Ok", "NoData", "Error", "absent"])
MATCHERS = st.sampled_from(["project=bank", "alertname=faithfulness_low", "category=data", "severity=~warning|info"])
STAGES = ["before post", "after post", "before update", "after update"]
Hour = tuple[tuple[str, ...], str, bool]
HOURS = st.tuples(
    st.tuples(*[OUTCOMES] * len(ALERTS)), st.sampled_from(["", "tell", "tell", "tell", *STAGES]), st.booleans()
)
"""What rules say, whether people are told or the process dies at it, and whether the window is judged twice."""


class Assay(RuleBasedStateMachine):
    """One installation; `now` is the clock of whoever tells, `hour` the window that is judged next."""

    def __init__(self) -> None:
        super().__init__()
        self.book, self.transport = FakeBook(), FakeTransport()
        self.log = FakeLog(self.book)
        self.silences: list[Silence] = []
        self.heard: set[str] = set()
        self.hour = 0
        self.now = MIDNIGHT

    @initialize(past=st.integers(0, 1), for_windows=st.integers(1, 2), keep_firing_for=st.integers(1, 2))
    def install(self, past: int, for_windows: int, keep_firing_for: int) -> None:
        self.past, self.for_windows, self.keep_firing_for = past, for_windows, keep_firing_for

    @rule(hour=HOURS)
    def an_hour(self, hour: Hour) -> None:
        self.play(hour)

    @rule(hours=st.lists(HOURS, min_size=3, max_size=6))
    def some_hours(self, hours: list[Hour]) -> None:
        for hour in hours:
            self.play(hour)

    def play(self, hour: Hour) -> None:
        outcomes, then, twice = hour
        self.judge_the_next_window(list(outcomes), twice)
        if then == "tell":
            self.tell()
        elif then:
            self.die_while_telling(then)

    def judge_the_next_window(self, outcomes: list[str], twice: bool) -> None:
        results = self.speak(self.hour, outcomes)
        before = {alert.episode: alert for alert in self.book.alerts.values() if alert.is_open}
        for _ in range(1 + twice):  # two runs at once: the lock of the book puts one after the other
            update_alerts(results, self.book, ROUTES, live=self.hour >= self.past)
        good = {one.fingerprint for one in results if one.outcome == "Ok"}
        for episode, alert in before.items():
            after = self.book.alerts.get(episode)
            if (after is None or not after.is_open) and alert.labels["category"] != CATEGORY:
                assert alert.fingerprint in good, "only Ok ends an episode"
        self.hour += 1
        self.now = max(self.now, MIDNIGHT + self.hour * HOUR)

    @rule(outcomes=st.tuples(*[OUTCOMES] * len(ALERTS)), back=st.integers(1, 3))
    def judge_an_old_window_again(self, outcomes: tuple[str, ...], back: int) -> None:
        seen = set(self.book.windows)
        results = [one for one in self.speak(self.hour - back, list(outcomes)) if one.fingerprint in seen]
        told = {alert.episode for alert in self.book.alerts.values() if alert.live and alert.incident_id}
        update_alerts(results, self.book, ROUTES, live=True)
        spoken = {one.fingerprint for one in results if self.book.windows[one.fingerprint] > one.window.end}
        now_told = {alert.episode for alert in self.book.alerts.values() if alert.live and alert.incident_id}
        assert not {episode for episode in now_told - told if episode.split("@")[0] in spoken}

    @rule(hours=st.integers(-3, 12))
    def jump_the_clock(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(matchers=MATCHERS, hours=st.integers(1, 6))
    def silence(self, matchers: str, hours: int) -> None:
        end = self.now + hours * HOUR
        self.silences.append(Silence(len(self.silences), parse_matchers(matchers), self.now, end, "bob", "why"))

    @rule(which=st.integers(0, 5))
    def expire(self, which: int) -> None:
        del self.silences[which : which + 1]

    @rule(which=st.integers(0, 3))
    def snooze(self, which: int) -> None:
        for incident_id in self.book.unsettled("fake")[which : which + 1]:
            matchers = snooze_matchers(self.book.incident(incident_id))
            self.silences.append(Silence(99, matchers, self.now, self.now + HOUR, "bob", "snoozed"))

    @rule(which=st.integers(0, 3))
    def acknowledge(self, which: int) -> None:
        for incident_id in self.book.unsettled("fake")[which : which + 1]:
            self.book.acknowledged.setdefault(incident_id, Acknowledgement("alice", self.now))

    def die_while_telling(self, stage: str) -> None:
        self.transport.dies = [stage]
        with suppress(Killed):
            self.notify()
        self.transport.dies = []
        self.heard |= {told.key for told in self.log.rows.values() if told.address or not told.confirmed}

    def tell(self) -> None:
        for incident_id in self.book.unsettled("fake"):
            incident = self.mutes.apply(self.book.incident(incident_id), self.log.get(incident_id, "fake"), self.now)
            if incident.severity is not Severity.INFO and any(a.episode not in incident.muted for a in incident.own):
                self.heard.add(incident_id)
        self.notify()
        assert self.notify() == 0, "nobody is told the same thing twice"
        assert {message.key for message in self.transport.shown.values()} == self.heard
        for message in self.transport.shown.values():
            told = self.log.rows[message.key, "fake"]
            incident = self.mutes.apply(self.book.incident(message.key), told, self.now)
            if message.key in self.book.unsettled("fake"):
                assert (told.firing, told.resolved) == named(incident)
                if incident.acknowledged is None:
                    assert message == incident_message(incident, UI), "what is shown equals the table"
            assert message.resolved == incident.is_resolved

    @invariant()
    def an_alert_has_one_open_episode(self) -> None:
        opened = [alert.fingerprint for alert in self.book.alerts.values() if alert.is_open]
        assert len(opened) == len(set(opened))

    @invariant()
    def an_incident_has_one_message(self) -> None:
        keys = [message.key for message in self.transport.shown.values()]
        assert len(keys) == len(set(keys))

    @property
    def mutes(self) -> Mutes:
        return Mutes(silences=self.silences)

    def notify(self) -> int:
        told = notify(self.book, self.log, self.transport, ROUTES, ui_url=UI, now=self.now, mutes=self.mutes)
        return len(told)

    def speak(self, hour: int, outcomes: list[str]) -> list[RuleResult]:
        lasting = {"for_windows": self.for_windows, "keep_firing_for": self.keep_firing_for}
        return results_of(ALERTS, outcomes, hour, **lasting)


Assay.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestAssay = Assay.TestCase
