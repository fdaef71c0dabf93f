"""What tests of judges share: an interaction, prices, models in memory by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from include.adapters.yaml_file import load
from include.domain.interaction import Interaction
from include.domain.ports import CallLedger, Judge
from include.domain.price import LIST, BillableCall, Price
from include.judges.build import Bench, Model, judging_bench
from include.judges.judging import Judging, JudgingFile
from include.judges.ledger import MemoryLedger
from include.judges.rubric import Escalation, Rubric
from tests.fakes.llm import FakeModel, Said

AT = datetime(2026, 11, 20, tzinfo=UTC)
RUBRICS = Path(__file__).parents[3] / "include/judges/rubrics"
ASKED = Interaction(
    "a",
    AT,
    AT,
    "bank",
    "prod",
    "When does the branch open?",
    "It opens at nine. It closes at ten.",
    retrieved_contexts=("The branch opens at nine.", "It is closed on Sundays."),
    reference="The branch opens at nine.",
)


class Flat:
    """A dollar a call, except for models that nobody knows."""

    def price(self, call: BillableCall) -> Price | None:
        return None if call.model == "unheard-of" else Price(Decimal(1), LIST)


def rubric(name: str = "correctness", **changed: object) -> Rubric:
    return load(RUBRICS / f"{name}.yaml", Rubric).model_copy(update=changed)


def escalating(**rule: object) -> Rubric:
    return rubric(escalate=Escalation.model_validate({"at_most": 1, **rule}))


def model(name: str, *script: Said) -> FakeModel:
    found = FakeModel(*script)
    found.model = name
    return found


def bench(
    rubrics: Sequence[Rubric],
    models: dict[str, FakeModel],
    ledger: CallLedger | None = None,
    file: JudgingFile | None = None,
    **judging: object,
) -> Bench:
    file = file or JudgingFile(judging=Judging.model_validate(judging))
    given = {name: Model(one) for name, one in models.items()}
    return judging_bench(rubrics, file, given, ledger or MemoryLedger(), Flat(), now=lambda: AT)


def judge(asking: Bench, dimension: str = "correctness") -> Judge:
    (found,) = (one for one in asking.of("") if one.epoch.dimension == dimension)
    return found
