"""A week goes in; one picture of its headline comes out: the three sentences, and how each project stands.

It is drawn for a message in Slack, which shows it at about half its size. What it shows stands in its description too
(https://www.w3.org/TR/png-3/#11keywords), for whoever cannot see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from include.domain.lettering import drawable
from include.domain.report import ProjectWeek, Trend, WeeklyReport
from include.reports import formats
from include.reports.headline import headline
from include.reports.render import visible

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = ImageFont | FreeTypeFont

WIDTH, MARGIN = 1200, 32
SMALL, LARGE = 24, 36
LINE, ROW, GAP = 34, 44, 8
"""Pixels from one line to the next, of sentences and of projects, and between sentences."""
LINES = 4
"""Of each sentence; what does not fit is cut."""
ROWS = 8
NAME, PLOT, VALUE, CHANGE, TARGET = (MARGIN, 350), (380, 760), 860, 1030, WIDTH - MARGIN
"""Where names and the scale begin and end, and where figures end."""
MAX_ALT = 2000

PAPER, INK, QUIET, RULE = "#ffffff", "#1d1c1d", "#616061", "#d0d0d0"
COLOURS = {Trend.WORSE: "#c92a2a", Trend.BETTER: "#2b8a3e"}
USUAL = "#1264a3"
LAST, AIM = "#8a8a8a", "#1d1c1d"


@dataclass(frozen=True, slots=True)
class Row:
    """One project: its composite now with its interval, last week's, and what it is held to, all in [0, 1]."""

    name: str
    now: float
    low: float
    high: float
    before: float | None
    change: str
    target: float | None
    trend: Trend


def draw_card(report: WeeklyReport) -> bytes:
    """A PNG; the same week gives the same bytes."""
    from PIL import Image, ImageDraw, ImageFont, PngImagePlugin  # 0.1 s: only who writes a report pays it

    small, large = ImageFont.load_default(SMALL), ImageFont.load_default(LARGE)
    sentences = [_wrapped(sentence, small, WIDTH - 2 * MARGIN) for sentence in headline(report)]
    rows = _rows(report)
    shown = rows[:ROWS]
    top = MARGIN + 58 + sum(len(lines) * LINE + GAP for lines in sentences) + 16
    height = top + (LINE + len(shown) * ROW + LINE if shown else 0) + MARGIN // 2
    image = Image.new("RGB", (WIDTH, height), PAPER)
    brush = ImageDraw.Draw(image)
    brush.text((MARGIN, MARGIN - 8), f"LLM quality, {drawable(formats.window(report.window))}", INK, large)
    _draw_sentences(brush, sentences, MARGIN + 58, small)
    if shown:
        _draw_table(brush, shown, len(rows) - len(shown), top, small)
    file, told = BytesIO(), PngImagePlugin.PngInfo()
    told.add_itxt("Description", _in_words(report, rows))
    image.save(file, "PNG", optimize=True, pnginfo=told)
    return file.getvalue()


def description(png: bytes) -> str:
    """What a card shows, in words; "" of a picture that does not say."""
    from PIL import Image

    with Image.open(BytesIO(png)) as image:
        return str(image.info.get("Description", ""))


def _rows(report: WeeklyReport) -> list[Row]:
    """Every project that was scored: what fell first, then by the composite, the lowest first."""
    several = len(report.environments) > 1
    rows = [row for project in report.projects if (row := _row(project, several))]
    return sorted(rows, key=lambda row: (row.trend is not Trend.WORSE, row.now, row.name))


def _row(project: ProjectWeek, with_environment: bool) -> Row | None:
    week = project.composite
    if week is None or week.now is None:
        return None
    now = week.now
    compared = week.trend in (Trend.BETTER, Trend.WORSE) and week.difference is not None
    return Row(
        name=f"{project.project}, {project.environment}" if with_environment else project.project,
        now=now.mean,
        low=now.mean if now.low is None else now.low,
        high=now.mean if now.high is None else now.high,
        before=week.before.mean if week.before and week.difference is not None else None,
        change=formats.change(week.difference or 0.0) if compared else WORDS[week.trend],
        target=project.target,
        trend=week.trend,
    )


WORDS = {Trend.STEADY: "steady", Trend.OTHER_JUDGE: "other judge", Trend.NO_DATA: "new"}


