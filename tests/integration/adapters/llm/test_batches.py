"""Both vendors' batches over HTTP on loopback: what is sent, found again, read and told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from include.adapters.llm.batch_office import batches_for
from include.domain.batch import Batch, BatchStatus, WantedCall, Whereabouts
from include.domain.llm import CallPurpose, ChatMessage, LLMReply, LLMRequest
from include.errors import JudgeError, JudgeMisconfigured
from include.judges.rubric import SCHEMA, verdict
from include.settings import JudgeSettings
from tests.fakes.batch_server import KEY, Provider, provider
from tests.integration.judges.batch_stage import MODELS, office

PURPOSE = CallPurpose("bank", "correctness", "rubric correctness 1")
VENDORS = pytest.mark.parametrize("vendor", ["openai", "anthropic"])


@pytest.fixture
def server() -> Iterator[Provider]:
    with provider() as it:
        yield it


def wanted(number: int, more: str = "") -> WantedCall:
    messages = (ChatMessage("system", "Judge."), ChatMessage("user", f"answer {number} {more}"))
    request = LLMRequest(messages, "verdict", SCHEMA, 0.1, 64)
    return WantedCall(request.key("e", "m"), request, PURPOSE)


def intent(**changes: object) -> Batch:
    now = datetime.now(UTC)
    given = {"intended_at": now, "due_at": now + timedelta(days=1), **changes}
    return Batch("k" * 64, "e", "m", "run", BatchStatus.INTENDED, **given)  # type: ignore[arg-type]


async def run_to_the_end(room: object, batch_id: str) -> str:
    for _ in range(5):
        if how := await room.ended(batch_id):  # type: ignore[attr-defined]
            return str(how)
    raise AssertionError("it never ended")


@VENDORS
async def test_replies_come_back_under_their_keys_with_usage_and_model(server: Provider, vendor: str) -> None:
    calls = [wanted(number) for number in range(3)]
    async with office(vendor, server.url) as room:
        batch_id = await room.send("k" * 64, [room.line(call) for call in calls])
        assert await room.ended(batch_id) is None
        await run_to_the_end(room, batch_id)
        replies = {key: reply async for key, reply in room.replies(batch_id)}
    assert replies.keys() == {call.key for call in calls}
    for reply in replies.values():
        assert isinstance(reply, LLMReply)
        assert 1 <= verdict(reply.content).score <= 5
        assert (reply.response_model, reply.finish_reason, reply.latency_ms) == (MODELS[vendor], "stop", 0.0)
        assert reply.usage is not None
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (400, 60)


@VENDORS
async def test_a_batch_of_megabytes_is_sent_and_its_results_are_read_as_they_come(
    server: Provider, vendor: str
) -> None:
    calls = [wanted(number, "word " * 400) for number in range(1500)]
    async with office(vendor, server.url) as room:
        batch_id = await room.send("k" * 64, [room.line(call) for call in calls])
        await run_to_the_end(room, batch_id)
        replies = {key async for key, reply in room.replies(batch_id) if isinstance(reply, LLMReply)}
    assert replies == {call.key for call in calls}


@VENDORS
async def test_a_request_that_was_refused_says_why(server: Provider, vendor: str) -> None:
    server.refuse_every = 1
    async with office(vendor, server.url) as room:
        batch_id = await room.send("k" * 64, [room.line(wanted(1))])
        await run_to_the_end(room, batch_id)
        [(key, complaint)] = [told async for told in room.replies(batch_id)]
    assert key == wanted(1).key
    assert isinstance(complaint, str)
    assert "messages: too long" in complaint


@VENDORS
async def test_a_cancelled_batch_ends_with_what_it_had_answered(server: Provider, vendor: str) -> None:
    server.fate = "stuck"
    async with office(vendor, server.url) as room:
        batch_id = await room.send("k" * 64, [room.line(wanted(number)) for number in range(4)])
        await room.cancel(batch_id)
        assert "cancel" in await run_to_the_end(room, batch_id)
        replies = [reply async for _, reply in room.replies(batch_id)]
    assert len([reply for reply in replies if isinstance(reply, LLMReply)]) == 2


async def test_openai_shows_a_batch_by_its_metadata_at_once(server: Provider) -> None:
    async with office("openai", server.url) as room:
        other = await room.send("x" * 64, [room.line(wanted(1))])
        assert await room.find(intent(), {wanted(1).key}) is Whereabouts.ABSENT
        batch_id = await room.send("k" * 64, [room.line(wanted(1))])
        assert other != batch_id
        assert await room.find(intent(), {wanted(1).key}) == batch_id


async def test_anthropic_shows_whose_a_batch_is_when_it_has_ended(server: Provider) -> None:
    async with office("anthropic", server.url) as room:
        batch_id = await room.send("k" * 64, [room.line(wanted(1))])
        assert await room.find(intent(), {wanted(1).key, wanted(2).key}) is Whereabouts.ABSENT, "of another size"
        assert await room.find(intent(), {wanted(1).key}) is Whereabouts.UNCLEAR
        await run_to_the_end(room, batch_id)
        assert await room.find(intent(), {wanted(1).key}) == batch_id
        assert await room.find(intent(), {wanted(2).key}) is Whereabouts.ABSENT


@VENDORS
@pytest.mark.parametrize("age", [timedelta(minutes=-3), timedelta(hours=1)])
async def test_a_batch_of_another_time_is_not_taken_for_the_intended_one(
    server: Provider, vendor: str, age: timedelta
) -> None:
    async with office(vendor, server.url) as room:
        batch_id = await room.send("k" * 64, [room.line(wanted(1))])
        await run_to_the_end(room, batch_id)
        intended_at = datetime.now(UTC) - age
        assert await room.find(intent(intended_at=intended_at), {wanted(1).key}) is Whereabouts.ABSENT


@VENDORS
async def test_a_batch_is_found_on_later_pages_of_the_list(server: Provider, vendor: str) -> None:
    async with office(vendor, server.url) as room:
        batch_id = await room.send("k" * 64, [room.line(wanted(1))])
        await run_to_the_end(room, batch_id)
        for number in range(101):
            await room.send("x" * 64, [room.line(wanted(number + 10)), room.line(wanted(1))])
        assert await room.find(intent(), {wanted(1).key}) == batch_id


@VENDORS
async def test_a_wrong_key_is_said_in_one_line_that_does_not_repeat_it(server: Provider, vendor: str) -> None:
    settings = JudgeSettings.model_validate(
        {"backend": vendor, "base_url": server.url, "model": MODELS[vendor], "api_key": "sk-secret"}
    )
    async with batches_for(settings) as room:
        with pytest.raises(JudgeMisconfigured) as raised:
            await room.send("k" * 64, [room.line(wanted(1))])
    assert "401 Incorrect API key" in str(raised.value)
    assert "sk-secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@VENDORS
async def test_an_endpoint_without_batches_is_misconfigured_and_says_what_to_do(server: Provider, vendor: str) -> None:
    async with office(vendor, server.url.replace("/v1", "/else/v1")) as room:
        with pytest.raises(JudgeMisconfigured, match=r"Remedy: .*take its batches out of judging\.yaml"):
            await room.send("k" * 64, [room.line(wanted(1))])


@VENDORS
async def test_a_provider_in_trouble_is_asked_again_and_then_left_for_later(server: Provider, vendor: str) -> None:
    server.down = True
    async with office(vendor, server.url) as room:
        with pytest.raises(JudgeError) as raised:
            await room.ended("batch_1")
    assert raised.value.retryable
    assert server.knocks == 4


@VENDORS
async def test_a_batch_that_may_have_arrived_is_not_sent_twice(server: Provider, vendor: str) -> None:
    server.loses_answers = True
    async with office(vendor, server.url) as room:
        with pytest.raises(JudgeError) as raised:
            await room.send("k" * 64, [room.line(wanted(1))])
    assert raised.value.retryable
    assert len(server.batches) == 1


@VENDORS
async def test_a_batch_that_is_gone_has_ended(server: Provider, vendor: str) -> None:
    async with office(vendor, server.url) as room:
        assert await room.ended("batch_of_yore") == "no longer there"


def test_azures_version_goes_with_every_request_and_the_key_in_its_own_header() -> None:
    url = "https://x.openai.azure.com/openai/v1?api-version=preview"
    settings = JudgeSettings.model_validate({"backend": "openai", "base_url": url, "model": "m", "api_key": KEY})
    door = batches_for(settings)._door
    assert str(door._base) == url
    assert door._headers == {"api-key": KEY}
