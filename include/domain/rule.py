"""What a rule says of a segment in a window, with the evidence that it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from include.domain.interaction import Json, Window
from include.domain.score import digest


class RuleOutcome(StrEnum):
    """Four answers; only `Ok` is good news. A rule that cannot tell says `NoData`, one that broke says `Error`."""

    OK = "Ok"
    BREACHED = "Breached"
    NO_DATA = "NoData"
    ERROR = "Error"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a rule says what it says; None where a figure does not exist.

    `value` and `reference` are in the measure's own unit (scores and shares in [0, 1], spend in USD, latency in
    ms); `low` and `high` bound `value` at `confidence`; `n` and `reference_n` count interactions;
    `detectable` is the smallest effect that this n would have shown with 80 % power.
    """

    value: float | None = None
    reference: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    n: int = 0
    reference_n: int | None = None
    p_value: float | None = None
    adjusted_p_value: float | None = None
    detectable: float | None = None
    details: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """The evidence as a JSON object, keys as above."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule, one segment, one window.

    `labels` name the alert: `alertname, project, environment, dimension, segment, severity` and `category`
    ("quality", "drift", "data", "cost", "judge"); values, windows and texts are no labels. `sentence` says in words
    what was found. `for_windows` breached windows in a row make the alert fire, `keep_firing_for` good ones resolve it.
    """

    rule: str
    window: Window
    outcome: RuleOutcome
    labels: Mapping[str, str]
    evidence: Evidence
    sentence: str
    for_windows: int = 1
    keep_firing_for: int = 1
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Identity of the alert that this result feeds: sixteen hex digits over the sorted labels."""
        return fingerprint(self.labels)


def fingerprint(labels: Mapping[str, str]) -> str:
    """Sixteen hex digits of SHA-256 over the canonical JSON of the labels."""
    return digest(dict(labels))[:16]
