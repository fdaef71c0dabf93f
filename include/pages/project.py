"""A project and a stretch of time go in; how its scores went comes out, with what may have moved them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from include import settings as configuration
from include.adapters.postgres.project_scores import ProjectScores
from include.adapters.postgres.scores import Scores
from include.domain.cause import Arrival
from include.domain.interaction import Window
from include.domain.report import Estimate, MeasureWeek, ProjectWeek
from include.domain.score import KnownJudge
from include.domain.segment import SegmentRow, Tally, merged
from include.errors import PageMissing
from include.pages.incidents import Headline, incidents
from include.pages.reading import reading
from include.reports.contributions import Contribution, Segment, contributions
from include.reports.estimate import estimate
from include.reports.quality import BEFORE, COMPOSITE, projects_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Points: TypeAlias = tuple[tuple[datetime, Estimate | None], ...]
"""Steps of the chart by their start, oldest first, None where nothing was scored."""
Tallies: TypeAlias = Mapping[tuple[str, str], Mapping[datetime, Tally]]
"""By measure and epoch, and the start of the step."""


@dataclass(frozen=True, slots=True)
class Course:
    """One score: the window's beside that of the 7 days before; `week.days` are the steps of the chart.

    They are of the judge that gave most of the window's values, each of `others` of another judge. `judge` is None of a
    composite, behind which stand several.
    """

    week: MeasureWeek
    others: tuple[Points, ...] = ()
    judge: KnownJudge | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """The share of composites, in [0, 1], that lies in each of `SCORE_BINS` bins.

    `before` is of the 7 days before, () where there are none.
    """

    now: tuple[float, ...]
    before: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """All that is known of a project's scores; `courses` are the composite, where there is one, and the dimensions.

    `chart` is the window with time before it, in steps of `step`. `arrivals` and `incidents` are of the chart, oldest
    first; `segments` are (model, prompt version).
    """

    project: str
    environment: str
    window: Window
    chart: Window
    step: timedelta
    courses: tuple[Course, ...]
    arrivals: tuple[Arrival, ...]
    incidents: tuple[Headline, ...]
    segments: tuple[Contribution, ...]
    distribution: Distribution | None
    environments: tuple[str, ...]


def project(name: str, window: Window, environment: str = "") -> ProjectPage:
    """The project over `window` (full hours), in one environment or in all ("") together; raises `PageMissing`."""
    step = HOUR if window.length <= DAY else DAY
    chart = Window(window.start - min(BEFORE, window.length), window.end)
    if "\0" in name:  # which no text in Postgres holds
        raise PageMissing("no project has such a name")
    with reading(configuration.for_the_store()) as store:
        scores = ProjectScores(store)
        rows = scores.read(name, Window(window.start - BEFORE, window.end), step)
        if not rows and not scores.knows(name):
            raise PageMissing(f"no interaction of a project {name} is on record")
        arrivals, judges = scores.arrivals(name, chart), Scores(store).judges({row.epoch for row in rows})
    here = [row for row in rows if environment in ("", row.segment[0])]
    courses = _courses(here, window, chart, step, judges)
    composites = [row for row in here if courses and row.epoch == courses[0].week.epoch]
    now = _by_segment(row for row in composites if row.starts_at in window)
    before = _by_segment(row for row in composites if row.starts_at not in window)
    return ProjectPage(
        project=name,
        environment=environment,
        window=window,
        chart=chart,
        step=step,
        courses=courses,
        arrivals=tuple(sorted([*arrivals, *_new_judges(here, judges, chart)], key=lambda one: one.at)),
        incidents=_incidents(name, environment, chart),
        segments=contributions(now, before),
        distribution=_distribution(now, before),
        environments=tuple(sorted({row.segment[0] for row in rows})),
    )


def _courses(
    rows: Iterable[SegmentRow], window: Window, chart: Window, step: timedelta, judges: Mapping[str, KnownJudge]
) -> tuple[Course, ...]:
    tallies = _by_judge(rows)
    together = [
        SegmentRow(at, ("", "", measure), epoch, tally)
        for (measure, epoch), steps in tallies.items()
        for at, tally in steps.items()
    ]
    starts = [chart.start + number * step for number in range(-(-chart.length // step))]

    def points(key: tuple[str, str]) -> Points:
        return tuple((at, estimate(tallies[key].get(at, Tally()))) for at in starts)

    def course(week: MeasureWeek) -> Course:
        others = [key for key in tallies if key[0] == week.measure and key[1] != week.epoch]
        steps = replace(week, days=points((week.measure, week.epoch)))
        return Course(steps, tuple(map(points, others)), judges.get(week.epoch))

    return tuple(course(week) for found in projects_of(together, window) for week in _measures(found))


def _measures(found: ProjectWeek) -> Sequence[MeasureWeek]:
    return [found.composite, *found.dimensions] if found.composite else found.dimensions


def _by_judge(rows: Iterable[SegmentRow]) -> Tallies:
    found: dict[tuple[str, str], dict[datetime, list[Tally]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.segment[3], row.epoch][row.starts_at].append(row.tally)
    return {key: {at: merged(tallies) for at, tallies in steps.items()} for key, steps in found.items()}


def _by_segment(rows: Iterable[SegmentRow]) -> dict[Segment, Tally]:
    """Composites by (model, prompt version)."""
    found: dict[Segment, list[Tally]] = defaultdict(list)
    for row in rows:
        if row.segment[3] == COMPOSITE:
            found[row.segment[1:3]].append(row.tally)
    return {segment: merged(tallies) for segment, tallies in found.items()}


def _distribution(now: Mapping[Segment, Tally], before: Mapping[Segment, Tally]) -> Distribution | None:
    both = [merged(tallies.values()) for tallies in (now, before)]
    shares = [tuple(one / tally.weight for one in tally.bins) if tally.weight else () for tally in both]
    return Distribution(*shares) if shares[0] else None


def _new_judges(rows: Iterable[SegmentRow], judges: Mapping[str, KnownJudge], chart: Window) -> list[Arrival]:
    """Judges of dimensions that took over from another, each at the step in which it scored the project first."""
    first: dict[tuple[str, str], datetime] = {}
    for row in rows:
        if row.epoch in judges:
            key = (row.segment[3], row.epoch)
            first[key] = min(row.starts_at, first.get(key, row.starts_at))
    began = {dimension: min(at for (of, _), at in first.items() if of == dimension) for dimension, _ in first}
    return [
        Arrival(f"judge of {dimension}", judges[epoch].judge, at)
        for (dimension, epoch), at in sorted(first.items())
        if at > began[dimension] and at in chart
    ]


def _incidents(name: str, environment: str, chart: Window) -> tuple[Headline, ...]:
    def concerns(one: Headline) -> bool:
        labels = [alert.labels for alert in one.incident.own]
        here = [of for of in labels if not environment or of.get("environment") in (None, "", environment)]
        return any(of.get("project") == name for of in here)

    return tuple(sorted(filter(concerns, incidents(chart, name)), key=lambda one: one.incident.starts_at))
