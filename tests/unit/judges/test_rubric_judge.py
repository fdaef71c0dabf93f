"""What a judge by rubric is shown of an interaction, and what makes it another judge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.domain.interaction import Interaction, Turn
from include.domain.score import FailureType, Score, ScoreFailure
from tests.unit.judges.bench import ASKED, bench, judge, model, rubric

TALK = (Turn("user", "Is the branch in Graz open today?"), Turn("assistant", "It is."))


async def shown(interaction: Interaction) -> tuple[str, str]:
    """The user message, and how the explanation begins."""
    asked = model("m")
    found = await judge(bench([rubric()], {"main": asked})).score(interaction)
    assert isinstance(found, Score)
    return asked.requests[0].messages[1].content, found.explanation.partition(":")[0]


def sections(message: str) -> list[str]:
    return [line.partition(" begin ")[2].rstrip("]") for line in message.splitlines() if " begin " in line]


@pytest.mark.parametrize(
    ("interaction", "seen", "basis"),
    [
        (ASKED, ["question", "passage 1", "passage 2", "reference 1", "answer"], "Against the reference"),
        (
            replace(ASKED, reference=None),
            ["question", "passage 1", "passage 2", "answer"],
            "Against question and passages",
        ),
        (replace(ASKED, reference=" ", retrieved_contexts=()), ["question", "answer"], "Against the question"),
        (
            replace(ASKED, attributes={"other_references": ["At 9.", " "]}, retrieved_contexts=()),
            ["question", "reference 1", "reference 2", "answer"],
            "Against the reference",
        ),
        (
            replace(ASKED, history=TALK, retrieved_contexts=(), reference=None),
            ["earlier conversation", "question", "answer"],
            "Against the question",
        ),
    ],
)
async def test_correctness_is_judged_against_what_there_is_and_says_so(
    interaction: Interaction, seen: list[str], basis: str
) -> None:
    message, told = await shown(interaction)
    assert (sections(message), told) == (seen, basis)


async def test_an_answer_is_judged_as_the_last_turn_of_its_conversation() -> None:
    message, _ = await shown(replace(ASKED, history=TALK))
    said = "user: Is the branch in Graz open today?\n\nassistant: It is."
    assert message.index(said) < message.index(ASKED.user_input) < message.index(ASKED.response)
    assert "Judge the last answer of a conversation in the light of what was said before." in " ".join(
        rubric().guidance.split()
    )


async def test_what_is_in_another_language_than_the_rubrics_is_a_failure_for_good_and_no_call() -> None:
    asked = model("m")
    found = await judge(bench([rubric(languages=("de", "fr"))], {"main": asked})).score(
        replace(ASKED, attributes={"language": "en-GB"})
    )
    assert isinstance(found, ScoreFailure)
    assert (found.error_type, found.retryable) == (FailureType.UNSUPPORTED_LANGUAGE, False)
    assert found.message == "rubric correctness is made for de, fr and not for en-GB"
    assert asked.requests == []


def epoch(**changed: object) -> str:
    return judge(bench([rubric(**changed)], {"main": model("m")})).epoch.id


@pytest.mark.parametrize(
    "changed", [{"question": "Is it?"}, {"guidance": "Guess."}, {"temperature": 0.2}, {"version": 2}, {"examples": ()}]
)
def test_what_shapes_the_reply_makes_another_judge(changed: dict[str, object]) -> None:
    assert epoch(**changed) != epoch()


@pytest.mark.parametrize("changed", [{"notes": {1: "Other words."}}, {"languages": ("en",)}, {"escalate": None}])
def test_what_does_not_shape_it_leaves_the_judge_as_it_is(changed: dict[str, object]) -> None:
    assert epoch(**changed) == epoch()


async def test_the_system_message_is_the_same_for_every_interaction() -> None:
    asked = model("m")
    subject = judge(bench([rubric()], {"main": asked}))
    different = [ASKED, replace(ASKED, project="shop", user_input="Why?", history=TALK), replace(ASKED, reference=None)]
    for interaction in different:
        await subject.score(interaction)
    assert len({request.messages[0] for request in asked.requests}) == 1
    assert len({request.messages[1] for request in asked.requests}) == len(different)
