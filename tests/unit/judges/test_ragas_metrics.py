"""RAGAS's metrics beyond faithfulness: what they ask, what they make of it, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from include.domain.interaction import Interaction
from include.domain.llm import LLMReply, LLMRequest
from include.domain.ports import Judge
from include.domain.score import FailureType, Outcome, Score, ScoreFailure, ScoreSource
from include.domain.vector import packed
from include.judges.build import Bench
from include.judges.estimate import estimate
from include.judges.ragas_metrics import METRICS
from tests.fakes.llm import FakeModel, Said, reply, verdicts
from tests.unit.judges.bench import ASKED, AT, Flat, bench, model

OTHERS = [name for name, metric in METRICS.items() if name != "faithfulness" and not metric.embeds]
STATEMENTS = ("It opens at nine.", "It closes at ten.")


def hired(dimension: str, *script: Said) -> tuple[Judge, FakeModel]:
    asked = model("m", *script)
    (found,) = (one for one in bench([], {"main": asked}).on_call[""] if one.epoch.dimension == dimension)
    return found, asked


async def scored(dimension: str, *script: Said, interaction: Interaction = ASKED) -> tuple[Outcome, FakeModel]:
    judge, asked = hired(dimension, *script)
    return await judge.score(interaction), asked


def value(outcome: Outcome) -> float:
    assert isinstance(outcome, Score)
    return outcome.value


def failed(outcome: Outcome) -> tuple[FailureType, bool]:
    assert isinstance(outcome, ScoreFailure)
    return outcome.error_type, outcome.retryable


def stated(*statements: str) -> str:
    return json.dumps({"statements": statements})


def claimed(*claims: str) -> str:
    return json.dumps({"claims": claims})


def useful(verdict: object) -> str:
    return json.dumps({"reason": "It tells the hour.", "verdict": verdict})


def recalled(*marks: object) -> str:
    parts = [
        {"statement": f"S{number}.", "reason": "It is there.", "attributed": one} for number, one in enumerate(marks)
    ]
    return json.dumps({"classifications": parts})


@pytest.mark.parametrize("which", ["with", "without"])
async def test_context_precision_is_the_average_precision_of_the_passages(which: str) -> None:
    # The second of two is of use: precision 1/2 at the only place that counts.
    outcome, asked = await scored(f"context_precision_{which}_reference", useful(0), useful(1))
    assert value(outcome) == pytest.approx(0.5)
    assert isinstance(outcome, Score)
    assert outcome.explanation == '1 of 2 passages were of no use: "passage 1" (It tells the hour.).'
    assert outcome.source is ScoreSource.RAGAS
    held_against = ASKED.reference if which == "with" else ASKED.response
    assert all(f'"answer": "{held_against}"' in request.messages[1].content for request in asked.requests)


async def test_context_recall_is_the_share_of_the_reference_that_the_passages_hold() -> None:
    outcome, asked = await scored("context_recall", recalled(1, 1, 0, 1))
    assert value(outcome) == 0.75
    assert isinstance(outcome, Score)
    assert outcome.explanation == '1 of 4 statements of the reference are not in the passages: "S2." (It is there.).'
    assert len(asked.requests) == 1


async def test_factual_correctness_is_the_f1_of_answer_and_reference() -> None:
    script = (claimed("A.", "B."), verdicts([1, 0]), claimed("C."), verdicts([1]))
    outcome, _ = await scored("factual_correctness", *script)
    assert value(outcome) == pytest.approx(0.67)  # 1 true, 1 false, 0 missing; RAGAS rounds
    assert isinstance(outcome, Score)
    assert outcome.explanation.startswith("1 of 3 claims of answer and reference are not borne out by the other:")


@pytest.mark.parametrize(("borne_out_by_the_reference", "robustness"), [([1, 1], 1.0), ([1, 0], 0.5), ([0, 0], 0.0)])
async def test_noise_robustness_is_one_less_the_share_of_wrong_statements_that_a_relevant_passage_bears_out(
    borne_out_by_the_reference: Sequence[int], robustness: float
) -> None:
    passage = (verdicts([1]), verdicts([1, 1]))  # what it bears out of the reference, and of the answer
    script = (stated("R."), stated(*STATEMENTS), *passage, *passage, verdicts(borne_out_by_the_reference))
    outcome, asked = await scored("noise_robustness", *script, interaction=replace(ASKED, reference="R."))
    assert value(outcome) == robustness
    assert isinstance(outcome, Score)
    assert outcome.explanation.startswith(f"Noise sensitivity {1 - robustness:.2f}:")
    assert len(asked.requests) == 7


@pytest.mark.parametrize(
    ("dimension", "script"),
    [
        ("context_precision_with_reference", [useful(2)]),
        ("context_precision_without_reference", [useful(-1)]),
        ("context_recall", [recalled(1, 7)]),
        ("context_recall", [recalled()]),
        ("factual_correctness", [claimed("A."), verdicts([1, 1])]),
        ("factual_correctness", [claimed("A.", "B."), verdicts([1, 3])]),
        ("noise_robustness", [stated("A.", "B."), stated("C."), verdicts([1])]),
        ("noise_robustness", [stated("A."), stated("C."), verdicts([9])]),
    ],
)
async def test_verdicts_that_are_none_or_too_few_are_malformed(dimension: str, script: Sequence[str]) -> None:
    outcome, _ = await scored(dimension, *script)
    assert failed(outcome) == (FailureType.MALFORMED, False)


@pytest.mark.parametrize("dimension", ["factual_correctness", "noise_robustness"])
async def test_a_text_that_states_nothing_gives_nothing_to_judge(dimension: str) -> None:
    outcome, _ = await scored(dimension, claimed() if dimension == "factual_correctness" else stated())
    assert failed(outcome) == (FailureType.NOTHING_TO_JUDGE, False)


@pytest.mark.parametrize("dimension", OTHERS)
async def test_without_what_it_needs_no_call_is_made_and_it_says_what_is_missing(dimension: str) -> None:
    takes = METRICS[dimension].takes
    missing = {
        "retrieved_contexts": (replace(ASKED, retrieved_contexts=("  ",)), FailureType.NO_CONTEXTS),
        "reference": (replace(ASKED, reference=" "), FailureType.NO_REFERENCE),
        "response": (replace(ASKED, response=""), FailureType.NO_RESPONSE),
    }
    for part, (interaction, kind) in missing.items():
        if part in takes or part == "response":
            outcome, asked = await scored(dimension, interaction=interaction)
            assert failed(outcome) == (kind, False)
            assert asked.requests == []


@pytest.mark.parametrize("dimension", OTHERS)
async def test_marks_of_anything_but_the_answers_statements_are_told_and_not_kept(dimension: str) -> None:
    outcome, _ = await scored(dimension)
    assert isinstance(outcome, Score)
    assert outcome.statements == ()


@pytest.mark.parametrize("dimension", OTHERS)
async def test_what_was_logged_is_fenced_and_what_is_constant_is_the_same_for_all(dimension: str) -> None:
    judge, asked = hired(dimension)
    for number in range(2):
        changed = replace(
            ASKED, response=f"Zebra {number}.", reference=f"Zebra {number}!", user_input=f"Zebra {number}?"
        )
        assert 0 <= value(await judge.score(changed)) <= 1
    constant: dict[str, set[str]] = {}
    for request in asked.requests:
        system, logged = request.messages
        constant.setdefault(request.schema_name, set()).add(system.content)
        assert "Zebra" not in system.content
        assert logged.content.startswith("Fence: ")
    assert all(len(said) == 1 for said in constant.values())


@pytest.mark.parametrize("dimension", OTHERS)
async def test_as_many_calls_and_tokens_are_expected_as_are_used(dimension: str) -> None:
    judge, asked = hired(dimension)
    different = replace(ASKED, reference="The branch opens at nine, the counter at ten.")
    await judge.score(different)
    found = estimate([different], Bench({"": (judge,)}, bench([], {"main": asked}).shared).of, Flat(), at=AT)
    characters = sum(len(message.content) for request in asked.requests for message in request.messages)
    alike = len(asked.requests) < found.calls  # the model in memory states the same of every text
    assert alike is (dimension == "noise_robustness")
    per_call = characters / len(asked.requests) / 4
    assert found.usage.input_tokens / found.calls == pytest.approx(per_call, rel=0.15)


class Embedding(FakeModel):
    """Texts with the same first letter lie in the same direction, others across."""

    async def complete(self, request: LLMRequest) -> LLMReply:
        self.requests.append(request)
        (message,) = request.messages
        return reply(packed([2.0, 0.0] if message.content.startswith("W") else [0.0, 0.5]))


def relevancy(asked: FakeModel, embedding: FakeModel) -> Judge:
    (*_, found) = bench([], {"main": asked, "vectors": embedding}, embeddings="vectors").on_call[""]
    assert found.epoch.dimension == "response_relevancy"
    return found


def question(text: str, noncommittal: object = 0) -> str:
    return json.dumps({"question": text, "noncommittal": noncommittal})


async def test_response_relevancy_is_how_close_the_answers_questions_lie_to_the_one_that_was_asked() -> None:
    asked, embedding = model("m", question("When?"), question("How much?"), question("What hour?")), Embedding()
    found = await relevancy(asked, embedding).score(ASKED)
    assert isinstance(found, Score)
    assert found.value == pytest.approx(2 / 3)
    assert found.explanation == (
        "Questions that the answer would answer lie 0.67 close to the one that was asked: "
        '"When?"; "How much?"; "What hour?".'
    )
    assert [request.sample for request in asked.requests] == [0, 1, 2]  # else the ledger would say the same thrice
    assert found.usage.input_tokens == 700
    assert {request.messages[0].content for request in embedding.requests} == {
        ASKED.user_input,
        "When?",
        "How much?",
        "What hour?",
    }


async def test_an_evasive_answer_is_not_relevant() -> None:
    found = await relevancy(model("m", question("When?", 1)), Embedding()).score(ASKED)
    assert isinstance(found, Score)
    assert (found.value, found.explanation) == (0.0, "The answer is evasive, which counts as 0.")


@pytest.mark.parametrize("said", [question(" "), question("When?", 2), question("When?", "maybe")])
async def test_a_question_that_is_none_is_malformed(said: str) -> None:
    assert failed(await relevancy(model("m", said), Embedding()).score(ASKED)) == (FailureType.MALFORMED, False)


@pytest.mark.parametrize("content", ["no vector", packed([0.0, 0.0]), "", "AAA="])
async def test_a_vector_that_is_none_is_malformed(content: str) -> None:
    found = await relevancy(model("m", question("When?")), model("v", content)).score(ASKED)
    assert failed(found) == (FailureType.MALFORMED, False)


def test_another_embedding_model_is_another_epoch() -> None:
    epochs = {relevancy(model("m"), model(name)).epoch.id for name in ("v", "w")}
    assert len(epochs) == 2


def test_another_metric_is_another_epoch() -> None:
    epochs = {hired(dimension)[0].epoch.id for dimension in OTHERS}
    assert len(epochs) == len(OTHERS)
