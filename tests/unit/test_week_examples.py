"""What the report's examples show of personal data and keys: nothing."""

from __future__ import annotations

from include.domain.report import JudgedDimension
from include.domain.score import ScoreSource
from include.judges.judging import Judging, JudgingFile
from include.week_examples import hidden
from tests.fakes.weekly import example


def test_addresses_and_keys_are_hidden_in_question_answer_and_reasoning_alike() -> None:
    logged = example(
        user_input="Write to ada@example.com.",
        response="Done, with sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD.",
        scores=(JudgedDimension("tone", 0.1, "ada@example.com is told a key.", ScoreSource.CODE),),
    )
    shown = hidden(JudgingFile(judging=Judging()))(logged)
    assert shown.user_input == "Write to <email-1>."
    assert "sk-proj" not in shown.response
    assert shown.scores[0].explanation == "<email-1> is told a key."
