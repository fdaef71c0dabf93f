"""What a message shows goes in, its PNG comes out: a chart is drawn, a picture is drawn already."""

from __future__ import annotations

from include.domain.message import Chart, Picture
from include.notify.chart import draw_chart


def draw(shown: Chart | Picture) -> bytes:
    """The same chart or picture gives the same bytes."""
    return shown.png if isinstance(shown, Picture) else draw_chart(shown)
