"""How a score went goes in, with what happened meanwhile; the shapes that draw it as inline SVG come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

from include.domain.interaction import Window
from include.domain.report import Estimate
from include.notify.figures import clock
from include.pages.project import Course, Distribution, Points
from include.reports.charts import MIN_RANGE, Range

Point = tuple[float, float]
LARGE, SMALL = (760.0, 220.0), (360.0, 120.0)
BARS = (760.0, 150.0)
ROUND = (0.02, 0.05, 0.1, 0.2, 0.25)
MOST_LEVELS = 5
LABEL_WIDTH = 28.0
"""Numbers of marks that stand closer than this are told together."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart lies: its time, the step of its points, its axis, and its size in SVG units."""

    chart: Window
    step: timedelta
    axis: Range
    size: Point

    def x(self, at: datetime) -> float:
        """Never outside."""
        share = (at - self.chart.start) / self.chart.length
        return round(min(max(share, 0.0), 1.0) * self.size[0], 1)

    def y(self, value: float) -> float:
        """Never outside."""
        low, high = self.axis
        return round((high - min(max(value, low), high)) / (high - low) * self.size[1], 1)

    def point(self, at: datetime, value: float) -> Point:
        """In the middle of the step that starts then."""
        return self.x(at + self.step / 2), self.y(value)

    def span(self, start: datetime, end: datetime) -> Point:
        """Left end and width, at least 3."""
        left = min(self.x(start), self.size[0] - 3)
        return left, round(max(3.0, self.x(end) - left), 1)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Lines and bands as SVG point lists, broken where nothing was scored.

    `dots` are steps without neighbours: x, height of the mean, and heights of both ends of the interval.
    `others` are lines of other judges. `levels` are heights with their labels, `marks` places with the numbers of what
    happened there ("" where the one before tells it), `incidents` and `now` stretches.
    """

    course: Course
    lines: tuple[str, ...]
    bands: tuple[str, ...]
    dots: tuple[tuple[float, float, float, float], ...]
    others: tuple[str, ...]
    levels: tuple[tuple[float, str], ...]
    marks: tuple[tuple[float, str], ...]
    incidents: tuple[Point, ...]
    now: Point
    times: tuple[str, str]
    size: Point


def draw(
    course: Course,
    chart: Window,
    window: Window,
    step: timedelta,
    happened: Sequence[datetime],
    incidents: Sequence[tuple[datetime, datetime]],
    size: Point,
) -> Drawn:
    """The score over `chart`, `window` and incidents shaded; what `happened`, oldest first, is numbered from 1."""
    frame = Frame(chart, step, _axis(course), size)
    runs = list(_runs(course.week.days))
    lines = [_list([frame.point(at, one.mean) for at, one in run]) for run in runs if len(run) > 1]
    others = [run for line in course.others for run in _runs(line)]
    return Drawn(
        course=course,
        lines=tuple(lines),
        bands=tuple(band for run in runs if len(run) > 1 and (band := _band(run, frame))),
        dots=tuple(_dot(*run[0], frame) for run in runs if len(run) == 1),
        others=tuple(_list([frame.point(at, one.mean) for at, one in run]) for run in others),
        levels=tuple((frame.y(level), f"{level:.2f}") for level in _levels(*frame.axis)),
        marks=tuple(_numbered([frame.x(at) for at in happened])),
        incidents=tuple(frame.span(*one) for one in incidents),
        now=frame.span(window.start, window.end),
        times=(clock(chart.start), clock(chart.end)),
        size=size,
    )


def _axis(course: Course) -> Range:
    """From the lowest to the highest of all means and of the intervals, at least `MIN_RANGE`."""
    own = [one for _, one in course.week.days if one]
    known = [one.mean for line in (course.week.days, *course.others) for _, one in line if one]
    known += [bound for one in own for bound in (one.low, one.high) if bound is not None]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    slack = max(0.02, (MIN_RANGE - (high - low)) / 2)
    return max(0.0, low - slack), min(1.0, high + slack)


def _levels(low: float, high: float) -> list[float]:
    """Round figures of the axis, the highest first."""
    step = next(one for one in ROUND if (high - low) / one <= MOST_LEVELS)
    return [number * step for number in range(floor(high / step + 1e-9), ceil(low / step - 1e-9) - 1, -1)]


def _dot(at: datetime, one: Estimate, frame: Frame) -> tuple[float, float, float, float]:
    x, y = frame.point(at, one.mean)
    upper, lower = (y if bound is None else frame.y(bound) for bound in (one.high, one.low))
    return x, y, upper, lower


def _runs(points: Points) -> Iterator[list[tuple[datetime, Estimate]]]:
    """Steps without a break between them."""
    run: list[tuple[datetime, Estimate]] = []
    for at, one in points:
        if one is not None:
            run.append((at, one))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _band(run: Sequence[tuple[datetime, Estimate]], frame: Frame) -> str:
    upper = [frame.point(at, one.high) for at, one in run if one.high is not None]
    lower = [frame.point(at, one.low) for at, one in run if one.low is not None]
    return _list([*upper, *reversed(lower)])


def _numbered(places: Sequence[float]) -> Iterator[tuple[float, str]]:
    """Each place with its number, or that of the first of a cluster with the numbers of all."""
    first = 0
    while first < len(places):
        last = first
        while last + 1 < len(places) and places[last + 1] - places[first] < LABEL_WIDTH:
            last += 1
        yield places[first], f"{first + 1}" if last == first else f"{first + 1}–{last + 1}"
        yield from ((place, "") for place in places[first + 1 : last + 1])
        first = last + 1


def _list(points: Sequence[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


@dataclass(frozen=True, slots=True)
class Bars:
    """`bars` are (left, top, width, height) of now; `outline` is a line around those of before, "" without any."""

    bars: tuple[tuple[float, float, float, float], ...]
    outline: str
    size: Point


def bars(distribution: Distribution, size: Point = BARS) -> Bars:
    """Both in a frame of that size, to one scale."""
    width, height = size[0] / len(distribution.now), size[1]
    most = max([*distribution.now, *distribution.before])

    def top(share: float) -> float:
        return round(height * (1 - share / most), 1)

    steps = [
        (round(place * width, 1), top(share))
        for number, share in enumerate(distribution.before)
        for place in (number, number + 1)
    ]
    return Bars(
        bars=tuple(
            (round(number * width + 1, 1), top(share), round(width - 2, 1), round(height - top(share), 1))
            for number, share in enumerate(distribution.now)
        ),
        outline=_list(steps),
        size=size,
    )
