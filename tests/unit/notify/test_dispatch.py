from __future__ import annotations

import pytest

from include.domain.alert import NotifyReason
from include.domain.message import Message, Severity
from include.domain.rule import RuleResult
from include.errors import ChannelMisconfigured, NotifyError
from include.notify.alerts import update_alerts
from include.notify.dispatch import Notice, notify, tell
from include.notify.messages import incident_message
from include.notify.routes import Routes
from tests.fakes.notify import HOUR, MIDNIGHT, ROUTES, FakeBook, FakeLog, FakeTransport, Killed, result


class OnCall:
    """One installation: rules speak, people are told."""

    def __init__(self) -> None:
        self.book = FakeBook()
        self.log = FakeLog(self.book)
        self.transport = FakeTransport()

    def hour(self, *results: RuleResult, live: bool = True) -> list[NotifyReason]:
        update_alerts(results, self.book, ROUTES, live=live)
        return [notice.reason for notice in self.notify()]

    def notify(self, routes: Routes = ROUTES) -> list[Notice]:
        return notify(self.book, self.log, self.transport, routes, ui_url="http://localhost:8080", now=MIDNIGHT)

    @property
    def shown(self) -> list[Message]:
        return list(self.transport.shown.values())


@pytest.fixture
def on_call() -> OnCall:
    return OnCall()


def test_an_incident_is_one_message_that_is_edited_from_firing_to_resolved(on_call: OnCall) -> None:
    reasons = [
        on_call.hour(result("Breached", 0)),
        on_call.hour(result("Breached", 1), result("Breached", 1, alertname="composite_low")),
        on_call.hour(result("Ok", 2), result("Breached", 2, alertname="composite_low")),
        on_call.hour(result("NoData", 3), result("Ok", 3, alertname="composite_low")),
        on_call.hour(result("Ok", 4)),
    ]
    assert reasons == [["first"], ["new_alerts"], ["some_resolved"], ["all_resolved"], []]
    assert (on_call.transport.posts, on_call.transport.edits) == (1, 3)
    assert [message.resolved for message in on_call.shown] == [True]


def test_the_past_is_told_to_nobody(on_call: OnCall) -> None:
    for hour, outcome in enumerate(["Breached", "Breached", "Ok"]):
        assert on_call.hour(result(outcome, hour), live=False) == []


def test_what_started_in_the_past_and_still_breaks_is_told_with_its_start(on_call: OnCall) -> None:
    on_call.hour(result("Breached", 0), live=False)
    assert on_call.hour(result("Breached", 5)) == ["first"]
    assert on_call.shown[0].facts[0].value == "20 Nov 2026, 00:00 UTC, for 6 h"


def test_nobody_is_told_of_a_pending_alert(on_call: OnCall) -> None:
    assert on_call.hour(result("Breached", 0, for_windows=2)) == []


def test_an_incident_below_the_floor_is_withheld_until_something_worse_joins_it(on_call: OnCall) -> None:
    drift = {"alertname": "score_drift", "severity": "info"}
    assert on_call.hour(result("Breached", 0, **drift)) == []  # type: ignore[arg-type]
    [told] = on_call.log.rows.values()
    assert (told.reason, told.confirmed, told.address) == (NotifyReason.NONE, True, None)
    assert on_call.hour(result("Breached", 1, **drift), result("Breached", 1)) == ["first"]  # type: ignore[arg-type]
    assert len(on_call.shown) == 1


def test_an_incident_that_was_withheld_to_its_end_is_settled(on_call: OnCall) -> None:
    for hour, outcome in enumerate(["Breached", "Ok"]):
        assert on_call.hour(result(outcome, hour, severity="info")) == []
    assert (on_call.shown, on_call.book.unsettled("fake")) == ([], [])


def test_an_incident_is_over_when_what_it_explains_is_not(on_call: OnCall) -> None:
    data = {"alertname": "quarantine_high", "category": "data"}
    on_call.hour(result("Breached", 0, **data), result("Breached", 0))  # type: ignore[arg-type]
    assert on_call.hour(result("Ok", 1, **data), result("Breached", 1)) == ["all_resolved"]  # type: ignore[arg-type]
    assert on_call.hour(result("Ok", 2)) == ["some_resolved"]
    assert on_call.transport.posts == 1
    assert "ended" in on_call.shown[0].sections[0].items[0]


def test_telling_again_without_news_sends_nothing(on_call: OnCall) -> None:
    on_call.hour(result("Breached", 0))
    assert on_call.notify() == []
    assert (on_call.transport.posts, on_call.transport.edits) == (1, 0)


def test_an_incident_that_came_and_went_unseen_is_told_once(on_call: OnCall) -> None:
    for hour, outcome in enumerate(["Breached", "Ok"]):
        update_alerts([result(outcome, hour)], on_call.book, ROUTES, live=True)
    assert [notice.reason for notice in on_call.notify()] == ["first"]
    assert on_call.notify() == []
    assert on_call.shown[0].resolved


@pytest.mark.parametrize("stage", ["before post", "after post"])
def test_a_process_that_dies_around_the_first_message_leaves_exactly_one(on_call: OnCall, stage: str) -> None:
    on_call.transport.dies = [stage]
    with pytest.raises(Killed):
        on_call.hour(result("Breached", 0))
    assert [notice.reason for notice in on_call.notify()] == ["first"]
    assert on_call.notify() == []
    assert len(on_call.shown) == 1


