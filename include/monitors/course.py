"""A segment's hours, what they are held to and their chart go in; since when it is in breach and on what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

import numpy as np

from include.domain.interaction import Window
from include.domain.segment import Tally, merged, whole_hours
from include.monitors import intervals
from include.monitors.hours import HOUR, Segment
from include.monitors.reference import Standard
from include.monitors.scale import Scale
from include.monitors.sequential import Chart


@dataclass(frozen=True, slots=True)
class Course:
    """One segment over the hours that a rule looks at; the window begins at hour number `first`."""

    segment: Segment
    standard: Standard
    hours: Sequence[datetime]
    tallies: Sequence[Tally]
    first: int
    chart: Chart
    held_to: Sequence[Standard]
    """The standard of each hour; `standard` is that of all."""
    called: str = ""
    """How the sentence calls the standard."""
    threshold: float | None = None
    """Of a percentile, what that was in the past."""

    def within(self, window: Window) -> Course:
        """The course as it was known when the window ended."""
        hours = whole_hours(window)
        first, stop = ((moment - self.hours[0]) // HOUR for moment in (hours.start, hours.end))
        if (first, stop) == (self.first, len(self.hours)):
            return self
        chart = Chart(*(getattr(self.chart, field.name)[:stop] for field in fields(Chart)))
        return replace(self, hours=self.hours[:stop], tallies=self.tallies[:stop], first=first, chart=chart)

    def between(self, start: int, stop: int) -> Tally:
        """The hours `[start, stop)` as one."""
        return merged(self.tallies[start:stop])

    def expected(self, scale: Scale, start: int, stop: int) -> float:
        """What people are told that the hours `[start, stop)` are held to."""
        known = [
            scale.told(one.mean) if one.tally is None else scale.value(one.tally) for one in self.held_to[start:stop]
        ]
        return float(np.average(np.array(known, float), weights=[one.weight for one in self.tallies[start:stop]]))

    def detectable(self, start: int, stop: int, alpha: float) -> float | None:
        """The shift that the hours `[start, stop)` would have shown, beside the chance in the standard itself."""
        counted = sum(tally.weight / tally.heaviest for tally in self.tallies[start:stop])
        both = counted / (1 + counted / self.standard.n)
        return intervals.detectable(self.standard.variance * (self.standard.dispersion or 1.0), both, alpha)

    def turned(self, scale: Scale, since: int, stop: int) -> int:
        """The hour, of `[since, stop)`, in which the values most likely fell (Hinkley 1970).

        Of all beginnings that leave `min_n` values it is the one with the largest n d^2, where n values fall short of
        the standard by d on average.
        """
        weights = np.array([scale.weights(tally) for tally in self.tallies[since:stop]])
        n = np.array([tally.n for tally in self.tallies[since:stop]])
        lost = weights.sum(axis=1) * [one.mean for one in self.held_to[since:stop]] - weights @ scale.levels
        n, weight, lost = (np.cumsum(one[::-1])[::-1] for one in (n, weights.sum(axis=1), lost))
        clear = np.where((n >= scale.rule.min_n) & (lost > 0), lost**2 / np.maximum(weight, 1e-9), 0)
        return since + int(clear.argmax())

    @property
    def last_breach(self) -> int | None:
        """The last hour of the window that was in breach."""
        hours = np.flatnonzero(self.chart.breached[self.first :])
        return int(hours[-1]) + self.first if hours.size else None

    def newest(self, min_n: int) -> int | None:
        """Where the newest evidence of `min_n` values begins, the window's own at least; None if there are fewer.

        Values that only rules chose, such as errors, are no evidence of what was not drawn.
        """
        seen = self.between(self.first, len(self.tallies))
        for start in range(self.first, -1, -1):
            if start < self.first and self.tallies[start].n:
                seen = self.tallies[start] + seen
            if seen.n >= min_n and seen.is_representative:
                return start
        return None
