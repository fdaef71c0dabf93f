"""A month of spend as a chart goes in; shapes that draw it beside its budget and forecast as inline SVG come out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from include.domain.message import Chart
from include.reports.charts import HEIGHT, WIDTH

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Burndown:
    """The month from its first to its last day: spend added up, the stretch in which it is expected to end, the budget.

    `lines` are SVG point lists, broken where a day is not known; `fan` is that of a polygon, "" without a forecast, as
    is `expected`; `limit` is a height.
    """

    alt: str
    lines: tuple[str, ...]
    last: Point
    fan: str
    expected: str
    limit: float | None


def burndown(chart: Chart) -> Burndown:
    """As the day's summary of spend draws it: `chart` begins with a month, and what is known of it is from 0 up."""
    start = chart.points[0][0]
    month = (start + timedelta(days=32)).replace(day=1) - start
    ends = chart.outlook[:1]
    known = [(at, value) for at, value in chart.points if value is not None]
    top = max([*(value for _, value in known), chart.reference or 0.0, *(high for _, _, _, high in ends)]) * 1.04 or 1.0

    def place(at: datetime, value: float) -> Point:
        return round((at - start) / month * WIDTH, 1), round(HEIGHT * (1 - value / top), 1)

    runs: list[list[Point]] = [[]]
    for at, value in chart.points:
        if value is not None:
            runs[-1].append(place(at, value))
        elif runs[-1]:
            runs.append([])
    last = place(*known[-1])
    fan = [(last, place(at, high), place(at, low)) for at, low, _, high in ends]
    return Burndown(
        alt=chart.alt,
        lines=tuple(_points(run) for run in runs if len(run) > 1),
        last=last,
        fan="".join(_points(one) for one in fan),
        expected="".join(_points((last, place(at, value))) for at, _, value, _ in ends),
        limit=None if chart.reference is None else place(start, chart.reference)[1],
    )


def _points(points: list[Point] | tuple[Point, ...]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
