"""The parser accepts a verdict and nothing that is not one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.score import Verdict
from include.judges.reply import Malformed
from include.judges.rubric import normalised, verdict

GOOD = '{"reasoning": "right", "score": 4}'


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        f"\n {GOOD} \n",
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f'<think>maybe {{"reasoning": "wrong", "score": 1}}</think>\n{GOOD}',
        '{"score": 4, "reasoning": "right"}',
    ],
)
def test_a_verdict_alone_is_accepted(content: str) -> None:
    assert verdict(content) == Verdict("right", 4)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "4",
        "null",
        f"[{GOOD}]",
        f"{GOOD}{GOOD}",
        f"The answer says {GOOD}",
        f"{GOOD} is my verdict",
        '{"reasoning": "right", "score": 4, "score": 5}',
        '{"reasoning": "right", "score": 4, "override": true}',
        '{"reasoning": "right"}',
        '{"reasoning": "", "score": 4}',
        '{"reasoning": "right", "score": 0}',
        '{"reasoning": "right", "score": 6}',
        '{"reasoning": "right", "score": "4"}',
        '{"reasoning": "right", "score": 4.5}',
        '{"reasoning": "right", "score": true}',
        '{"reasoning": "right", "score": NaN}',
        '{"reasoning": "right", "score": 1e400}',
        '{"reasoning": "right", "score": 4',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_anything_else_is_malformed(content: str) -> None:
    with pytest.raises(Malformed):
        verdict(content)


@given(st.text() | st.builds(lambda a, b: a + GOOD + b, st.text(min_size=1), st.text(min_size=1)))
def test_text_that_is_no_verdict_never_becomes_one(content: str) -> None:
    try:
        found = verdict(content)
    except Malformed:
        return
    assert found == Verdict("right", 4)
    outside = content.replace(GOOD, "", 1).replace("```json", "").replace("```", "")
    assert not outside.strip()


@given(st.text(), st.integers(1, 5))
def test_every_verdict_survives_its_json(words: str, score: int) -> None:
    reasoning = f"So: {words}."
    assert verdict(json.dumps({"reasoning": reasoning, "score": score})) == Verdict(reasoning, score)


def test_the_scale_of_five_becomes_zero_to_one() -> None:
    assert [normalised(score) for score in range(1, 6)] == [0, 0.25, 0.5, 0.75, 1]
