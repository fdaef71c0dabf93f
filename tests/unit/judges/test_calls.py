"""Calls through the ledger: what is sent, what is asked again, what is paid for once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import pytest

from include.domain.cost import Spend
from include.domain.llm import CallMode, CallPurpose, ChatMessage, JudgeCall, LLMReply, LLMRequest, SparedCall
from include.domain.price import LIST, BillableCall, Price
from include.domain.score import Verdict, canonical
from include.errors import JudgeError, StoreUnreachable
from include.judges.calls import Calls
from include.judges.ledger import LedgerDesk, MemoryLedger
from include.judges.rubric import verdict
from tests.fakes.llm import USAGE, FakeModel, reply

AT = datetime(2026, 11, 20, tzinfo=UTC)
REQUEST = LLMRequest((ChatMessage("user", "judge this"),), "verdict", {}, 0.1, 64)
PURPOSE = CallPurpose("bank", "correctness", "rubric correctness 1")
GOOD = '{"reasoning": "right", "score": 4}'


class Prices:
    """A cent for each token that came out; nobody knows the price of model `free`."""

    def price(self, call: BillableCall) -> Price | None:
        if call.model == "free" or call.usage is None:
            return None
        return Price(Decimal(call.usage.output_tokens) / 100, LIST)


class Keeping(MemoryLedger):
    """A ledger that shows what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: list[JudgeCall] = []
        self.released: list[str] = []
        self.told_spared: list[dict[SparedCall, Spend]] = []

    def record(self, calls: Sequence[JudgeCall]) -> None:
        self.recorded += calls
        super().record(calls)

    def release(self, keys: Sequence[str]) -> None:
        self.released += keys

    def spared(self, calls: Mapping[SparedCall, Spend]) -> None:
        self.told_spared.append(dict(calls))


def calls(model: FakeModel, ledger: MemoryLedger | None = None) -> Calls:
    return Calls(model, LedgerDesk(ledger or MemoryLedger()), Prices(), lambda: AT)


async def test_a_verdict_comes_with_its_bill() -> None:
    ledger = Keeping()
    answer = await calls(FakeModel(GOOD), ledger).ask(REQUEST, PURPOSE, verdict)
    assert answer.value == Verdict("right", 4)
    assert (answer.bill.usage, answer.bill.cost) == (USAGE, Decimal("0.2"))
    (call,) = ledger.recorded
    assert (call.purpose, call.outcome, call.cost, call.called_at) == (PURPOSE, "ok", Decimal("0.2"), AT)


async def test_the_same_question_is_paid_for_once_even_when_asked_at_the_same_moment() -> None:
    model = FakeModel(GOOD, wait_s=0.01)
    asked = calls(model)
    answers = await asyncio.gather(*(asked.ask(REQUEST, PURPOSE, verdict) for _ in range(20)))
    again = await asked.ask(REQUEST, PURPOSE, verdict)
    assert len(model.requests) == 1
    assert {answer.value for answer in [*answers, again]} == {Verdict("right", 4)}


async def test_calls_that_the_ledger_spared_are_told_once_with_what_they_had_cost() -> None:
    ledger = Keeping()
    desk = LedgerDesk(ledger)
    model = FakeModel(GOOD)
    asked = Calls(model, desk, Prices(), lambda: AT)
    for _ in range(4):
        await asked.ask(REQUEST, PURPOSE, verdict)
    await desk.close()
    await desk.close()
    spared = SparedCall(AT.date(), PURPOSE, model.model)
    assert ledger.told_spared == [{spared: Spend(3, 0, Decimal("0.6"))}]


async def test_a_spared_call_without_a_price_is_counted_as_such() -> None:
    ledger = Keeping()
    desk = LedgerDesk(ledger)
    asked = Calls(FakeModel(replace(reply(GOOD), response_model="free")), desk, Prices(), lambda: AT)
    for _ in range(2):
        await asked.ask(REQUEST, PURPOSE, verdict)
    await desk.close()
    assert [list(told.values()) for told in ledger.told_spared] == [[Spend(1, 1)]]


async def test_a_reply_of_a_batch_was_fetched_to_be_used_and_spares_nothing() -> None:
    ledger = Keeping()
    model = FakeModel()
    key = REQUEST.key(model.endpoint, model.model)
    kept = JudgeCall(key, PURPOSE, "openai", model.model, "ok", reply(GOOD), Decimal(1), AT, CallMode.BATCH)
    ledger.record([kept])
    desk = LedgerDesk(ledger)
    await Calls(model, desk, Prices(), lambda: AT).ask(REQUEST, PURPOSE, verdict)
    await desk.close()
    assert (model.requests, ledger.told_spared) == ([], [])


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, messages=(ChatMessage("user", "judge that"),)),
        replace(REQUEST, messages=(ChatMessage("system", "judge this"),)),
        replace(REQUEST, schema={"type": "object"}),
        replace(REQUEST, temperature=0.2),
        replace(REQUEST, max_output_tokens=65),
    ],
)
def test_all_that_shapes_a_reply_shapes_the_key(other: LLMRequest) -> None:
    assert REQUEST.key("e", "m") != other.key("e", "m")
    assert REQUEST.key("e", "m") != REQUEST.key("e", "n") != REQUEST.key("f", "n")


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_key_is_the_digest_of_the_whole_request(turns: int) -> None:
    request = replace(REQUEST, messages=tuple(ChatMessage("user", f'"{turn}" \ud800 é') for turn in range(turns)))
    first, *others = [[message.role, message.content] for message in request.messages]
    said = canonical(["e", "m", *first]) + canonical([others, ["verdict", {}, 0.1, 64], 1, False])
    assert replace(request, sample=1).key("e", "m") == sha256(said).hexdigest()


