"""Composites by segment, of the week and of the one before, go in; what got better and worse comes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from include.domain.report import ProjectWeek, SegmentChange, SegmentTally
from include.domain.segment import Tally, merged
from include.reports.contributions import brought
from include.reports.estimate import discoveries, estimate, p_of_difference
from include.reports.quality import MIN_DIFFERENCE

MIN_BROUGHT = 0.005
"""What brought less to its project's mean matters to nobody: half of what an arrow needs."""
NEARLY_ALL = 0.98
"""A segment with such a share in both weeks is its project, of which the report tells already."""

Parts: TypeAlias = tuple[tuple[str, str], ...]
Whole: TypeAlias = tuple[str, str, tuple[str, ...]]
"""Project, environment, and the columns by which its scores are taken apart."""


@dataclass(frozen=True, slots=True)
class _Change:
    change: SegmentChange
    p: float | None
    tally: Tally


def changes_of(
    now: Iterable[SegmentTally], before: Iterable[SegmentTally], projects: Sequence[ProjectWeek]
) -> tuple[SegmentChange, ...]:
    """Segments whose mean moved by more than noise and by enough to matter, whichever brought most first.

    Scores are those of the judges behind each project's composite. A segment that is new is held to the project's mean
    of the week before. Noise is told apart over all segments of the report together. Of segments that are the same
    interactions the first stands, deployments before attributes.
    """
    epochs = {(one.project, one.environment): one.composite.epoch for one in projects if one.composite}
    wholes, wholes_before = _by_whole(now, epochs), _by_whole(before, epochs)
    compared = [
        one
        for whole in sorted(wholes, key=lambda name: ("model" not in name[2], name))
        if whole in wholes_before
        for one in _compared(whole, wholes[whole], wholes_before[whole])
    ]
    real = discoveries([one.p for one in compared])
    told: dict[tuple[object, ...], SegmentChange] = {}
    for one, is_real in zip(compared, real, strict=True):
        change = one.change
        if is_real and abs(change.difference) >= MIN_DIFFERENCE and abs(change.brought) >= MIN_BROUGHT:
            told.setdefault((change.project, change.environment, one.tally.n, round(one.tally.total, 6)), change)
    return tuple(sorted(told.values(), key=lambda one: (-abs(one.brought), one.project, one.environment, one.parts)))


def _by_whole(
    tallies: Iterable[SegmentTally], epochs: Mapping[tuple[str, str], str]
) -> dict[Whole, dict[Parts, Tally]]:
    found: dict[Whole, dict[Parts, Tally]] = defaultdict(dict)
    for one in tallies:
        if one.tally.weight and epochs.get((one.project, one.environment)) == one.epoch:
            found[one.project, one.environment, tuple(column for column, _ in one.parts)][one.parts] = one.tally
    return found


def _compared(whole: Whole, now: Mapping[Parts, Tally], before: Mapping[Parts, Tally]) -> Iterator[_Change]:
    every, every_before = merged(now.values()), merged(before.values())
    usual = every_before.total / every_before.weight
    for parts, tally in sorted(now.items()):
        there = before.get(parts, Tally())
        mean, mean_before = estimate(tally), estimate(there)
        share, share_before = tally.weight / every.weight, there.weight / every_before.weight
        if mean is None or min(share, share_before) >= NEARLY_ALL or (there.n and mean_before is None):
            continue
        change = SegmentChange(
            *whole[:2],
            parts=parts,
            brought=brought(tally, there, every, every_before),
            share=share,
            share_before=share_before,
            now=mean,
            before=mean_before,
            usual=usual,
        )
        yield _Change(change, p_of_difference(tally, there if there.n else every_before), tally)
