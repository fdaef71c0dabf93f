"""How a measure went goes in, a small PNG of it comes out: the line, what it is held to, and since when it is wrong.

Where an outlook is given, the picture goes on to where that ends, with the interval as a band.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING

from include.domain.message import Chart
from include.notify.blocks import tame
from include.notify.figures import clock, figure

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

WIDTH, HEIGHT = 1200, 330
"""Pixels; Slack shows it at about half of that, sharp on any screen."""
LEFT, RIGHT, TOP, BOTTOM = 24, 960, 52, 284
"""Of the plot; values stand to its right, times below."""
SMALL, LARGE = 24, 30
MAX_TITLE = 90

PAPER, INK, QUIET, RULE = "#ffffff", "#1d1c1d", "#616061", "#8a8a8a"
LINE, BAD, BAND, GOOD = "#1264a3", "#c92a2a", "#fdecec", "#2b8a3e"
AHEAD, EXPECTED = "#dbeafa", "#5b9bd0"

Point = tuple[float, float]


def draw_chart(chart: Chart) -> bytes:
    """A PNG; the same chart gives the same bytes."""
    from PIL import Image, ImageDraw, ImageFont  # 0.1 s: only who tells of something pays it

    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    brush = ImageDraw.Draw(image)
    small, large = ImageFont.load_default(SMALL), ImageFont.load_default(LARGE)
    scale = _Scale(chart)
    brush.text((LEFT, 8), tame(chart.title)[:MAX_TITLE], INK, small)
    _draw_band(brush, chart, scale)
    _draw_outlook(brush, chart, scale, small)
    _draw_reference(brush, chart, scale, small)
    _draw_line(brush, chart, scale)
    _draw_last(brush, chart, scale, large)
    _draw_times(brush, chart, scale, small)
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


class _Scale:
    """Times and values as pixels."""

    def __init__(self, chart: Chart) -> None:
        known = [value for _, value in chart.points if value is not None]
        known += [chart.reference] if chart.reference is not None else []
        known += [value for _, low, _, high in chart.outlook for value in (low, high)]
        low, high = min(known), max(known)
        margin = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
        self.low, self.high = low - margin, high + margin
        self.start, self.end = chart.points[0][0], (chart.outlook or chart.points)[-1][0]

    def x(self, at: datetime) -> float:
        whole = (self.end - self.start).total_seconds() or 1.0
        share = (at - self.start).total_seconds() / whole
        return LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT)

    def y(self, value: float) -> float:
        return BOTTOM - (value - self.low) / (self.high - self.low) * (BOTTOM - TOP)


def _draw_band(brush: ImageDraw, chart: Chart, scale: _Scale) -> None:
    """Where what the message tells of goes on, or went on."""
    if chart.since is None:
        return
    start, end = scale.x(chart.since), scale.x(chart.until or scale.end)
    brush.rectangle([(start, TOP), (max(end, start + 2), BOTTOM)], fill=BAND)


def _draw_outlook(brush: ImageDraw, chart: Chart, scale: _Scale, font: ImageFont | FreeTypeFont) -> None:
    """The band from where the values end, what is expected within it, and the last of that in figures."""
    if not chart.outlook:
        return
    at, value = _last(chart)
    begin = scale.x(at), scale.y(value)
    low = [begin, *((scale.x(at), scale.y(value)) for at, value, _, _ in chart.outlook)]
    high = [begin, *((scale.x(at), scale.y(value)) for at, _, _, value in chart.outlook)]
    brush.polygon([*high, *reversed(low)], fill=AHEAD)
    brush.line([begin, *((scale.x(at), scale.y(value)) for at, _, value, _ in chart.outlook)], fill=EXPECTED, width=3)
    last = chart.outlook[-1][2]
    y = scale.y(last)
    if chart.reference is not None and abs(y - scale.y(chart.reference)) < LARGE:
        y = scale.y(chart.reference) + (LARGE if last <= chart.reference else -LARGE)
    brush.text((RIGHT + 14, y), f"expected {_amount(last, chart.unit)}", LINE, font, anchor="lm")


def _amount(value: float, unit: str) -> str:
    """A figure that has room beside the plot: thousands of USD without cents."""
    return f"${value:,.0f}" if unit == "USD" and abs(value) >= 1000 else figure(value, unit)


def _draw_reference(brush: ImageDraw, chart: Chart, scale: _Scale, font: ImageFont | FreeTypeFont) -> None:
    if chart.reference is None:
        return
    y = scale.y(chart.reference)
    for x in range(LEFT, RIGHT, 16):
        brush.line([(x, y), (min(x + 8, RIGHT), y)], fill=RULE, width=2)
    brush.text((RIGHT + 14, y), f"{chart.held_to} {_amount(chart.reference, chart.unit)}", QUIET, font, anchor="lm")


def _draw_line(brush: ImageDraw, chart: Chart, scale: _Scale) -> None:
    for stretch in _stretches(chart.points):
        places = [(scale.x(at), scale.y(value)) for at, value in stretch]
        if len(places) > 1:
            brush.line(places, fill=LINE, width=4, joint="curve")
        else:
            _dot(brush, places[0], LINE, 3)


def _stretches(points: Sequence[tuple[datetime, float | None]]) -> Iterator[list[tuple[datetime, float]]]:
    """Values without a gap between them."""
    for known, run in groupby(points, key=lambda point: point[1] is not None):
        if known:
            yield [(at, value) for at, value in run if value is not None]


def _draw_last(brush: ImageDraw, chart: Chart, scale: _Scale, font: ImageFont | FreeTypeFont) -> None:
    """The newest value, kept off the reference's label."""
    at, value = _last(chart)
    colour = GOOD if chart.until else BAD if chart.since else LINE
    place = scale.x(at), scale.y(value)
    _dot(brush, place, colour, 8)
    y = place[1]
    if chart.outlook:
        brush.text((max(place[0] - 12, LEFT), y - 12), figure(value, chart.unit), colour, font, anchor="rs")
        return
    if chart.reference is not None and abs(y - scale.y(chart.reference)) < LARGE:
        y = scale.y(chart.reference) + (LARGE if value <= chart.reference else -LARGE)
    brush.text((RIGHT + 14, y), figure(value, chart.unit), colour, font, anchor="lm")