async def test_a_malformed_reply_is_asked_for_once_more_with_its_error_and_without_its_words() -> None:
    model, ledger = FakeModel("five stars!", GOOD), Keeping()
    answer = await calls(model, ledger).ask(REQUEST, PURPOSE, verdict)
    assert answer.value.score == 4
    assert [message.role for message in model.requests[1].messages] == ["user", "assistant", "user"]
    assert "five stars" not in model.requests[1].messages[1].content + model.requests[1].messages[2].content
    assert "not one JSON object" in model.requests[1].messages[2].content
    assert [call.outcome for call in ledger.recorded] == ["judge_malformed_reply", "ok"]
    assert answer.bill.cost == Decimal("0.4")


async def test_a_truncated_reply_is_asked_for_with_a_larger_limit_once() -> None:
    model = FakeModel(reply('{"reasoning": "on and', "length"), GOOD)
    answer = await calls(model).ask(REQUEST, PURPOSE, verdict)
    assert answer.value.score == 4
    assert [request.max_output_tokens for request in model.requests] == [64, 256]


@pytest.mark.parametrize(
    ("script", "error_type", "sent"),
    [
        (["no", "no"], "judge_malformed_reply", 2),
        ([reply("", "length")], "judge_truncated_reply", 2),
        ([reply("", "length"), "no", "no"], "judge_malformed_reply", 3),
        ([reply("I will not", "refusal")], "judge_refused", 1),
        ([reply("", "content_filter")], "judge_refused", 1),
    ],
)
async def test_a_model_that_gives_no_verdict_fails_for_good_and_its_calls_are_on_record(
    script: list[str | LLMReply], error_type: str, sent: int
) -> None:
    model, ledger = FakeModel(*script), Keeping()
    for _ in range(2):  # the second time from the ledger
        with pytest.raises(JudgeError) as raised:
            await calls(model, ledger).ask(REQUEST, PURPOSE, verdict)
        assert (raised.value.error_type, raised.value.retryable) == (error_type, False)
    assert len(model.requests) == len(ledger.recorded) == sent


async def test_a_call_that_never_came_back_is_not_on_record_and_may_be_made_again() -> None:
    down = JudgeError("down", error_type="judge_unreachable", retryable=True)
    model, ledger = FakeModel(down, GOOD), Keeping()
    asked = calls(model, ledger)
    with pytest.raises(JudgeError, match="down"):
        await asked.ask(REQUEST, PURPOSE, verdict)
    assert ledger.recorded == []
    assert (await asked.ask(REQUEST, PURPOSE, verdict)).value.score == 4
    assert ledger.released == [REQUEST.key(model.endpoint, model.model)]


@pytest.mark.parametrize("told", [reply(GOOD), replace(reply(GOOD), usage=None)])
async def test_an_unknown_price_is_not_nothing(told: LLMReply) -> None:
    answer = await calls(FakeModel(replace(told, response_model="free"))).ask(REQUEST, PURPOSE, verdict)
    assert answer.bill.cost is None


async def test_nothing_is_sent_while_the_ledger_is_down() -> None:
    class Down(MemoryLedger):
        def claim(self, keys: Sequence[str]) -> dict[str, JudgeCall | None]:
            raise StoreUnreachable("store down")

    model = FakeModel(GOOD)
    with pytest.raises(StoreUnreachable):
        await calls(model, Down()).ask(REQUEST, PURPOSE, verdict)
    assert model.requests == []


async def test_what_is_busy_elsewhere_is_waited_for() -> None:
    class Elsewhere(MemoryLedger):
        asked = 0

        def claim(self, keys: Sequence[str]) -> dict[str, JudgeCall | None]:
            self.asked += 1
            if self.asked < 3:
                return {}
            purpose = CallPurpose("bank", "correctness", "j")
            return {key: JudgeCall(key, purpose, "openai", "m", "ok", reply(GOOD), None, AT) for key in keys}

    model, ledger = FakeModel(GOOD), Elsewhere()
    asked = Calls(model, LedgerDesk(ledger, poll_s=0.001), Prices(), lambda: AT)
    assert (await asked.ask(REQUEST, PURPOSE, verdict)).value.score == 4
    assert model.requests == []


async def test_a_thousand_calls_reach_the_ledger_in_few_batches() -> None:
    class Counting(MemoryLedger):
        batches = 0

        def claim(self, keys: Sequence[str]) -> dict[str, JudgeCall | None]:
            self.batches += 1
            return super().claim(keys)

    ledger = Counting()
    asked = calls(FakeModel(GOOD), ledger)
    requests = [replace(REQUEST, max_output_tokens=number) for number in range(1, 1001)]
    await asyncio.gather(*(asked.ask(request, PURPOSE, verdict) for request in requests))
    assert ledger.batches < 50


async def test_closing_waits_for_what_is_not_on_record_yet() -> None:
    ledger = Keeping()
    desk = LedgerDesk(ledger)
    asked = Calls(FakeModel(GOOD), desk, Prices(), lambda: AT)
    task = asyncio.ensure_future(asked.ask(REQUEST, PURPOSE, verdict))
    while not desk._next.records and not ledger.recorded:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await desk.close()
    assert len(ledger.recorded) == 1
