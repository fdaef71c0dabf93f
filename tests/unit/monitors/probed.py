"""Shifts of the test go in; their tallies come out, as the store sums them up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean, variance

from include.domain.probe import Shift, ShiftTally


def tallied(shifts: Iterable[Shift]) -> list[ShiftTally]:
    found = defaultdict(list)
    for one in shifts:
        found[one.probe, one.dimension, one.epoch].append(one.probed - one.plain)
    return [
        ShiftTally(*key, len(values), fmean(values), variance(values) if len(values) > 1 else None)
        for key, values in sorted(found.items())
    ]