@pytest.mark.parametrize("stage", ["before update", "after update"])
def test_a_process_that_dies_around_an_edit_loses_no_news(on_call: OnCall, stage: str) -> None:
    on_call.hour(result("Breached", 0))
    on_call.transport.dies = [stage]
    with pytest.raises(Killed):
        on_call.hour(result("Ok", 1))
    assert [notice.reason for notice in on_call.notify()] == ["all_resolved"]
    assert [message.resolved for message in on_call.shown] == [True]
    assert on_call.notify() == []


@pytest.mark.parametrize("now", [{"min_severity": "critical"}, {"digest": "daily"}])
def test_a_message_that_may_stand_is_brought_up_to_date_although_it_would_not_be_sent_any_more(
    on_call: OnCall, now: dict[str, str]
) -> None:
    on_call.transport.dies = ["after post"]
    with pytest.raises(Killed):
        on_call.hour(result("Breached", 0, severity="warning"))
    update_alerts([result("Ok", 1, severity="warning")], on_call.book, ROUTES, live=True)
    on_call.notify(Routes.model_validate({"route": {"name": "root", **now}}))
    assert [message.resolved for message in on_call.shown] == [True]
    assert on_call.transport.posts == 1


def test_a_message_is_looked_for_where_it_was_sent_whatever_routes_say_now(on_call: OnCall) -> None:
    old, new = (Routes.model_validate({"route": {"name": "root", "channel": name}}) for name in ("#old", "#new"))
    update_alerts([result("Breached", 0)], on_call.book, old, live=True)
    on_call.transport.dies = ["after post"]
    with pytest.raises(Killed):
        on_call.notify(old)
    [notice] = on_call.notify(new)
    assert notice.address
    assert notice.address.channel == "#old"


def test_a_message_that_somebody_deleted_is_sent_again(on_call: OnCall) -> None:
    on_call.hour(result("Breached", 0))
    on_call.transport.shown.clear()
    on_call.hour(result("Ok", 1))
    assert [message.resolved for message in on_call.shown] == [True]


def test_a_misconfigured_route_is_named_and_does_not_keep_the_others(on_call: OnCall) -> None:
    on_call.transport.fails = [ChannelMisconfigured("channel #lost: channel_not_found")]
    with pytest.raises(ChannelMisconfigured, match="1 of 2 messages not delivered as routed; route everything: "):
        on_call.hour(result("Breached", 0, project="bank"), result("Breached", 0, project="clinic"))
    assert [message.title for message in on_call.shown] == ["clinic: faithfulness low"]
    assert [notice.reason for notice in on_call.notify()] == ["first"]
    assert len(on_call.shown) == 2


def test_a_receiver_that_does_not_answer_ends_the_round_and_everything_stays_due(on_call: OnCall) -> None:
    on_call.transport.fails = [NotifyError("no answer")]
    with pytest.raises(NotifyError, match="1 of 1 messages not delivered"):
        on_call.hour(result("Breached", 0, project="bank"), result("Breached", 0, project="clinic"))
    assert on_call.shown == []
    assert len(on_call.notify()) == 2


def test_what_is_shown_is_the_incident_as_it_stands_in_the_table(on_call: OnCall) -> None:
    on_call.hour(result("Breached", 0, value=0.5))
    on_call.hour(result("Breached", 1, value=0.3))
    incident = on_call.book.incident("2026-11-20T0000Z_help-desk_production_quality")
    assert on_call.shown == [incident_message(incident, "http://localhost:8080")]


def test_another_message_is_told_once_and_edited_when_it_changes() -> None:
    log, transport = FakeLog(), FakeTransport()
    costs = [Message("costs-2026-11-20", "Spend", Severity.INFO, f"{usd} USD.") for usd in (10, 10, 12)]
    reasons = [tell(message, log, transport, now=MIDNIGHT + i * HOUR).reason for i, message in enumerate(costs)]
    assert reasons == ["first", "none", "repeat"]
    assert list(transport.shown.values()) == [costs[-1]]


def test_a_message_that_was_never_told_is_not_told_by_an_edit() -> None:
    log, transport, message = FakeLog(), FakeTransport(), Message("costs", "Spend", Severity.INFO, "10 USD.")
    assert tell(message, log, transport, now=MIDNIGHT, edits_only=True).reason is NotifyReason.NONE
    assert not transport.shown
    tell(message, log, transport, now=MIDNIGHT)
    later = Message("costs", "Spend", Severity.INFO, "11 USD.")
    edited = tell(later, log, transport, now=MIDNIGHT, edits_only=True)
    assert edited.reason is NotifyReason.REPEAT
    assert len(transport.shown) == 1


def test_another_message_that_fails_raises_one_line_that_names_it() -> None:
    transport = FakeTransport()
    transport.fails = [ChannelMisconfigured("invalid_auth")]
    with pytest.raises(ChannelMisconfigured, match="message costs: invalid_auth"):
        tell(Message("costs", "Spend", Severity.INFO, "10 USD."), FakeLog(), transport, now=MIDNIGHT)
