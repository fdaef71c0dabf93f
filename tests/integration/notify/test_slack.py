from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from include.adapters.slack import Render, SlackTransport
from include.adapters.slack_calls import SlackCalls
from include.domain.interaction import Json
from include.domain.message import Address, Chart, Fact, Link, Message, Section, Severity, Verb
from include.errors import ChannelMisconfigured, NotifyError
from include.notify.blocks import Look, render_blocks, render_reply
from include.notify.chart import draw_chart
from tests.fakes.slack_server import TOKEN, Clock, Fault, SlackServer, running

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with running() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


def transport(
    slack: SlackServer,
    clock: Clock,
    token: str = TOKEN,
    channel: str = "#quality",
    render: Render = render_blocks,
    draw: Callable[[Chart], bytes] | None = draw_chart,
) -> SlackTransport:
    calls = SlackCalls(token, base_url=slack.base_url, timeout_s=1, sleep=clock.sleep, clock=clock.now)
    return SlackTransport(calls, channel, render, render_reply, draw)


def message(key: str = "one", summary: str = "Faithfulness fell to 0.41.", *, resolved: bool = False) -> Message:
    return Message(key, "help-desk: faithfulness low", Severity.CRITICAL, summary, resolved=resolved)


def test_a_message_is_sent_once_and_edited_in_place(slack: SlackServer, clock: Clock) -> None:
    sender = transport(slack, clock)
    address = sender.post("", message())
    assert sender.update(address, message(resolved=True))
    (shown,) = slack.messages()
    assert shown["blocks"][0]["text"]["text"] == "🟢 Resolved: help-desk: faithfulness low"
    assert (shown["ts"], shown["edits"], address.channel) == (address.ts, 1, "C0GENERAL1")


def test_a_route_of_its_own_goes_to_its_channel(slack: SlackServer, clock: Clock) -> None:
    transport(slack, clock).post("#clinic", message())
    assert (len(slack.messages("clinic")), len(slack.messages("quality"))) == (1, 0)


def test_editing_a_message_that_is_gone_says_so(slack: SlackServer, clock: Clock) -> None:
    assert not transport(slack, clock).update(Address("C0GENERAL1", "1.000"), message())


@pytest.mark.parametrize("channel", ["#quality", "quality", "C0GENERAL1"])
def test_a_message_is_found_by_its_key(slack: SlackServer, clock: Clock, channel: str) -> None:
    sender = transport(slack, clock)
    addresses = {key: sender.post(channel, message(key)) for key in ("one", "two", "three")}
    assert {key: sender.find(channel, key, LONG_AGO) for key in addresses} == addresses
    assert sender.find(channel, "four", LONG_AGO) is None
    assert sender.find(channel, "one", datetime.now(UTC)) is None


def test_a_message_is_found_on_a_later_page(slack: SlackServer, clock: Clock) -> None:
    sender = transport(slack, clock)
    address = sender.post("", message())
    for number in range(450):
        slack.channels["C0GENERAL1"].messages[f"18{number:08}.000000"] = {"ts": f"18{number:08}.000000", "text": "chat"}
    assert sender.find("", "one", LONG_AGO) == address


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=429, error="ratelimited", retry_after=7),
        Fault(status=200, error="ratelimited", retry_after=7),
    ],
)
def test_a_rate_limit_is_waited_for_as_slack_asks(slack: SlackServer, clock: Clock, fault: Fault) -> None:
    slack.faults += [fault, fault]
    transport(slack, clock).post("", message())
    assert (clock.slept, len(slack.messages())) == ([7.0, 7.0], 1)


def test_a_wait_that_is_longer_than_patience_is_left_to_the_next_run(slack: SlackServer, clock: Clock) -> None:
    slack.faults.append(Fault(status=429, retry_after=300))
    with pytest.raises(NotifyError, match=r"rate limited \(tried 1 times, next wait 300 s\)"):
        transport(slack, clock).post("", message())
    assert clock.slept == []


UNSURE = [
    Fault("chat.postMessage", status=500),
    Fault("chat.postMessage", status=503),
    Fault("chat.postMessage", error="internal_error"),
    Fault("chat.postMessage", reset=True),
    Fault("chat.postMessage", stall_s=1.5),
]


@pytest.mark.parametrize("after", [False, True], ids=["refused", "taken"])
@pytest.mark.parametrize("fault", UNSURE, ids=lambda fault: f"{fault.status} {fault.error}{fault.reset}{fault.stall_s}")
def test_a_failure_that_tells_nothing_leaves_one_message(
    slack: SlackServer, clock: Clock, fault: Fault, after: bool
) -> None:
    slack.faults.append(Fault(**{name: getattr(fault, name) for name in Fault.__dataclass_fields__} | {"after": after}))
    address = transport(slack, clock).post("", message())
    assert [shown["ts"] for shown in slack.messages()] == [address.ts]


