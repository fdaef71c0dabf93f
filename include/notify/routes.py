"""`routes.yaml` as a typed model: which alerts are one incident, what explains what, and who is told where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.domain.message import Severity

GROUP_BY = ("project", "environment", "category")

Channel = Annotated[
    str,
    Field(pattern=r"^(#?[^\s:#,@]{1,80}|email:[^\s,@:]+@[^\s,@]+(,[^\s,@:]+@[^\s,@]+)*|webhook:[A-Za-z0-9_.-]+)$"),
]
"""`#name` or an id in Slack, `email:` with addresses, `webhook:` with the name of an Airflow connection."""
Mention = Annotated[str, Field(pattern=r"^[USW][A-Z0-9]{5,20}$")]
"""Slack's id of a person (`U…`, `W…`) or of a user group (`S…`)."""


Values = str | tuple[str, ...]
"""The value of a label, or several of which any will do."""


class Route(BaseModel):
    """A branch of the routing tree: the first child whose `match` fits an alert decides, else the route itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    match: dict[str, Values] = {}
    """Labels that an alert must have, each with one value or one of several; what is left out may be anything."""
    channel: Channel | None = None
    """Without it the parent's, and at the root the Slack channel of the connection `assay_slack`."""
    group_by: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Alerts with the same values of these labels are one incident; without it the parent's."""
    repeat_interval: Annotated[timedelta, Field(ge=timedelta(0))] | None = None
    """How long a message stands before it is edited for newer figures alone; without it the parent's."""
    min_severity: Severity | None = None
    """Incidents with nothing as severe as this are not told; without it the parent's."""
    digest: Literal["daily", "off"] | None = None
    """With `daily` incidents are told once a day, in one summary for each owner; without it the parent's."""
    routes: tuple[Route, ...] = ()


class InhibitRule(BaseModel):
    """While a `source` is breached, `target`s of the same window and `equal` labels are shown inside its incident."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Annotated[dict[str, Values], Field(min_length=1)]
    target: Annotated[dict[str, Values], Field(min_length=1)]
    equal: tuple[str, ...] = ()


class Decision(BaseModel):
    """What the tree says of an alert."""

    model_config = ConfigDict(frozen=True)

    name: str
    channel: str | None = None
    group_by: tuple[str, ...] = GROUP_BY
    repeat_interval: timedelta = timedelta(0)
    min_severity: Severity = Severity.INFO
    digest: Literal["daily", "off"] = "off"


class Routes(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    route: Route
    fallback: tuple[Channel, ...] = ()
    """Where a message goes that its channel refuses (unknown channel, revoked token); the first that takes it."""
    dead_letter: Channel | None = None
    """Who is told while Slack cannot be reached; best an `email:`."""
    dead_letter_after: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(hours=1)
    """How long Slack must have been out of reach."""
    owners: dict[str, Mention] = {}
    """Owner, as the rules name it -> who is called in Slack."""
    inhibit: tuple[InhibitRule, ...] = ()
    outlives: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(hours=3)
    """An inhibited alert that is still breached so long after it was explained last is told by itself."""
    widespread: Annotated[int, Field(ge=2)] = 3
    """An alert that starts to fire in this many projects at once is one incident of all of them."""

    @property
    def has_digests(self) -> bool:
        """Whether anything is told once a day."""
        branches = [self.route]
        for branch in branches:
            branches += branch.routes
        return any(branch.digest == "daily" for branch in branches)

    def decide(self, labels: Mapping[str, str]) -> Decision:
        """The settings of the branch that the labels lead to, each inherited where the branch leaves it out."""
        told: dict[str, object] = {}
        branch: Route | None = self.route
        while branch is not None:
            told |= branch.model_dump(exclude_none=True, exclude={"match", "routes"})
            branch = next((child for child in branch.routes if matches(child.match, labels)), None)
        return Decision.model_validate(told)


def matches(wanted: Mapping[str, Values], labels: Mapping[str, str]) -> bool:
    """Whether the labels have every wanted value, or one of several; a label that is missing is the empty text."""
    return all(
        labels.get(name, "") in ((values,) if isinstance(values, str) else values) for name, values in wanted.items()
    )
