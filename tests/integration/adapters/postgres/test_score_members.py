"""The opinions behind a score in a real Postgres."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from include.adapters.postgres import connect
from include.adapters.postgres.scores import Scores
from include.domain.score import Opinion, Score, ScoreSource

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
MEMBERS = (
    Opinion("small", 0.25, "nul \0 half \ud800", Decimal("0.0000123456")),
    Opinion("large", 1.0, "good", sample=1),
)


def saved(dsn: str, *members: Opinion) -> tuple[object, ...] | None:
    score = Score("a", AT, "tone", 0.5, "fine", ScoreSource.LLM_JUDGE, "e", members=members)
    with connect(dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (AT, AT))
        Scores(connection).save([score], AT)
        return connection.execute("SELECT members, disagreement FROM assay.scores").fetchone()


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
