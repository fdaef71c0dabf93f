"""A typed report goes in, one self-contained HTML file comes out: no script, nothing loaded, the same bytes again."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.domain.report import CostWeek, IncidentWeek, ProjectWeek, WeeklyReport
from include.reports import formats, money_words
from include.reports.charts import HEIGHT, WIDTH, common_range, sparkline
from include.reports.examples import failed_at
from include.reports.headline import headline
from include.reports.money_charts import bullets, pairs, waterfall
from include.reports.quality import chart_of

TEMPLATES = Path(__file__).parent / "templates"
OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Marks that reorder the text around them (Unicode bidirectional embeddings, overrides and isolates)."""
MOST_CHARS = 1300
"""No text is shown longer, whatever a rule or a log holds; those of examples are cut before."""
MOST = MappingProxyType(
    {
        "projects": 50,
        "incidents": 25,
        "changes": 8,
        "judges": 24,
        "leanings": 20,
        "rules": 20,
        "reasons": 12,
        "budgets": 24,
        "attachments": 20,
        "names": 8,
    }
)
"""How many of each list are shown; what more there is is counted. They keep the file under a megabyte."""
FILTERS = (
    formats.short,
    failed_at,
    formats.score,
    formats.change,
    formats.money,
    formats.calls,
    formats.model_name,
    formats.day,
    formats.moment,
    formats.short_moment,
    formats.window,
    formats.duration,
    formats.words,
    money_words.difference,
    money_words.between,
    money_words.percent,
    money_words.outlook,
    money_words.verdict,
    money_words.contrast,
)


def render(report: WeeklyReport) -> str:
    """The report as HTML; every text in it is escaped, whatever it holds."""
    chart = chart_of(report.window)
    axis = common_range(project.composite for project in report.projects if project.composite)
    sparklines = {
        (project.project, project.environment): sparkline(
            project.composite, _incidents_of(project, report.incidents), chart, report.window, axis
        )
        for project in report.projects[: MOST["projects"]]
        if project.composite
    }
    return (
        environment()
        .get_template("weekly.html.j2")
        .render(
            report=report,
            headline=headline(report),
            most=MOST,
            dimensions=sorted({week.measure for project in report.projects for week in project.dimensions}),
            chart=chart,
            axis=axis,
            sparklines=sparklines,
            money=_shapes(report.costs),
            size=(WIDTH, HEIGHT),
            share=formats.share,
            counted=formats.counted,
            moved=money_words.moved,
        )
    )


def _shapes(costs: CostWeek) -> dict[str, object]:
    """The bars of the section on cost."""
    saved = costs.money.judging.whole
    return {
        "days": pairs(costs.days, costs.days_before if costs.comparable else ()),
        "budgets": bullets(costs.money.budgets),
        "steps": waterfall(saved) if saved and saved.in_full else (),
    }


@cache
def environment() -> Environment:
    """Jinja2 that escapes whatever is not a template, refuses unknown names, and strips what text must not do."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {function.__name__: function for function in FILTERS}
    return made


def _shown(value: object) -> object:
    seen = visible(value)
    return f"{seen[:MOST_CHARS]} …" if type(seen) is str and len(seen) > MOST_CHARS else seen


def visible(value: object) -> object:
    """Text whose control characters and direction overrides show as U+FFFD, so that it cannot pose as other text."""
    if type(value) is not str or (value.isascii() and value.isprintable()):
        return value
    return "".join("\ufffd" if _is_hidden(character) else character for character in value)


def _is_hidden(character: str) -> bool:
    is_control = unicodedata.category(character) in ("Cc", "Cs", "Co") and character not in "\n\t"
    return is_control or character in OVERRIDES


def _incidents_of(project: ProjectWeek, incidents: tuple[IncidentWeek, ...]) -> list[IncidentWeek]:
    return [one for one in incidents if not one.projects or project.project in one.projects]
