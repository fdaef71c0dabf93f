from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.alert import Acknowledgement, Incident, Verdict
from include.errors import ChannelMisconfigured
from include.notify.alerts import update_alerts
from include.notify.dispatch import notify
from include.notify.silences import Mutes
from include.notify.thread import follow_up, history
from tests.fakes.notify import HOUR, MIDNIGHT, ROUTES, FakeBook, FakeLog, Killed, result
from tests.fakes.threads import FakeThreadLog, FakeThreads


class OnCall:
    """Alerts, messages and threads of one day."""

    def __init__(self) -> None:
        self.book = FakeBook()
        self.log = FakeLog(self.book)
        self.threads = FakeThreadLog(self.log)
        self.transport = FakeThreads()
        self.verdicts: list[Verdict] = []

    def hour(self, number: int, **outcomes: str) -> None:
        found = [result(outcome, number, alertname=name) for name, outcome in outcomes.items()]
        update_alerts(found, self.book, ROUTES, live=True)
        self.tell()

    def tell(self, *keys: str) -> int:
        notify(self.book, self.log, self.transport, ROUTES, ui_url="http://localhost", now=MIDNIGHT)
        return follow_up(
            self.book,
            self.log,
            self.threads,
            self.transport,
            verdicts=lambda key: self.verdicts,
            mutes=Mutes(),
            now=MIDNIGHT,
            keys=keys,
        )

    @property
    def incident(self) -> Incident:
        return self.book.incident(next(iter(self.shown)))

    @property
    def shown(self) -> set[str]:
        return {message.key for message in self.transport.shown.values()}

    @property
    def said(self) -> list[str]:
        return [text for _, _, text in self.transport.said]


def test_the_thread_of_a_day_tells_what_joined_ended_and_how_long_it_took() -> None:
    on_call = OnCall()
    on_call.hour(9, slow="Breached")
    assert on_call.said == []
    on_call.hour(10, slow="Breached", low="Breached")
    on_call.hour(11, slow="Ok", low="Breached")
    on_call.hour(12, low="Breached")
    on_call.hour(13, low="Breached")
    on_call.hour(14, low="Ok")
    assert on_call.said == [
        "20 Nov 11:00 UTC: Also: critical, low, help-desk, 0.41 against 0.8.",
        "20 Nov 12:00 UTC: Over: critical, slow, help-desk, after 2 h.",
        "20 Nov 14:00 UTC: Still so: critical, low, help-desk, 0.41 against 0.8.",
        "20 Nov 15:00 UTC: Resolved after 5 h: good since 20 Nov 14:00 UTC.",
    ]
    assert on_call.transport.posts == 1


def test_how_things_stand_is_said_less_often_the_longer_it_lasts() -> None:
    on_call = OnCall()
    for hour in range(20):
        on_call.hour(hour, low="Breached")
    assert [text[:12] for text in on_call.said] == ["20 Nov 04:00", "20 Nov 08:00", "20 Nov 16:00"]


def test_what_people_do_is_part_of_the_history() -> None:
    on_call = OnCall()
    on_call.hour(9, low="Breached")
    acknowledged = replace(on_call.incident, acknowledged=Acknowledgement("alice", MIDNIGHT + 11 * HOUR))
    verdicts = [Verdict("bob", useful=False, at=MIDNIGHT + 12 * HOUR)]
    assert [event.text for event in history(acknowledged, verdicts)] == [
        "Acknowledged by alice.",
        "bob found this alert not useful.",
    ]


def test_a_verdict_on_an_incident_that_is_over_is_said_when_it_is_asked_for() -> None:
    on_call = OnCall()
    on_call.hour(9, low="Breached")
    on_call.hour(10, low="Ok")
    (key,) = on_call.shown
    on_call.verdicts.append(Verdict("bob", useful=False, at=MIDNIGHT + 12 * HOUR))
    assert (on_call.tell(), on_call.tell(key), on_call.tell(key)) == (0, 1, 0)


def test_a_message_that_is_gone_ends_its_thread() -> None:
    on_call = OnCall()
    on_call.hour(9, low="Breached")
    on_call.verdicts.append(Verdict("bob", useful=False, at=MIDNIGHT))
    (key,) = on_call.shown
    on_call.transport.shown.clear()
    assert on_call.tell(key) == 0


def test_a_thread_that_nobody_may_write_in_does_not_keep_the_others_and_is_named() -> None:
    on_call = OnCall()
    projects = ("bank", "clinic")
    update_alerts([result("Breached", 9, project=project) for project in projects], on_call.book, ROUTES, live=True)
    on_call.tell()
    update_alerts([result("Ok", 10, project=project) for project in projects], on_call.book, ROUTES, live=True)
    on_call.transport.locked = {"1.000"}
    with pytest.raises(ChannelMisconfigured, match=r"thread of .*_bank_.*is_archived\. Remedy"):
        on_call.tell()
    assert len(on_call.said) == 1
    on_call.transport.locked = set()
    assert (on_call.tell(), on_call.tell()) == (1, 0)


OUTCOMES = st.sampled_from(["Breached", "Ok", "NoData"])
STAGES = ["", "before reply", "after reply", "before post", "after post", "before update", "after update"]


@settings(max_examples=80)
@given(
    day=st.lists(st.tuples(OUTCOMES, OUTCOMES, st.sampled_from(STAGES), st.booleans()), min_size=1, max_size=12),
)
def test_every_event_is_said_once_whatever_dies(day: list[tuple[str, str, str, bool]]) -> None:
    on_call = OnCall()
    for number, (low, slow, dies, forgets) in enumerate(day):
        on_call.transport.dies = [dies] if dies else []
        try:
            on_call.hour(number, low=low, slow=slow)
        except Killed:
            if not forgets:
                on_call.tell()
    on_call.transport.dies = []
    on_call.tell()
    said = [(ts, event) for ts, event, _ in on_call.transport.said]
    assert len(said) == len(set(said))
    for ts, message in on_call.transport.shown.items():
        wanted = {event.name for event in history(on_call.book.incident(message.key))}
        assert wanted <= {event for told, event in said if told == ts}
    assert on_call.tell() == 0


@pytest.mark.parametrize("dies", ["before reply", "after reply"])
def test_a_reply_whose_sender_died_is_looked_up_before_it_is_sent_again(dies: str) -> None:
    on_call = OnCall()
    on_call.hour(9, low="Breached")
    on_call.transport.dies = [dies]
    with pytest.raises(Killed):
        on_call.hour(10, low="Ok")
    on_call.tell()
    assert len(on_call.said) == 1
