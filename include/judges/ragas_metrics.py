"""RAGAS's metrics as a table: what each needs, what it will ask, and what its value says. Nothing of RAGAS is imported.

Every value lies in [0, 1] and more is better, as for every dimension. RAGAS's noise sensitivity, of which less is
better, is therefore shown as `noise_robustness`, which is 1 less the sensitivity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from include.domain.interaction import Interaction
from include.domain.score import FailureType, Statement
from include.errors import JudgeError
from include.judges.prompt import references

_SHOWN = 5
_NO_QUESTION = "(none)"  # RAGAS refuses an empty one


@dataclass(frozen=True, slots=True)
class Texts:
    """What RAGAS may see of an interaction: passages that are not blank, and the first reference."""

    user_input: str
    response: str
    retrieved_contexts: list[str]
    reference: str

    @classmethod
    def of(cls, interaction: Interaction) -> Texts:
        """Those of an interaction."""
        return cls(
            interaction.user_input or _NO_QUESTION,
            interaction.response,
            [text for text in interaction.retrieved_contexts if text.strip()],
            next(iter(references(interaction)), ""),
        )


Lengths = Iterable[tuple[float, float]]
"""Characters asked and answered, for each call."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One of RAGAS's metrics: `ragas` is its class, `takes` are the arguments of its `ascore`."""

    dimension: str
    ragas: str
    takes: tuple[str, ...]
    expected: Callable[[Texts], Lengths]
    told: Callable[[float, Sequence[Statement]], str]
    states: bool = False
    """Whether what is marked are statements of the answer, and of nothing else."""
    less_is_better: bool = False
    embeds: bool = False
    samples: bool = False
    """Whether RAGAS asks the same several times to hear several replies."""

    def lacks(self, texts: Texts) -> JudgeError | None:
        """Why there is nothing to go by, if there is not; no retry helps."""
        if "retrieved_contexts" in self.takes and not texts.retrieved_contexts:
            return JudgeError("no passages were logged", error_type=FailureType.NO_CONTEXTS.value, retryable=False)
        if "reference" in self.takes and not texts.reference:
            return JudgeError("no reference was logged", error_type=FailureType.NO_REFERENCE.value, retryable=False)
        return None


@dataclass(frozen=True, slots=True)
class _Bad:
    """Tells how many marks are bad, and which."""

    all_good: str
    some_bad: str

    def __call__(self, value: float, marks: Sequence[Statement]) -> str:
        bad = [mark for mark in marks if not mark.good]
        if not bad:
            return self.all_good.format(count=len(marks))
        shown = "; ".join(f'"{mark.text}" ({mark.reason})' for mark in bad[:_SHOWN])
        more = f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        return f"{len(bad)} of {len(marks)} {self.some_bad}: {shown}{more}."


def _sensitivity(value: float, marks: Sequence[Statement]) -> str:
    return (
        f"Noise sensitivity {1 - value:.2f}: the share of the answer's statements that the reference does not bear "
        "out, although a passage that matters for the reference does."
    )


def _relevancy(value: float, marks: Sequence[Statement]) -> str:
    if marks and not any(mark.good for mark in marks):
        return "The answer is evasive, which counts as 0."
    asked = "; ".join(f'"{mark.text}"' for mark in marks[:_SHOWN])
    return f"Questions that the answer would answer lie {value:.2f} close to the one that was asked: {asked}."


# Characters of RAGAS's constant prompts with our notice on fences, and how many times as long as a text its
# statements and the verdicts on them are.
STATEMENTS, VERDICTS, USEFUL, RECALL, CLAIMS, QUESTION = 2_300, 3_700, 4_650, 6_300, 2_200, 2_350
RESTATED, REASONED, REASON = 1.5, 3.0, 200


def _faithfulness(texts: Texts) -> Lengths:
    answer = len(texts.response)
    yield STATEMENTS + len(texts.user_input) + answer, RESTATED * answer
    yield VERDICTS + _passages(texts) + RESTATED * answer, REASONED * answer


def _precision(texts: Texts, answer: str) -> Lengths:
    for passage in texts.retrieved_contexts:
        yield USEFUL + len(texts.user_input) + len(passage) + len(answer), REASON


def _recall(texts: Texts) -> Lengths:
    yield RECALL + len(texts.user_input) + _passages(texts) + len(texts.reference), REASONED * len(texts.reference)


def _factual(texts: Texts) -> Lengths:
    for text, other in ((texts.response, texts.reference), (texts.reference, texts.response)):
        yield CLAIMS + len(text), RESTATED * len(text)
        yield VERDICTS + len(other) + RESTATED * len(text), REASONED * len(text)


def _noise(texts: Texts) -> Lengths:
    for text in (texts.reference, texts.response):
        yield STATEMENTS + len(texts.user_input) + len(text), RESTATED * len(text)
        for passage in texts.retrieved_contexts:
            yield VERDICTS + len(passage) + RESTATED * len(text), REASONED * len(text)
    yield VERDICTS + len(texts.reference) + RESTATED * len(texts.response), REASONED * len(texts.response)


def _questions(texts: Texts) -> Lengths:
    for _ in range(3):
        yield QUESTION + len(texts.response), len(texts.user_input) + 50


def _passages(texts: Texts) -> int:
    return sum(map(len, texts.retrieved_contexts))


_USE = _Bad("All {count} passages were of use.", "passages were of no use")

FAITHFULNESS = "faithfulness"
METRICS = {
    metric.dimension: metric
    for metric in (
        Metric(
            FAITHFULNESS,
            "Faithfulness",
            ("user_input", "response", "retrieved_contexts"),
            _faithfulness,
            _Bad(
                "The passages bear out all {count} statements.",
                "statements are not borne out by the passages",
            ),
            states=True,
        ),
        Metric(
            "context_precision_with_reference",
            "ContextPrecisionWithReference",
            ("user_input", "reference", "retrieved_contexts"),
            lambda texts: _precision(texts, texts.reference),
            _USE,
        ),
        Metric(
            "context_precision_without_reference",
            "ContextPrecisionWithoutReference",
            ("user_input", "response", "retrieved_contexts"),
            lambda texts: _precision(texts, texts.response),
            _USE,
        ),
        Metric(
            "context_recall",
            "ContextRecall",
            ("user_input", "retrieved_contexts", "reference"),
            _recall,
            _Bad(
                "The passages hold all {count} statements of the reference.",
                "statements of the reference are not in the passages",
            ),
        ),
        Metric(
            "factual_correctness",
            "FactualCorrectness",
            ("response", "reference"),
            _factual,
            _Bad(
                "Answer and reference bear out all {count} claims of each other.",
                "claims of answer and reference are not borne out by the other",
            ),
        ),
        Metric(
            "noise_robustness",
            "NoiseSensitivity",
            ("user_input", "response", "reference", "retrieved_contexts"),
            _noise,
            _sensitivity,
            less_is_better=True,
        ),
        Metric(
            "response_relevancy",
            "AnswerRelevancy",
            ("user_input", "response"),
            _questions,
            _relevancy,
            embeds=True,
            samples=True,
        ),
    )
}
