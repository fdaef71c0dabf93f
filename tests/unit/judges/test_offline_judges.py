"""The stand-in judges as the pipeline sees them: scores with an identity, or a typed reason why there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from include.domain.interaction import Interaction
from include.domain.score import FailureType, Score, ScoreFailure, ScoreSource, Statement
from include.judges.build import offline_judges
from include.judges.offline_judge import OfflineJudge

AT = datetime(2026, 11, 20, tzinfo=UTC)
ASKED = Interaction(
    "a",
    AT,
    AT,
    "p",
    "prod",
    "When does the branch in Ulm open?",
    "The branch in Ulm opens at 9 in the morning.",
    retrieved_contexts=("The branch in Ulm opens at 9 in the morning, from Monday to Friday.",),
)


async def test_all_dimensions_are_scored_by_code_for_nothing() -> None:
    for judge in offline_judges():
        found = await judge.score(ASKED)
        assert isinstance(found, Score)
        assert (found.source, found.cost, found.epoch) == (ScoreSource.CODE, Decimal(0), judge.epoch.id)
        assert found.value > 0.6


async def test_the_same_interaction_always_gets_the_same_score() -> None:
    judge = OfflineJudge("faithfulness")
    assert await judge.score(ASKED) == await OfflineJudge("faithfulness").score(ASKED)


async def test_further_references_count_as_much_as_the_first() -> None:
    judge = OfflineJudge("correctness")
    wrong = replace(ASKED, response="Paris.", reference="Lyon")
    right = replace(wrong, attributes={"other_references": ["Paris", None, 3]})
    low, high = await judge.score(wrong), await judge.score(right)
    assert isinstance(low, Score)
    assert isinstance(high, Score)
    assert low.value < high.value


@pytest.mark.parametrize(
    ("dimension", "given", "error_type"),
    [
        ("faithfulness", {"retrieved_contexts": ()}, FailureType.NO_CONTEXTS),
        ("faithfulness", {"retrieved_contexts": (" ",)}, FailureType.NO_CONTEXTS),
        ("correctness", {"retrieved_contexts": ()}, FailureType.NO_CONTEXTS),
        ("faithfulness", {"response": "?"}, FailureType.NOTHING_TO_JUDGE),
        ("professionalism", {"response": ""}, FailureType.NO_RESPONSE),
        ("correctness", {"response": " \n"}, FailureType.NO_RESPONSE),
        ("professionalism", {"error_type": "timeout"}, FailureType.NO_RESPONSE),
    ],
)
async def test_what_cannot_be_judged_fails_for_good_with_its_reason(
    dimension: str, given: dict[str, object], error_type: FailureType
) -> None:
    found = await OfflineJudge(dimension).score(replace(ASKED, **given))  # type: ignore[arg-type]
    assert isinstance(found, ScoreFailure)
    assert (found.error_type, found.retryable) == (error_type, False)


async def test_faithfulness_says_of_each_sentence_whether_it_is_borne_out() -> None:
    response = "The branch in Ulm opens at 9 in the morning. A safe costs 70 euros a year. May I help you further?"
    found = await OfflineJudge("faithfulness").score(replace(ASKED, response=response))
    assert isinstance(found, Score)
    right, wrong = found.statements
    assert right == Statement("The branch in Ulm opens at 9 in the morning.", "", good=True)
    assert (wrong.text, wrong.good) == ("A safe costs 70 euros a year.", False)
    assert wrong.reason == 'The number "70" is not there.'


@pytest.mark.parametrize(
    ("dimension", "response"),
    [
        ("faithfulness", "I do not know."),
        ("faithfulness", "Die Filiale in Ulm öffnet um 9 Uhr und sie ist von Montag bis Freitag für Sie da."),
        ("correctness", ASKED.response),
        ("professionalism", ASKED.response),
    ],
)
async def test_what_is_not_judged_by_sentence_tells_of_none(dimension: str, response: str) -> None:
    found = await OfflineJudge(dimension).score(replace(ASKED, response=response))
    assert isinstance(found, Score)
    assert found.statements == ()


def test_the_epoch_names_the_rules_as_they_are_installed() -> None:
    parts = OfflineJudge("correctness").epoch.parts
    assert parts.keys() == {"version", "rules"}
    assert len(str(parts["rules"])) == 64


def test_each_dimension_has_its_own_epoch() -> None:
    assert len({judge.epoch.id for judge in offline_judges()}) == 3