def test_an_edit_is_tried_again(slack: SlackServer, clock: Clock) -> None:
    sender = transport(slack, clock)
    address = sender.post("", message())
    slack.faults += [Fault("chat.update", status=502), Fault("chat.update", reset=True)]
    assert sender.update(address, message(resolved=True))
    assert "Resolved" in slack.messages()[0]["text"]


def test_a_slack_that_is_down_ends_in_one_line_after_bounded_waits(slack: SlackServer, clock: Clock) -> None:
    slack.faults += [Fault(status=503)] * 50
    with pytest.raises(NotifyError, match=r"^Slack did not take the message: HTTP 503[^\n]*$"):
        transport(slack, clock).post("", message())
    assert sum(clock.slept) <= 60


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("channel_not_found", "invite the app"),
        ("not_in_channel", "invite the app"),
        ("invalid_auth", "Airflow connection assay_slack"),
        ("token_revoked", "Airflow connection assay_slack"),
        ("missing_scope", "chat:write"),
        ("is_archived", "unarchive"),
    ],
)
def test_what_only_a_person_can_mend_is_one_line_with_the_remedy(
    slack: SlackServer, clock: Clock, error: str, remedy: str
) -> None:
    slack.faults.append(Fault(error=error))
    with pytest.raises(ChannelMisconfigured, match=rf"^Slack channel #quality: {error}\. Remedy: [^\n]*{remedy}"):
        transport(slack, clock).post("", message())
    assert (slack.asked.total(), clock.slept) == (1, [])


def test_a_wrong_token_and_an_unknown_channel_are_told_by_slack_itself(slack: SlackServer, clock: Clock) -> None:
    with pytest.raises(ChannelMisconfigured, match="invalid_auth"):
        transport(slack, clock, token="xoxb-revoked").post("", message())
    with pytest.raises(ChannelMisconfigured, match="channel_not_found"):
        transport(slack, clock).post("#nowhere", message())
    with pytest.raises(ChannelMisconfigured, match="channel_not_found"):
        transport(slack, clock).find("#nowhere", "one", LONG_AGO)


def test_any_other_refusal_is_named(slack: SlackServer, clock: Clock) -> None:
    slack.faults.append(Fault(error="ekm_access_denied"))
    with pytest.raises(NotifyError, match="Slack channel #quality: ekm_access_denied"):
        transport(slack, clock).post("", message())


def test_a_message_whose_layout_slack_refuses_is_sent_as_text_that_says_so(slack: SlackServer, clock: Clock) -> None:
    def broken(told: Message, image: Json = None) -> dict[str, Json]:
        return {**render_blocks(told, image), "blocks": [{"type": "carousel"}]}

    sender = transport(slack, clock, render=broken)
    address = sender.post("", message())
    assert sender.update(address, message(summary="It goes on."))
    (shown,) = slack.messages()
    assert "It goes on." in shown["text"]
    assert "Slack refused the layout of this message: invalid_blocks" in shown["text"]
    assert (shown["blocks"], shown["attachments"]) == ([], [])


def test_the_longest_message_is_within_slacks_limits(slack: SlackServer, clock: Clock) -> None:
    hostile = "<!channel> & <https://evil.example|click> " * 400
    huge = Message(
        key="one",
        title=hostile,
        severity=Severity.WARNING,
        summary=hostile,
        facts=tuple(Fact(hostile, hostile) for _ in range(30)),
        sections=tuple(Section(hostile, (hostile,) * 100) for _ in range(60)),
        links=tuple(Link(hostile, f"https://ui.example/?{hostile}") for _ in range(10)),
        footer=hostile,
    )
    transport(slack, clock).post("", huge)
    (shown,) = slack.messages()
    texts = str(shown["text"]) + str(shown["attachments"])
    assert "<!channel>" not in texts
    assert "<https://evil" not in texts


FELL = Chart("faithfulness", tuple((LONG_AGO + timedelta(hours=n), 0.8 - n / 10) for n in range(5)), "it fell")


def charted() -> Message:
    return replace(message(), chart=FELL)


def images(shown: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in shown["attachments"][0]["blocks"] if block["type"] == "image"]


def test_a_message_shows_its_chart_once_slack_has_looked_at_it(slack: SlackServer, clock: Clock) -> None:
    slack.looks_needed = 3
    sender = transport(slack, clock)
    address = sender.post("", charted())
    sender.update(address, charted())
    (shown,) = slack.messages()
    assert images(shown) == [{"type": "image", "slack_file": {"id": "F000000001"}, "alt_text": "it fell"}]
    assert slack.files["F000000001"].content == draw_chart(FELL)
    assert clock.slept == [0.25, 0.5, 0.25, 0.5]


