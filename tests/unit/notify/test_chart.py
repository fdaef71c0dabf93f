from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from include.domain.message import Chart
from include.notify.chart import AHEAD, BAD, BAND, EXPECTED, GOOD, HEIGHT, LINE, WIDTH, draw_chart
from tests.fakes.notify import HOUR, MIDNIGHT

FELL = Chart(
    title="faithfulness, help-desk, UTC",
    points=tuple((MIDNIGHT + hour * HOUR, 0.8 if hour < 20 else 0.4) for hour in range(24)),
    alt="fell",
    reference=0.8,
    since=MIDNIGHT + 20 * HOUR,
)


def colours(chart: Chart) -> dict[str, int]:
    image = Image.open(BytesIO(draw_chart(chart)))
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    return {f"#{r:02x}{g:02x}{b:02x}": count for count, (r, g, b) in image.getcolors(WIDTH * HEIGHT) or []}


def test_the_same_chart_is_the_same_picture() -> None:
    assert draw_chart(FELL) == draw_chart(replace(FELL))
    assert len(draw_chart(FELL)) < 40_000


def test_what_goes_on_is_red_and_what_is_over_ends_green() -> None:
    firing, over = colours(FELL), colours(replace(FELL, until=MIDNIGHT + 22 * HOUR))
    assert firing[LINE] > 500
    assert firing[BAND] > over[BAND] > 1000
    assert (BAD in firing, GOOD in firing, GOOD in over) == (True, False, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": None, "since": None},
        {"points": tuple((MIDNIGHT + hour * HOUR, 0.0) for hour in range(3)), "reference": 0.0},
        {"points": ((MIDNIGHT, None), (MIDNIGHT + HOUR, 1.0), (MIDNIGHT + 2 * HOUR, None))},
        {"points": ((MIDNIGHT, 5e9), (MIDNIGHT, -5e9)), "unit": "USD"},
        {"since": MIDNIGHT - timedelta(days=9), "until": MIDNIGHT - timedelta(days=8)},
        {"title": "<b>\n\u202e" + "ä" * 500},
    ],
)
def test_any_course_of_a_measure_can_be_drawn(changes: dict[str, object]) -> None:
    assert colours(replace(FELL, **changes))  # type: ignore[arg-type]


MONTH = Chart(
    title="Spend of November 2026, added up",
    points=tuple((MIDNIGHT + day * timedelta(days=1), 2.0 * day) for day in range(11)),
    alt="spend",
    reference=50.0,
    unit="USD",
    held_to="budget",
    outlook=((MIDNIGHT + timedelta(days=30), 45.0, 58.0, 80.0),),
)


def test_what_is_to_come_is_a_band_that_widens_after_the_last_value() -> None:
    ahead, narrow = colours(MONTH), colours(replace(MONTH, outlook=((MONTH.outlook[0][0], 57.0, 58.0, 59.0),)))
    assert ahead[AHEAD] > 10 * narrow.get(AHEAD, 0)
    assert ahead[EXPECTED] > 500
    assert AHEAD not in colours(replace(MONTH, outlook=()))


@pytest.mark.parametrize("end", [20.0, 50.0, 51.0, 4000.0])
@pytest.mark.parametrize("days", [1, 30])
def test_any_outlook_can_be_drawn(end: float, days: int) -> None:
    points = MONTH.points[: 1 + days]
    outlook = ((points[-1][0] + timedelta(days=1), end, end, end),)
    assert colours(replace(MONTH, points=points, outlook=outlook))[LINE]


def test_a_chart_can_be_written_down() -> None:
    told = json.loads(json.dumps(MONTH.to_json()))
    assert told["outlook"] == [[(MIDNIGHT + timedelta(days=30)).isoformat(), 45.0, 58.0, 80.0]]
