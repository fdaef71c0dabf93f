"""The opinions and the statements behind a score in a real Postgres."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from include.adapters.postgres import connect
from include.adapters.postgres.scores import STATEMENT_CHARACTERS, Scores
from include.domain.score import MOST_STATEMENTS, Opinion, Score, ScoreSource, Statement

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
MEMBERS = (
    Opinion("small", 0.25, "nul \0 half \ud800", Decimal("0.0000123456")),
    Opinion("large", 1.0, "good", sample=1),
)


def saved(dsn: str, *members: Opinion) -> tuple[object, ...] | None:
    return kept(dsn, "members, disagreement", members=members)


def kept(dsn: str, columns: str, **given: Any) -> tuple[Any, ...] | None:
    score = Score("a", AT, "tone", 0.5, "fine", ScoreSource.LLM_JUDGE, "e", **given)
    with connect(dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (AT, AT))
        Scores(connection).save([score], AT)
        return connection.execute(f"SELECT {columns} FROM assay.scores".encode()).fetchone()


def test_every_opinion_behind_a_score_is_kept_with_its_exact_cost(store_dsn: str) -> None:
    assert saved(store_dsn, *MEMBERS) == (
        [
            {"model": "small", "sample": 0, "value": 0.25, "explanation": "nul \ufffd half ?", "cost": "0.0000123456"},
            {"model": "large", "sample": 1, "value": 1.0, "explanation": "good", "cost": None},
        ],
        0.75,
    )


def test_a_score_of_one_opinion_has_no_disagreement(store_dsn: str) -> None:
    assert saved(store_dsn) == ([], None)


def test_statements_are_kept_as_texts_that_postgres_can_hold(store_dsn: str) -> None:
    said = (Statement("nul \0 half \ud800", "why", good=False), Statement("b", "", good=True))
    assert kept(store_dsn, "statements", statements=said) == (
        [{"text": "nul \ufffd half ?", "reason": "why", "good": False}, {"text": "b", "reason": "", "good": True}],
    )


def test_a_score_without_statements_has_none(store_dsn: str) -> None:
    assert kept(store_dsn, "statements") == (None,)


def test_of_an_answer_of_any_size_a_bounded_part_is_kept_and_what_is_not_good_before_the_rest(store_dsn: str) -> None:
    long = "\U0001f600" * 2_000
    many = [Statement(f"{number} {long}", long, good=number != 500) for number in range(1_000)]
    (found,) = kept(store_dsn, "statements", statements=tuple(many)) or ((),)
    numbers = [int(one["text"].split()[0]) for one in found]
    assert numbers == [*range(MOST_STATEMENTS - 1), 500]
    assert {len(text) for one in found for text in (one["text"], one["reason"])} == {STATEMENT_CHARACTERS}
    assert found[0]["text"].endswith("…")