@pytest.mark.parametrize("scope", ["files:write", "files:read"])
def test_without_the_scopes_for_files_a_message_goes_without_its_chart_and_the_task_says_so(
    slack: SlackServer, clock: Clock, scope: str, caplog: pytest.LogCaptureFixture
) -> None:
    slack.scopes.remove(scope)
    transport(slack, clock).post("", charted())
    assert images(slack.messages()[0]) == []
    assert "goes without its chart" in caplog.text
    assert "files:write, files:read" in caplog.text


def test_a_chart_that_slack_never_shows_holds_nothing_up(slack: SlackServer, clock: Clock) -> None:
    slack.looks_needed = 99
    transport(slack, clock).post("", charted())
    assert (len(slack.messages()), images(slack.messages()[0])) == (1, [])
    assert sum(clock.slept) < 8


def test_a_chart_that_slack_refuses_in_a_message_is_left_out_of_it(slack: SlackServer, clock: Clock) -> None:
    sender = transport(
        slack, clock, render=lambda told, image: render_blocks(told, image and {"slack_file": {"id": "F"}})
    )
    sender.post("", charted())
    assert images(slack.messages()[0]) == []
    assert "refused the layout" not in slack.messages()[0]["text"]


def test_a_slack_that_is_down_does_not_cost_the_time_twice(slack: SlackServer, clock: Clock) -> None:
    slack.faults += [Fault(status=503)] * 99
    with pytest.raises(NotifyError, match="HTTP 503"):
        transport(slack, clock).post("", charted())
    assert sum(clock.slept) <= 70


def test_the_thread_of_a_message_keeps_replies_that_are_found_again(slack: SlackServer, clock: Clock) -> None:
    sender = transport(slack, clock)
    address = sender.post("", message())
    assert sender.reply(address, "resolved", "Resolved after 2 h. <!channel> *x*")
    assert [reply["text"] for reply in slack.thread(address.ts)] == ["Resolved after 2 h. &lt;!channel&gt; ∗x*"]
    assert (sender.has_reply(address, "resolved"), sender.has_reply(address, "fired")) == (True, False)
    assert len(slack.messages()) == 1
    assert sender.find("", "one", LONG_AGO) == address


@pytest.mark.parametrize("after", [False, True], ids=["refused", "taken"])
@pytest.mark.parametrize("fault", UNSURE, ids=lambda fault: f"{fault.status} {fault.error}{fault.reset}{fault.stall_s}")
def test_a_reply_of_which_nobody_knows_whether_it_arrived_stands_once(
    slack: SlackServer, clock: Clock, fault: Fault, after: bool
) -> None:
    sender = transport(slack, clock)
    address = sender.post("", message())
    slack.faults.append(replace(fault, after=after))
    assert sender.reply(address, "resolved", "Resolved.")
    assert len(slack.thread(address.ts)) == 1


def test_a_reply_to_a_message_that_is_gone_says_so(slack: SlackServer, clock: Clock) -> None:
    assert not transport(slack, clock).reply(Address("C0GENERAL1", "1.000"), "resolved", "Resolved.")
    assert not transport(slack, clock).has_reply(Address("C0GENERAL1", "1.000"), "resolved")


def test_messages_and_replies_keep_to_one_a_second_and_channel(slack: SlackServer, clock: Clock) -> None:
    slack.pace = clock.now
    sender = transport(slack, clock)
    address = sender.post("", message("one"))
    sender.post("#clinic", message("two"))
    sender.post("", message("three"))
    sender.reply(address, "resolved", "Resolved.")
    assert slack.asked["too fast"] == 0
    assert len(slack.thread(address.ts)) == 1


def test_buttons_carry_the_incident_and_are_left_out_where_nobody_hears_them(slack: SlackServer, clock: Clock) -> None:
    told = replace(message("a" * 300), verbs=tuple(Verb))
    for look in (Look(buttons=True), Look()):
        transport(slack, clock, render=partial(render_blocks, look=look)).post("", told)
    with_buttons, without = (
        [b for b in shown["attachments"][0]["blocks"] if b["type"] == "actions"] for shown in slack.messages()
    )
    assert [(one["action_id"], one["value"]) for one in with_buttons[0]["elements"]] == [
        ("assay.acknowledge", "a" * 300),
        ("assay.snooze_1h", "a" * 300),
        ("assay.snooze_1d", "a" * 300),
        ("assay.not_useful", "a" * 300),
    ]
    assert without == []


def test_private_channels_need_scopes_of_their_own(slack: SlackServer, clock: Clock) -> None:
    sender = transport(slack, clock)
    sender.post("#clinic", message())
    slack.scopes -= {"groups:history"}
    with pytest.raises(ChannelMisconfigured, match=r"missing_scope\. Remedy: .*groups:history"):
        sender.find("#clinic", "one", LONG_AGO)
