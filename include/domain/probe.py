"""The same answer judged once more in disguise: what a judge's score owes to things that must not count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

RISES_ONLY = frozenset({"padded", "planted"})
"""Probes that make an answer worse, if anything: a rubric may well ask for fewer points, and never for more."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One interaction, probed: `plain` is the score of what was logged, `probed` of its disguise, both in [0, 1]."""

    probe: str
    dimension: str
    epoch: str
    project: str
    interaction_id: str
    logged_at: datetime
    plain: float
    probed: float


@dataclass(frozen=True, slots=True)
class ShiftTally:
    """Shifts (probed less plain, in [-1, 1]) of `n` interactions; `variance` is of the sample, None of one."""

    probe: str
    dimension: str
    epoch: str
    n: int
    mean: float
    variance: float | None
