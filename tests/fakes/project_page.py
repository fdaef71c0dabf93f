"""A project's page as it would be read of a store, with a text planted in everything that was logged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from include.domain.cause import Arrival
from include.domain.interaction import Window
from include.domain.report import Estimate, MeasureWeek, Trend
from include.domain.score import KnownJudge
from include.domain.segment import SCORE_BINS
from include.pages.incidents import Headline
from include.pages.project import Course, Distribution, Points, ProjectPage
from include.reports.contributions import Contribution

END = datetime(2026, 11, 20, 19, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = Window(END - 7 * DAY, END)
CHART = Window(END - 14 * DAY, END)


def estimate(mean: float, n: int = 40) -> Estimate:
    """With an interval of a tenth."""
    return Estimate(mean, mean - 0.05, mean + 0.05, n)


def points(*means: float | None) -> Points:
    """Days of the chart from its start."""
    return tuple(
        (CHART.start + number * DAY, None if mean is None else estimate(mean)) for number, mean in enumerate(means)
    )


def course(measure: str = "composite", text: str = "") -> Course:
    """It fell, there is a gap, and another judge gave the first scores."""
    days = points(None, None, 0.8, 0.82, None, 0.8, 0.81, 0.8, 0.79, None, 0.6, 0.55, 0.5, 0.52)
    week = MeasureWeek(measure, "e1", estimate(0.6, 280), estimate(0.81, 260), -0.21, Trend.WORSE, days, other_judges=9)
    judge = None if measure == "composite" else KnownJudge(f"strict{text}", {"model": f"gpt{text}"}, CHART.start)
    return Course(week, (points(0.9, 0.91),), judge)


def segment(
    model: str = "gpt", version: str = "v2", value: float = -0.2, *, share: float = 0.5, share_before: float = 0.4
) -> Contribution:
    """One that got worse."""
    now, before = (estimate(mean) if part else None for part, mean in ((share, 0.5), (share_before, 0.8)))
    trend = Trend.WORSE if now and before else Trend.NO_DATA
    return Contribution((model, version), value, share, share_before, now, before, trend)


def project_page(text: str = "", *incidents: Headline, **changes: object) -> ProjectPage:
    """Of a project that broke; `changes` replace fields."""
    arrivals = (
        Arrival("judge of tone", f"strict{text}", CHART.start + 2 * DAY),
        Arrival("model", f"gpt-9{text}", CHART.start + 10 * DAY),
        Arrival("prompt_version", f"v14{text}", CHART.start + 10 * DAY + timedelta(hours=2)),
    )
    half = (0.0,) * (SCORE_BINS - 2) + (0.5, 0.5)
    given: dict[str, object] = {
        "project": f"bank{text}",
        "environment": f"production{text}",
        "window": WINDOW,
        "chart": CHART,
        "step": DAY,
        "courses": (course(), course("tone", text)),
        "arrivals": arrivals,
        "incidents": incidents,
        "segments": (
            segment(f"gpt{text}", f"v2{text}"),
            segment("new", "", 0.01, share_before=0),
            segment("", "v1", 0.0, share=0),
        ),
        "distribution": Distribution(half, half[::-1]),
        "environments": (f"production{text}", "staging"),
    }
    return ProjectPage(**given | changes)  # type: ignore[arg-type]
