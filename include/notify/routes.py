"""`routes.yaml` as a typed model: which alerts are one incident, what explains what, and who is told where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from include.domain.message import Severity

GROUP_BY = ("project", "environment", "category")


class Route(BaseModel):
    """A branch of the routing tree: the first child whose `match` fits an alert decides, else the route itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    match: dict[str, str] = {}
    """Labels that an alert must have; what is left out may be anything."""
    channel: str | None = None
    """Slack channel; without it the parent's, and at the root that of the connection `assay_slack`."""
    group_by: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Alerts with the same values of these labels are one incident; without it the parent's."""
    repeat_interval: Annotated[timedelta, Field(ge=timedelta(0))] | None = None
    """How long a message stands before it is edited for newer figures alone; without it the parent's."""
    min_severity: Severity | None = None
    """Incidents with nothing as severe as this are not told; without it the parent's."""
    routes: tuple[Route, ...] = ()


class InhibitRule(BaseModel):
    """While a `source` is breached, `target`s of the same window and `equal` labels are shown inside its incident."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Annotated[dict[str, str], Field(min_length=1)]
    target: Annotated[dict[str, str], Field(min_length=1)]
    equal: tuple[str, ...] = ()


class Decision(BaseModel):
    """What the tree says of an alert."""

    model_config = ConfigDict(frozen=True)

    name: str
    channel: str | None = None
    group_by: tuple[str, ...] = GROUP_BY
    repeat_interval: timedelta = timedelta(0)
    min_severity: Severity = Severity.INFO


class Routes(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    route: Route
    inhibit: tuple[InhibitRule, ...] = ()
    outlives: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(hours=3)
    """An inhibited alert that is still breached so long after it was explained last is told by itself."""
    widespread: Annotated[int, Field(ge=2)] = 3
    """An alert that starts to fire in this many projects at once is one incident of all of them."""

    def decide(self, labels: Mapping[str, str]) -> Decision:
        """The settings of the branch that the labels lead to, each inherited where the branch leaves it out."""
        told: dict[str, object] = {}
        branch: Route | None = self.route
        while branch is not None:
            told |= branch.model_dump(exclude_none=True, exclude={"match", "routes"})
            branch = next((child for child in branch.routes if matches(child.match, labels)), None)
        return Decision.model_validate(told)


def matches(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether the labels have every wanted value; a label that is missing is the empty text, as in Alertmanager."""
    return all(labels.get(name, "") == value for name, value in wanted.items())
