"""Messages that their channel refuses, and receivers that do not answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.adapters.switchboard import Switchboard
from include.errors import ChannelMisconfigured, NotifyError
from include.notify.alerts import update_alerts
from include.notify.dead_letter import rescue
from include.notify.dispatch import Notice, notify
from include.notify.routes import Routes
from include.notify.silences import Mutes
from tests.fakes.notify import MIDNIGHT, FakeBook, FakeLog, result
from tests.fakes.threads import FakeThreads

ROUTES = Routes.model_validate(
    {
        "route": {
            "name": "root",
            "channel": "#all",
            "routes": [{"name": "lost", "match": {"project": "bank"}, "channel": "#lost"}],
        },
        "fallback": ["#gone", "email:ops@example.com"],
        "dead_letter": "email:oncall@example.com",
    }
)


class House:
    def __init__(self, *projects: str) -> None:
        self.book, self.slack, self.mail = FakeBook(), FakeThreads("slack"), FakeThreads("email")
        self.log = FakeLog(self.book)
        self.receivers = {"": self.slack, "email": self.mail}
        update_alerts([result("Breached", project=project) for project in projects], self.book, ROUTES, live=True)

    def notify(self, minutes: int = 0) -> list[Notice]:
        switchboard = Switchboard(self.receivers, ROUTES.fallback)
        return notify(self.book, self.log, switchboard, ROUTES, ui_url="http://localhost", now=at(minutes))

    def rescue(self, minutes: int) -> list[Notice]:
        other = Switchboard(self.receivers, receiver="dead letters")
        return rescue(
            self.book, self.log, "slack", other, ROUTES, mutes=Mutes(), ui_url="http://localhost", now=at(minutes)
        )


def at(minutes: int) -> object:
    return MIDNIGHT + timedelta(minutes=minutes)


def test_a_message_that_its_channel_refuses_goes_to_the_first_fallback_that_takes_it() -> None:
    house = House("bank", "clinic")
    house.slack.refuses = {"#lost", "#gone"}
    with pytest.raises(ChannelMisconfigured) as told:
        house.notify()
    assert str(told.value) == (
        "1 of 2 messages not delivered as routed; route lost: channel #lost: channel_not_found. Remedy: invite the "
        "app. It was told in email:ops@example.com instead"
    )
    assert (house.slack.posts, house.mail.posts) == (1, 1)
    [error] = [told.error for told in house.log.rows.values() if told.error]
    assert error.startswith("channel #lost: channel_not_found"), "the record says so as well"
    assert house.notify() == []


def test_a_message_stays_where_it_was_told_after_the_channel_was_mended() -> None:
    house = House("bank")
    house.slack.refuses = {"#lost", "#gone"}
    with pytest.raises(ChannelMisconfigured):
        house.notify()
    house.slack.refuses = set()
    update_alerts([result("Ok", 1, project="bank")], house.book, ROUTES, live=True)
    house.notify()
    assert (house.slack.posts, house.mail.posts, house.mail.edits) == (0, 1, 1)


def test_where_no_fallback_takes_it_the_route_is_named() -> None:
    house = House("bank")
    house.slack.refuses, house.mail.refuses = {"#lost", "#gone"}, {"email:ops@example.com"}
    with pytest.raises(ChannelMisconfigured, match=r"route lost: channel #lost: channel_not_found\. Remedy"):
        house.notify()


def test_a_receiver_that_does_not_answer_is_no_reason_for_a_fallback() -> None:
    house = House("bank")
    house.slack.is_down = True
    with pytest.raises(NotifyError, match="no answer"):
        house.notify()
    assert house.mail.posts == 0


def test_an_intent_is_looked_up_where_it_may_have_gone_instead() -> None:
    house = House("bank")
    house.slack.refuses = {"#lost", "#gone"}
    house.mail.dies = ["after post"]
    with pytest.raises(BaseException, match="after post"):
        house.notify()
    house.log.held.clear()
    house.notify()
    assert (house.slack.posts, house.mail.posts, house.mail.edits) == (0, 1, 1)


def test_after_an_hour_without_an_answer_what_stands_nowhere_is_told_once_by_another_way() -> None:
    house = House("clinic", "docs")
    house.slack.is_down = True
    for minutes in (0, 30, 59, 60, 61, 120):
        with pytest.raises(NotifyError):
            house.notify(minutes)
        told = house.rescue(minutes)
        assert len(told) == (2 if minutes >= 60 else 0)
        assert house.mail.posts == (2 if minutes >= 60 else 0)
    house.slack.is_down = False
    house.notify(121)
    assert (house.slack.posts, house.mail.posts, house.rescue(300)) == (2, 2, [])


def test_what_stands_in_slack_is_not_told_again_by_another_way() -> None:
    house = House("clinic")
    house.notify()
    house.slack.is_down = True
    update_alerts([result("Breached", 1, project="bank")], house.book, ROUTES, live=True)
    with pytest.raises(NotifyError):
        house.notify(60)
    assert [notice.title for notice in house.rescue(120)] == ["bank: faithfulness low"]


def test_without_a_dead_letter_nothing_is_told_by_another_way() -> None:
    house = House("clinic")
    house.slack.is_down = True
    with pytest.raises(NotifyError):
        house.notify()
    silent = ROUTES.model_copy(update={"dead_letter": None})
    other = Switchboard(house.receivers, receiver="dead letters")
    assert rescue(house.book, house.log, "slack", other, silent, mutes=Mutes(), ui_url="", now=at(999)) == []
