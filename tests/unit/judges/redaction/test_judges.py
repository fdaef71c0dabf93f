"""What leaves for a model holds no personal data, what is stored is readable, and judges of a project hide alike."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from include.adapters.yaml_file import load
from include.domain.interaction import Interaction
from include.domain.llm import LLMReply, LLMRequest
from include.domain.score import Score
from include.judges.build import Bench, judging_bench
from include.judges.build import Model as Named
from include.judges.judge import hidden
from include.judges.judging import MAIN, JudgingFile
from include.judges.ledger import MemoryLedger
from include.judges.rubric import Rubric
from include.settings import STAGES
from tests.fakes.llm import FakeModel, plausible, reply
from tests.fakes.prices import OneDollar

AT = datetime(2026, 11, 20, tzinfo=UTC)
RUBRICS = [load(path, Rubric) for path in sorted((STAGES / "judges/rubrics").glob("*.yaml"))]
ASKED = Interaction(
    "a",
    AT,
    AT,
    "bank",
    "prod",
    "Whom do I write to? I am ann@home.example, card 4111 1111 1111 1111.",
    "Write to help@bank.example or call +49 30 1234567.",
    retrieved_contexts=("Customers write to service@bank.example or call +49 30 1234567.",),
)
PERSONAL = ("ann@home.example", "4111", "help@bank.example", "service@bank.example", "1234567")


class Quoting(FakeModel):
    """Finds that the answer names another address than the passage."""

    async def complete(self, request: LLMRequest) -> LLMReply:
        self.requests.append(request)
        if request.schema_name == "verdict":
            return reply(json.dumps({"reasoning": "<email-2> is not <email-3>; <phone-1> is right.", "score": 2}))
        return reply(plausible(request, ["The address is <email-2>.", "The number is <phone-1>."]))


def bench(model: FakeModel, **projects: dict[str, object]) -> Bench:
    judging = JudgingFile.model_validate({"projects": projects})
    return judging_bench(RUBRICS, judging, {MAIN: Named(model)}, MemoryLedger(), OneDollar(), now=lambda: AT)


async def test_no_request_holds_personal_data_and_every_explanation_is_in_the_logs_own_words() -> None:
    model = Quoting()
    judges = bench(model).judges
    found = {judge.epoch.dimension: await judge.score(ASKED) for judge in judges}
    sent = json.dumps([[message.content for message in request.messages] for request in model.requests])
    assert len(model.requests) == 4
    assert not [value for value in PERSONAL if value in sent]
    assert "<card-1>" in sent
    for dimension in ("correctness", "professionalism"):
        score = found[dimension]
        assert isinstance(score, Score)
        assert "help@bank.example is not service@bank.example; +49 30 1234567 is right." in score.explanation
    faithfulness = found["faithfulness"]
    assert isinstance(faithfulness, Score)
    assert '"The number is +49 30 1234567."' in faithfulness.explanation
    assert hidden(judges) == {"email": 3, "card": 1, "phone": 1}, "once, although three judges saw it"


async def test_a_project_that_hides_nothing_has_other_judges_who_see_all() -> None:
    model = Quoting()
    given = bench(model, shop={"redact": []})
    open_judges = given.of("shop")
    for judge in open_judges:
        await judge.score(replace(ASKED, project="shop"))
    assert all("help@bank.example" in request.messages[1].content for request in model.requests[:2])
    assert not any("placeholder" in request.messages[0].content for request in model.requests)
    assert not {judge.epoch.id for judge in open_judges} & {judge.epoch.id for judge in given.of("bank")}
    assert hidden(open_judges) == {}
