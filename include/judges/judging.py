"""judging.yaml as types: which models judge each project, at what cost, what they may see. Unknown keys are refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from include.judges.rubric import once_each, wrong

MAIN = "main"
"""The model of the Airflow connection `assay_judge`."""


def _not_missing(value: object) -> object:
    if value is None:
        raise wrong("no model is named", f"name one, as {MAIN}")
    return value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Kind = Literal["email", "phone", "iban", "card", "secret", "name"]


class Judging(BaseModel):
    """How one project is judged; a model is named as in its connection. See judging.yaml for what each key means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[Name, BeforeValidator(_not_missing)] = MAIN
    strong: Name | None = None
    panel: tuple[Name, ...] = ()
    cheaper: Name | None = None
    embeddings: Name | None = None
    budget_usd_per_day: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)] | None = None
    redact: tuple[Kind, ...] = ("email", "phone", "iban", "card", "secret")
    delay: bool = False
    batch: Literal["never", "backfills"] = "never"

    _each = field_validator("redact", "panel")(once_each)

    @field_validator("panel")
    @classmethod
    def _is_two_or_three(cls, panel: tuple[str, ...]) -> tuple[str, ...]:
        if len(panel) not in (0, 2, 3):
            raise wrong(f"a panel of {len(panel)}", "name two or three models, or none")
        return panel

    @property
    def names(self) -> frozenset[str]:
        """Every model that it needs."""
        named = (self.model, self.strong, *self.panel, self.cheaper, self.embeddings)
        return frozenset(name for name in named if name)


class JudgingFile(BaseModel):
    """How every project is judged, and what is different with some."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    judging: Annotated[Judging, Field(validate_default=True)] = Judging()
    projects: dict[str, Judging] = {}
    paragraph: Name | None = None
    """Who writes a paragraph on the figures of the weekly report."""

    @field_validator("judging")
    @classmethod
    def _agrees(cls, judging: Judging) -> Judging:
        _check(judging, "")
        return judging

    @field_validator("projects")
    @classmethod
    def _agree(cls, projects: dict[str, Judging], info: ValidationInfo) -> dict[str, Judging]:
        for project, own in projects.items():
            if "judging" in info.data:
                _check(_merged(info.data["judging"], own), f"{project}: ")
        return projects

    def of(self, project: str) -> Judging:
        """How one project is judged: what it names itself, and the rest as everybody."""
        own = self.projects.get(project)
        return _merged(self.judging, own) if own else self.judging

    @property
    def embedders(self) -> frozenset[str]:
        """Those of the names that only embed."""
        named = (self.of(project).embeddings for project in ("", *self.projects))
        return frozenset(name for name in named if name)

    @property
    def has_budgets(self) -> bool:
        """Whether some project has a budget."""
        return any(self.of(project).budget_usd_per_day for project in ("", *self.projects))

    @property
    def names(self) -> frozenset[str]:
        """Every model that some project, or the weekly report, needs."""
        writer = {self.paragraph} if self.paragraph else set()
        return self.judging.names.union(writer, *(self.of(project).names for project in self.projects))


def _merged(everybody: Judging, own: Judging) -> Judging:
    return everybody.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})


def _check(judging: Judging, where: str) -> None:
    if judging.strong and judging.panel:
        raise wrong(f"{where}both a cascade (strong) and a panel", "leave one of them: strong: null, or panel: []")
    for key in ("strong", "cheaper", "embeddings"):
        if getattr(judging, key) == judging.model:
            raise wrong(f"{where}{key} is {judging.model}, as is model", f"name another model, or {key}: null")
