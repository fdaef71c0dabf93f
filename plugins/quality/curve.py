"""A message's chart goes in, the shapes that draw it as inline SVG come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from include.domain.message import Chart
from include.notify.figures import clock, figure

WIDTH, HEIGHT = 720.0, 180.0
LABEL_HEIGHT = 16.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """Lines as SVG point lists, broken where nothing was known; `reference` is a height, `incident` a stretch.

    `labels` stand at heights, `times` at the two ends.
    """

    title: str
    alt: str
    lines: tuple[str, ...]
    dots: tuple[Point, ...]
    reference: float | None
    incident: Point | None
    labels: tuple[tuple[float, str], ...]
    times: tuple[str, str]
    size: Point = (WIDTH, HEIGHT)


def curve(chart: Chart) -> Curve:
    """The chart in a frame of `WIDTH` by `HEIGHT`, its values from a little below the lowest to above the highest."""
    first, last = chart.points[0][0], chart.points[-1][0]
    known = [value for _, value in chart.points if value is not None]
    low, high = min([*known, *_known(chart.reference)]), max([*known, *_known(chart.reference)])
    slack = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    low, high = low - slack, high + slack

    def x(at: datetime) -> float:
        share = (at - first) / (last - first) if last > first else 0.5
        return round(min(max(share, 0.0), 1.0) * WIDTH, 1)

    def y(value: float) -> float:
        return round((high - value) / (high - low) * HEIGHT, 1)

    runs = [[(x(at), y(value)) for at, value in run] for run in _runs(chart.points)]
    incident = None if chart.since is None else (x(chart.since), x(chart.until or last))
    levels = _apart(sorted({max(known), min(known), *_known(chart.reference)}), y)
    return Curve(
        title=chart.title,
        alt=chart.alt,
        lines=tuple(" ".join(f"{a:g},{b:g}" for a, b in run) for run in runs if len(run) > 1),
        dots=tuple(run[0] for run in runs if len(run) == 1),
        reference=None if chart.reference is None else y(chart.reference),
        incident=incident,
        labels=tuple((y(level), figure(level, chart.unit)) for level in levels),
        times=(clock(first), clock(last)),
    )


def _apart(levels: Sequence[float], y: Callable[[float], float]) -> list[float]:
    """Those whose labels have room, the highest first."""
    shown: list[float] = []
    for level in reversed(levels):
        if not shown or y(level) - y(shown[-1]) >= LABEL_HEIGHT:
            shown.append(level)
    return shown


def _known(value: float | None) -> list[float]:
    return [] if value is None else [value]


def _runs(points: Sequence[tuple[datetime, float | None]]) -> Iterator[list[tuple[datetime, float]]]:
    run: list[tuple[datetime, float]] = []
    for at, value in points:
        if value is not None:
            run.append((at, value))
        elif run:
            yield run
            run = []
    if run:
        yield run
