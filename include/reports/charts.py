"""Days with their means go in, the shapes of small charts come out; the template draws them as inline SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.domain.interaction import Window
from include.domain.report import Estimate, IncidentWeek, MeasureWeek

WIDTH, HEIGHT = 280.0, 56.0
APART = 2.0
DAY = timedelta(days=1)
MIN_RANGE = 0.1
"""The least of the score's axis that a chart shows, so that noise does not look like a mountain range."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the time axis, in the chart's units."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Daily means as lines with bands of their intervals, broken where a day has none.

    `lines` and `bands` are SVG point lists, `dots` are days without neighbours, `last` is the newest day.
    """

    lines: tuple[str, ...]
    bands: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    last: tuple[float, float] | None
    incidents: tuple[Span, ...]
    week: Span


def common_range(measures: Iterable[MeasureWeek]) -> Range:
    """One score axis for all, so that charts side by side can be compared."""
    means = [shown.mean for measure in measures for _, shown in measure.days if shown]
    if not means:
        return 0.0, 1.0
    low, high = min(means), max(means)
    slack = max(0.02, (MIN_RANGE - (high - low)) / 2)
    return max(0.0, low - slack), min(1.0, high + slack)


def sparkline(
    measure: MeasureWeek, incidents: Iterable[IncidentWeek], chart: Window, week: Window, axis: Range
) -> Sparkline:
    """The measure over `chart`, with `week` and the incidents marked."""
    runs = _runs(measure.days)
    points = [[(_x(start + DAY / 2, chart), _y(one.mean, axis)) for start, one in run] for run in runs]
    return Sparkline(
        lines=tuple(_points(run) for run in points if len(run) > 1),
        bands=tuple(band for run in runs if len(run) > 1 and (band := _band(run, chart, axis))),
        dots=tuple(run[0] for run in points if len(run) == 1),
        last=points[-1][-1] if points else None,
        incidents=_joined(_span(Window(i.starts_at, i.ends_at or i.until), chart) for i in incidents),
        week=_span(week, chart),
    )


def _runs(days: Iterable[tuple[datetime, Estimate | None]]) -> list[list[tuple[datetime, Estimate]]]:
    """Days without a break between them."""
    runs: list[list[tuple[datetime, Estimate]]] = [[]]
    for start, one in days:
        if one is not None:
            runs[-1].append((start, one))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _band(run: Sequence[tuple[datetime, Estimate]], chart: Window, axis: Range) -> str:
    known = [(_x(start + DAY / 2, chart), one.low, one.high) for start, one in run]
    upper = [(x, _y(high, axis)) for x, _, high in known if high is not None]
    lower = [(x, _y(low, axis)) for x, low, _ in known if low is not None]
    return _points([*upper, *reversed(lower)])


def _span(window: Window, chart: Window) -> Span:
    start, end = max(window.start, chart.start), min(window.end, chart.end)
    x = _x(start, chart)
    return Span(x, round(max(2.0, _x(end, chart) - x), 2))


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans that overlap, or nearly touch, as one: hundreds of incidents are no more than the chart can show."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.x, one.width)):
        last = joined[-1] if joined else None
        if last and span.x <= last.x + last.width + APART:
            end = max(last.x + last.width, span.x + span.width)
            joined[-1] = Span(last.x, round(end - last.x, 2))
        else:
            joined.append(span)
    return tuple(joined)


def _x(at: datetime, chart: Window) -> float:
    return round((at - chart.start) / chart.length * WIDTH, 2)


def _y(value: float, axis: Range) -> float:
    low, high = axis
    return round(HEIGHT * (1 - (min(max(value, low), high) - low) / (high - low)), 2)


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
