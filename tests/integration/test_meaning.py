"""Questions become vectors through a model's endpoint and the ledger of calls."""

from __future__ import annotations

import pytest

from include.assembly import Courtroom
from include.judges.judging import JudgingFile
from include.judges.weights import WeightsFile
from include.meaning import embedder
from include.settings import JudgeSettings, Settings
from tests.integration.adapters.llm.test_embeddings import VECTOR, endpoint


def court(store_dsn: str, url: str = "http://127.0.0.1:9/v1", backend: str = "openai", **judging: object) -> Courtroom:
    model = JudgeSettings(backend=backend, base_url=url, model="text-embedding-3-small", deadline_s=0.5)  # type: ignore[arg-type]
    return Courtroom(
        settings=Settings(store_dsn=store_dsn, source_dsn=store_dsn, judge=model),  # type: ignore[arg-type]
        weights=WeightsFile.model_validate({"weights": {"correctness": 1}}),
        judging=JudgingFile.model_validate(judging),
        models={"small": model},
    )


def test_a_question_is_paid_for_once_and_personal_data_stays_in_the_house(store_dsn: str) -> None:
    with endpoint(VECTOR) as (url, asked):
        embed = embedder(court(store_dsn, url, judging={"embeddings": "small"}))
        assert embed
        vectors = embed("p", ["When?", "I am ann@example.org", "When?", ""])
        assert vectors == [[0.5, -0.25, 0.125]] * 4
        told = [body["input"] for _, _, body in asked]
        assert len(told) == 3
        assert "ann@example.org" not in "".join(told)
        embed("p", ["When?"])
        assert len(asked) == 3


@pytest.mark.parametrize(
    ("backend", "judging"), [("openai", {}), ("offline", {"judging": {"embeddings": "small"}})], ids=["none", "offline"]
)
def test_without_a_model_nothing_embeds(store_dsn: str, backend: str, judging: dict[str, object]) -> None:
    assert embedder(court(store_dsn, backend=backend, **judging)) is None


def test_a_project_without_a_model_and_one_that_cannot_be_reached_have_no_vectors(store_dsn: str) -> None:
    embed = embedder(court(store_dsn, projects={"p": {"embeddings": "small"}}))
    assert embed
    assert embed("p", ["When?"]) == ()
    assert embed("q", ["When?"]) == ()