def _draw_sentences(brush: ImageDraw, sentences: Sequence[Sequence[str]], y: int, font: Font) -> None:
    for lines in sentences:
        for line in lines:
            brush.text((MARGIN, y), line, INK, font)
            y += LINE
        y += GAP


def _draw_table(brush: ImageDraw, rows: Sequence[Row], more: int, y: int, font: Font) -> None:
    has_targets = any(row.target is not None for row in rows)
    brush.line([(MARGIN, y - 12), (WIDTH - MARGIN, y - 12)], fill=RULE, width=2)
    brush.text((NAME[0], y), "Composite score", QUIET, font)
    for x, told in ((VALUE, "now"), (CHANGE, "change"), *(((TARGET, "target"),) if has_targets else ())):
        brush.text((x, y), told, QUIET, font, anchor="ra")
    scale = _Scale(rows)
    y += LINE + ROW // 2
    for row in rows:
        _draw_row(brush, row, y, scale, font)
        y += ROW
    y -= ROW // 2
    for value in (scale.low, 1.0):
        anchor = "la" if value < 1 else "ra"
        brush.text((scale.x(value), y), f"{value:.1f}", QUIET, font, anchor=anchor)
    brush.text((sum(PLOT) / 2, y), "ring: last week", QUIET, font, anchor="ma")
    if more:
        brush.text((NAME[0], y), f"and {formats.counted(more, 'more project')}", QUIET, font)


class _Scale:
    """Scores as pixels, from a whole tenth below the lowest that is shown to 1."""

    def __init__(self, rows: Sequence[Row]) -> None:
        shown = [value for row in rows for value in (row.low, row.before, row.target) if value is not None]
        self.low = min(max(int((min(shown) - 0.02) * 10) / 10, 0.0), 0.9)

    def x(self, value: float) -> float:
        share = (min(max(value, self.low), 1.0) - self.low) / (1.0 - self.low)
        return PLOT[0] + share * (PLOT[1] - PLOT[0])


def _draw_row(brush: ImageDraw, row: Row, y: int, scale: _Scale, font: Font) -> None:
    colour = COLOURS.get(row.trend, USUAL)
    brush.text((NAME[0], y), _cut(drawable(str(visible(row.name))), font, NAME[1] - NAME[0]), INK, font, anchor="lm")
    brush.line([(PLOT[0], y), (PLOT[1], y)], fill=RULE, width=1)
    if row.target is not None:
        x = scale.x(row.target)
        brush.line([(x, y - 14), (x, y + 14)], fill=AIM, width=3)
        brush.text((TARGET, y), f"{row.target:.2f}", QUIET, font, anchor="rm")
    if row.before is not None:
        x = scale.x(row.before)
        brush.ellipse([(x - 8, y - 8), (x + 8, y + 8)], outline=LAST, width=3)
    brush.line([(scale.x(row.low), y), (scale.x(row.high), y)], fill=colour, width=6)
    x = scale.x(row.now)
    brush.ellipse([(x - 9, y - 9), (x + 9, y + 9)], fill=colour)
    brush.text((VALUE, y), formats.score(row.now), colour, font, anchor="rm")
    brush.text((CHANGE, y), drawable(row.change), colour if row.trend in COLOURS else QUIET, font, anchor="rm")


def _wrapped(sentence: str, font: Font, width: int) -> list[str]:
    """The sentence in at most `LINES` lines that fit; a word that is wider than a line is cut."""
    lines = list(_lines(drawable(str(visible(sentence))).split(), font, width))
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], _cut(f"{lines[LINES - 1]} …", font, width)]


def _lines(words: Sequence[str], font: Font, width: int) -> Iterator[str]:
    line = ""
    for word in words:
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            yield line
            longer = word
        line = _cut(longer, font, width)
    if line:
        yield line


def _cut(text: str, font: Font, width: int) -> str:
    """As much of the text as fits, with an ellipsis where something is missing."""
    text = text[: width // 4]  # no letter is narrower, and what is logged may be long
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _in_words(report: WeeklyReport, rows: Sequence[Row]) -> str:
    told = [str(visible(sentence)) for sentence in headline(report)]
    for row in rows:
        before = "" if row.before is None else f", last week {formats.score(row.before)}"
        target = "" if row.target is None else f", target {row.target:.2f}"
        told.append(f"{visible(formats.short(row.name))}: {formats.score(row.now)}{before}{target}.")
    text = " ".join(" ".join(told).split())
    return text if len(text) <= MAX_ALT else f"{text[: MAX_ALT - 1]}…"
