"""A week goes in; what a model is told of it, and whether what it wrote may be shown, comes out.

The model is told figures alone, as the report prints them. It knows projects by letters, and names are put in after it
has written, so that nothing that was logged reaches it. Every number in its text must be one that it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from string import ascii_uppercase

from include.domain.interaction import Json
from include.domain.report import IncidentWeek, MeasureWeek, ProjectWeek, Trend, WeeklyReport
from include.reports import formats
from include.reports.render import visible

MAX_WORDS = 90
PROJECTS, INCIDENTS = 12, 5
"""So many are told, what fell and what is gravest first."""

TASK = f"""You write one paragraph of a weekly report on how good the answers of LLM applications were, for readers \
who see the figures beside it.

You are given figures as JSON. Composite and other scores go from 0 to 1, more is better. Say what matters most and \
how the figures belong together: what got worse or better, what was wrong and whether it is over, what it cost. Plain \
English, at most {MAX_WORDS - 10} words, no list, no markup, no advice.

Write every number in digits and exactly as it is given. Do not compute numbers, round them, or write them as words. \
Claim no cause that the figures do not show. Call projects by the names that they have there, such as Project A."""

_MOVED = {
    Trend.WORSE: "fell",
    Trend.BETTER: "rose",
    Trend.STEADY: "did not move beyond noise",
    Trend.OTHER_JUDGE: "not comparable, another judge scored it last week",
    Trend.NO_DATA: "nothing to compare it with",
}
_NUMBER = re.compile(r"(\$ ?)?(\d+(?:[.,]\d+)*)(\s?(?:%|per ?cent))?")
_PLAIN = re.compile(r"\d+(\.\d+)?")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_PLACEHOLDER = re.compile(r"\bProject [A-Z]+\b")
_MARKUP = re.compile(r"[<>\[\]{}`*#|\\]|://|\n")
_UNITS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
)
_WORDS = {word: Decimal(number) for number, word in enumerate(_UNITS.split(), start=2)}
_VAGUER = """nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million
    millions half halved third thirds quarter quarters double doubled doubling twice triple tripled thrice dozen dozens
"""
_VAGUE = frozenset(_VAGUER.split())
"""Numbers in words that no figure is printed as."""


@dataclass(frozen=True, slots=True)
class _Number:
    value: Decimal
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a model is given: figures, and what the letters of projects stand for."""

    figures: dict[str, Json]
    names: dict[str, str]


def told_of(report: WeeklyReport) -> Told:
    """The figures of a week; the same week gives the same."""
    several = len(report.environments) > 1
    order = {Trend.WORSE: 0, Trend.BETTER: 1}
    scored = [one for one in report.projects if one.composite and one.composite.now]
    shown = sorted(scored, key=lambda one: order.get(one.composite.trend, 2) if one.composite else 2)[:PROJECTS]
    letters = {(one.project, one.environment): f"Project {ascii_uppercase[number]}" for number, one in enumerate(shown)}
    figures: dict[str, Json] = {
        "week": formats.window(report.window),
        "projects": [_project(one, letters[one.project, one.environment]) for one in shown],
        "other projects": str(len(scored) - len(shown)),
        "incidents": str(len(report.incidents_of_week)),
        "gravest incidents": [_incident(one, letters) for one in report.incidents_of_week[:INCIDENTS]],
        "coverage": _coverage(report),
        "spend of the applications": _spend(report),
    }
    names = {
        letter: str(visible(f"{project} ({environment})" if several else project))
        for (project, environment), letter in letters.items()
    }
    return Told(figures, names)


