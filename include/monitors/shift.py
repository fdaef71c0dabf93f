"""Values of a measure now and in the past go in; what can be compared of them, and how far they moved, comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np

from include.monitors import past as reference
from include.monitors.sequential import Bools, Floats, Ints

OTHER = "other"
EXPECTED = 5.0
"""Of labels that are expected more rarely than so often now, a chi-square test is wrong: they are merged (Cochran)."""
FIFTHS = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of one measure of one segment, now and in the past; both may hold NaN or None, or be empty.

    A `score` lies in [0, 1], a `number` anywhere, a `label` is a text. `days` are those of `past`, value by value;
    without them the past is taken whole. `note` says what people are told of how the values were found.
    """

    measure: str
    segment: tuple[str, ...]
    now: Sequence[float] | Sequence[str | None] | Floats
    past: Sequence[float] | Sequence[str | None] | Floats
    days: Sequence[date] | Ints = ()
    kind: Literal["score", "number", "label"] = "score"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """The values of a sample that can be compared: numbers sorted, or labels. See `past.Past` for `dispersion`.

    `seen` are those of the past: labels, or the different numbers and how often each came. `sample` is without values:
    thousands of segments are compared at once.
    """

    sample: Sample
    now: Floats | list[str]
    seen: tuple[Floats, Ints] | list[str]
    dispersion: float | None = None
    left_out: int = 0
    """Days of the past that were unlike the others."""

    @property
    def past(self) -> Floats | list[str]:
        """As `now`."""
        return self.seen if isinstance(self.seen, list) else np.repeat(*self.seen)


def paired(sample: Sample) -> Pair:
    """Without what is missing, as types that Evidently takes (no Decimal), and without the odd days of the past."""
    if sample.kind == "label":
        return _labels(sample)
    now, values = np.asarray(sample.now, np.float64), np.asarray(sample.past, np.float64)
    there = np.isfinite(values)
    days, values = _those(sample.days, there), values[there]
    seen, place, times = np.unique(values, return_inverse=True, return_counts=True)
    edges = np.unique(np.quantile(values, FIFTHS)) if len(values) else values
    kinds = np.searchsorted(edges, seen, side="right")
    ranks = (2 * np.cumsum(times) - times) / (2 * max(1, len(values)))  # in the middle of those that are alike
    usual = reference.usual(kinds[place], days, ranks[place])
    now = np.sort(now[np.isfinite(now)])
    kept = np.bincount(place[usual.kept], minlength=len(seen))
    past = seen[kept > 0], kept[kept > 0]
    return Pair(_without_values(sample), now, past, usual.dispersion, _days_without(usual, days))


def _without_values(sample: Sample) -> Sample:
    return replace(sample, now=(), past=(), days=())


def _those(days: Sequence[date] | Ints, wanted: Bools) -> Ints:
    """Of the values that are wanted; none where days are not told."""
    known = reference.ordinals(days)
    return known[wanted] if len(known) else known


def _labels(sample: Sample) -> Pair:
    now = [str(label) for label in sample.now if label]
    days = _those(sample.days, np.array([bool(label) for label in sample.past], bool))
    values = [str(label) for label in sample.past if label]
    if not values:
        return Pair(_without_values(sample), now, values)
    common = [label for label, n in Counter(values).most_common() if n >= 0.05 * len(values)]
    kinds = np.array([common.index(label) if label in common else len(common) for label in values])
    usual = reference.usual(_numbered(kinds), days)
    kept = [label for label, is_kept in zip(values, usual.kept, strict=True) if is_kept]
    return Pair(_without_values(sample), now, kept, usual.dispersion, _days_without(usual, days))


def _numbered(kinds: Ints) -> Ints:
    numbered: Ints = np.unique(kinds, return_inverse=True)[1]
    return numbered


def _days_without(usual: reference.Past, days: Ints) -> int:
    return len(np.unique(days[~usual.kept])) if len(days) else 0


def merged(past: Sequence[str], now: Sequence[str]) -> tuple[list[str], list[str]]:
    """Both with the labels that the past lacks, or that are too rare to test, as `OTHER`.

    The rarest are merged until every label is expected `EXPECTED` times or two are left. A single value of `OTHER` is
    taken to have been seen where there was none: what never came is not therefore impossible.
    """
    seen, per_now = Counter(past), len(now) / len(past)
    common = [label for label, _ in seen.most_common() if label != OTHER]
    rest, is_other = seen[OTHER], any(label == OTHER or label not in seen for label in [*seen, *now])

    def too_rare(n: int) -> bool:
        return n * per_now < EXPECTED

    while len(common) > 1 and (too_rare(seen[common[-1]]) or (is_other and too_rare(rest))):
        rest, is_other = rest + seen[common.pop()], True
    was = [label if label in common else OTHER for label in past]
    now_as = [label if label in common else OTHER for label in now]
    if OTHER in now_as and OTHER not in was:
        was.append(OTHER)
    return was, now_as


def thinned(values: Floats, n: int) -> Floats:
    """`n` of the sorted values, evenly spaced, so that their distribution is that of all."""
    return values[((np.arange(n) + 0.5) * len(values) / n).astype(int)] if 0 < n < len(values) else values


def moved(past: Floats, now: Floats) -> float:
    """How far scores moved on average, in [0, 1]: the area between the two distribution functions (Wasserstein-1).

    Of sorted values, as is all that follows.
    """
    points, gaps = _gaps(past, now)
    return float(gaps[:-1] @ np.diff(points))


def widest(past: Floats, now: Floats) -> tuple[float, float]:
    """The value at which the shares of values above it differ most, and by how much (Kolmogorov's D, in [0, 1]).

    Normal values that shift by half a standard deviation have D = 0.2.
    """
    points, gaps = _gaps(past, now)
    at = int(gaps.argmax())
    return float(points[at]), float(gaps[at])


def _gaps(past: Floats, now: Floats) -> tuple[Floats, Floats]:
    """Every different value, and how far the distribution functions lie apart there."""
    points = np.union1d(*(values[np.diff(values, prepend=np.nan) != 0] for values in (past, now)))
    shares = [np.searchsorted(values, points, "right") / len(values) for values in (past, now)]
    return points, np.abs(shares[0] - shares[1])


def mixtures(past: Sequence[str], now: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Each label with its share now and in the past, the one that changed most first, and of two what came to be."""
    seen, seen_now = Counter(past), Counter(now)
    shares = {label: (seen_now[label] / len(now), seen[label] / len(past)) for label in seen.keys() | seen_now.keys()}

    def order(item: tuple[str, tuple[float, float]]) -> tuple[float, float, str]:
        label, (is_now, was) = item
        return -round(abs(is_now - was), 9), -is_now, label

    return dict(sorted(shares.items(), key=order))
