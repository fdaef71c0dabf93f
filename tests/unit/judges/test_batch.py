"""How calls are cut into batches: the limits of a provider, and what no batch can hold."""

from __future__ import annotations

import pytest

from include.domain.batch import WantedCall
from include.domain.llm import CallPurpose, ChatMessage, LLMReply, LLMRequest
from include.judges.batch import ENVELOPE, _outcome, _parts


class Room:
    """Takes four requests of in all ten bytes, an envelope aside."""

    most_requests, most_bytes = 4, ENVELOPE + 10

    def line(self, call: WantedCall) -> bytes:
        return call.request.messages[0].content.encode()


def cut(*lines: str) -> list[list[str]]:
    purpose = CallPurpose("p", "d", "j")
    calls = [WantedCall(line, LLMRequest((ChatMessage("user", line),), "s", {}, 0.1, 1), purpose) for line in lines]
    return [[line.decode() for _, line in part] for part in _parts(calls, Room())]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "parts"),
    [
        ([], []),
        (["a"], [["a"]]),
        (["a", "b", "c", "d"], [["a", "b", "c", "d"]]),
        (["a", "b", "c", "d", "e"], [["a", "b", "c", "d"], ["e"]]),
        (["1234", "1234", "1"], [["1234", "1234"], ["1"]]),
        (["123456789", "1"], [["123456789"], ["1"]]),
        (["1", "1234567890", "2"], [["1", "2"]]),
    ],
)
def test_a_batch_is_as_large_as_its_provider_takes_and_what_none_can_hold_is_left_for_a_live_call(
    lines: list[str], parts: list[list[str]]
) -> None:
    assert cut(*lines) == parts


@pytest.mark.parametrize(
    ("finish_reason", "outcome"),
    [
        ("stop", "ok"),
        (None, "ok"),
        ("length", "judge_truncated_reply"),
        ("refusal", "judge_refused"),
        ("content_filter", "judge_refused"),
    ],
)
def test_what_a_reply_is_without_its_parser(finish_reason: str | None, outcome: str) -> None:
    assert _outcome(LLMReply("", finish_reason, None, None, None, 0.0)) == outcome