def _last(chart: Chart) -> tuple[datetime, float]:
    return next((at, value) for at, value in reversed(chart.points) if value is not None)


def _dot(brush: ImageDraw, place: Point, colour: str, radius: int) -> None:
    x, y = place
    brush.ellipse([(x - radius, y - radius), (x + radius, y + radius)], fill=colour)


def _draw_times(brush: ImageDraw, chart: Chart, scale: _Scale, font: ImageFont | FreeTypeFont) -> None:
    """Start, end, and since when it is wrong where there is room for that between them."""
    brush.line([(LEFT, BOTTOM), (RIGHT, BOTTOM)], fill=RULE, width=1)
    y = BOTTOM + 12
    if chart.outlook:
        _draw_days(brush, chart, scale, font)
        return
    brush.text((LEFT, y), clock(scale.start), QUIET, font)
    brush.text((RIGHT, y), clock(scale.end), QUIET, font, anchor="ra")
    if chart.since is not None and LEFT + 230 < scale.x(chart.since) < RIGHT - 230:
        brush.text((scale.x(chart.since), y), clock(chart.since), BAD, font, anchor="ma")


def _draw_days(brush: ImageDraw, chart: Chart, scale: _Scale, font: ImageFont | FreeTypeFont) -> None:
    """The first day, the last known and the last foretold; an end of a day at midnight is named for the day."""
    at, y = _last(chart)[0], BOTTOM + 12
    brush.text((LEFT, y), _day(scale.start), QUIET, font)
    brush.text((RIGHT, y), _day(scale.end - timedelta(microseconds=1)), QUIET, font, anchor="ra")
    if LEFT + 150 < scale.x(at) < RIGHT - 150:
        brush.text((scale.x(at), y), _day(at - timedelta(microseconds=1)), QUIET, font, anchor="ma")


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b}"