def objection(text: str, told: Told) -> str:
    """Why a text may not be shown, in words for its author; "" where it may."""
    if not text.strip():
        return "the paragraph is empty"
    if len(text.split()) > MAX_WORDS:
        return f"the paragraph has more than {MAX_WORDS} words"
    if _MARKUP.search(text):
        return "the paragraph holds markup, an address or a line break"
    if not told.names.keys() >= set(_PLACEHOLDER.findall(text)):
        return "the paragraph names a project that the figures do not"
    if any(one.isnumeric() and not one.isascii() for one in text):
        return "the paragraph holds a number that is not in plain digits"
    words = re.findall(r"[a-z]+", text.lower())
    if _VAGUE.intersection(words):
        return "the paragraph holds a number in words"
    week = str(told.figures["week"])
    given = {number for figure in _leaves(told.figures) if figure != week for number in _numbers(figure)}
    written = [*_numbers(text.replace(week, "")), *(_Number(_WORDS[word]) for word in words if word in _WORDS)]
    strange = [number for number in written if number not in given]
    return f"the number {strange[0].value} in the paragraph is none of the figures" if strange else ""


def named(text: str, told: Told) -> str:
    """The text with the names of projects instead of their letters."""
    return _PLACEHOLDER.sub(lambda found: told.names[found[0]], text.strip())


def _project(project: ProjectWeek, letter: str) -> dict[str, Json]:
    assert project.composite is not None
    told: dict[str, Json] = {"name": letter, **_measure(project.composite)}
    if project.target is not None and project.reached is not None:
        reached = {"yes": "reached", "no": "missed", "unsure": "too close to tell"}[project.reached]
        told["target"] = f"{project.target:.2f}, {reached}"
    moved = [one for one in project.dimensions if one.trend in (Trend.WORSE, Trend.BETTER)]
    return {**told, "dimensions that moved": {formats.words(one.measure): _measure(one) for one in moved}}


def _measure(week: MeasureWeek) -> dict[str, Json]:
    told: dict[str, Json] = {"movement": _MOVED[week.trend]}
    if week.now:
        told |= {"now": f"{week.now.mean:.2f}", "answers": f"{week.now.n:,}"}
    if week.before and week.difference is not None:
        told["last week"] = f"{week.before.mean:.2f}"
        told |= {"difference": f"{abs(week.difference):.2f}"} if week.trend in (Trend.WORSE, Trend.BETTER) else {}
    return told


def _incident(incident: IncidentWeek, letters: dict[tuple[str, str], str]) -> dict[str, Json]:
    of = sorted({letter for (project, _), letter in letters.items() if project in incident.projects})
    return {
        "what": incident.title,
        "in": [*of] or "all projects or others",
        "severity": incident.severity.value,
        "state": "over" if incident.ends_at else "still open",
        "lasted": formats.duration(incident.duration),
    }


def _coverage(report: WeeklyReport) -> dict[str, Json]:
    ledger = report.coverage.ledger
    return {
        "logged": f"{ledger.logged:,}",
        "scored": f"{ledger.scored:,}, {formats.share(ledger.scored, ledger.logged)}",
        "could not be scored": f"{ledger.failed:,}",
        "refused": f"{ledger.quarantined:,}",
    }


def _spend(report: WeeklyReport) -> dict[str, Json]:
    spend, before = report.costs.application, report.costs.application_before
    told: dict[str, Json] = {"week": formats.spent(spend), "calls": f"{spend.calls:,}"}
    if report.costs.comparable and before.known:
        ratio = (spend.known - before.known) / before.known
        told["against the week before"] = f"{abs(ratio) * 100:.0f} % {'more' if ratio > 0 else 'less'}"
    return told


def _leaves(figures: Json) -> Iterator[str]:
    if isinstance(figures, dict):
        for one in figures.values():
            yield from _leaves(one)
    elif isinstance(figures, list):
        for one in figures:
            yield from _leaves(one)
    elif isinstance(figures, str):
        yield figures


def _numbers(text: str) -> Iterator[_Number]:
    """Every number in a text; what is not written as the report writes numbers is like no other number."""
    for dollar, found, percent in _NUMBER.findall(text):
        plain = found.replace(",", "") if _THOUSANDS.fullmatch(found) else found
        unit = "$" if dollar else "%" if percent else ""
        yield _Number(Decimal(plain) if _PLAIN.fullmatch(plain) else Decimal("NaN"), unit)
