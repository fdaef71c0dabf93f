"""Settings and rubrics go in, the judges of a run come out."""

from __future__ import annotations

from collections.abc import Sequence

from include.domain.ports import Judge
from include.judges.offline_judge import DIMENSIONS, OfflineJudge


def offline_judges() -> Sequence[Judge]:
    """The stand-ins that need no key, one for each dimension."""
    return tuple(OfflineJudge(dimension) for dimension in DIMENSIONS)
