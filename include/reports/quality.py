"""Daily tallies of every score go in, each project's week beside the week before comes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from include.domain.interaction import Window
from include.domain.report import MeasureWeek, ProjectWeek, Reached, Trend
from include.domain.segment import SegmentRow, Tally, merged
from include.reports.estimate import discoveries, estimate, p_of_difference

COMPOSITE = "composite"
MIN_DIFFERENCE = 0.01
"""A smaller change of a mean is called steady even where it is no noise: one hundredth matters to nobody."""
DAY = timedelta(days=1)
BEFORE = 7 * DAY
"""What a week is compared with, also where it is a shorter or longer time that somebody asked for."""
CHARTED = 21 * DAY
"""How much of the past the charts show before the week."""

Segment: TypeAlias = tuple[str, ...]
Days: TypeAlias = Mapping[datetime, Tally]


def chart_of(week: Window) -> Window:
    """The week with the time before it that charts show."""
    return Window(week.start - CHARTED, week.end)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One measure of one segment, before it is known which of all differences are more than noise."""

    segment: Segment
    week: MeasureWeek
    p: float | None


def projects_of(rows: Iterable[SegmentRow], week: Window) -> tuple[ProjectWeek, ...]:
    """Every project that the charts know, those that got worse first; dimensions in alphabetical order.

    A project that was not scored in the week stands there without a mean. `rows` cover `chart_of(week)`, one for
    each 24 hours counted from the week's start; segments are (project, environment, measure).
    """
    by_segment: dict[Segment, dict[str, dict[datetime, Tally]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        by_segment[row.segment][row.epoch][row.starts_at] = row.tally
    return _grouped(_with_trends([_compare(segment, epochs, week) for segment, epochs in sorted(by_segment.items())]))


def held_to(projects: Iterable[ProjectWeek], targets: Mapping[str, float]) -> tuple[ProjectWeek, ...]:
    """With the composite that each is to reach, by project ("" for all others); what wants looking at comes first.

    That is who got worse, then who missed the target, then the others in their order.
    """
    held = [replace(one, target=targets.get(one.project, targets.get(""))) for one in projects]
    return tuple(sorted(held, key=lambda one: (not _is_worse(one), one.reached is not Reached.NO)))


def _is_worse(project: ProjectWeek) -> bool:
    return project.composite is not None and project.composite.trend is Trend.WORSE


def _compare(segment: Segment, epochs: Mapping[str, Days], week: Window) -> _Comparison:
    values = {epoch: _within(days, week) for epoch, days in epochs.items()}
    epoch = max(sorted(values), key=lambda name: (values[name].n, max(epochs[name])))
    now, days = values[epoch], epochs[epoch]
    previous = week.before(BEFORE)
    before = _within(days, previous)
    mean, mean_before = estimate(now), estimate(before)
    difference = mean.mean - mean_before.mean if mean and mean_before else None
    judged_otherwise = not before.n and any(_within(other, previous).n for other in epochs.values())
    return _Comparison(
        segment,
        MeasureWeek(
            measure=segment[-1],
            epoch=epoch,
            now=mean,
            before=mean_before,
            difference=difference,
            trend=Trend.OTHER_JUDGE if judged_otherwise else Trend.NO_DATA if difference is None else Trend.STEADY,
            days=tuple((day, estimate(days[day]) if day in days else None) for day in _days(chart_of(week))),
            other_judges=sum(tally.n for tally in values.values()) - now.n,
        ),
        None if difference is None else p_of_difference(now, before),
    )


def _with_trends(compared: Sequence[_Comparison]) -> list[tuple[Segment, MeasureWeek]]:
    """The same, with better or worse where a difference is more than noise among all differences of the report."""
    real = discoveries([comparison.p for comparison in compared])
    told = []
    for comparison, is_real in zip(compared, real, strict=True):
        week, difference = comparison.week, comparison.week.difference
        if is_real and difference is not None and abs(difference) >= MIN_DIFFERENCE:
            week = replace(week, trend=Trend.BETTER if difference > 0 else Trend.WORSE)
        told.append((comparison.segment, week))
    return told


def _grouped(measured: Iterable[tuple[Segment, MeasureWeek]]) -> tuple[ProjectWeek, ...]:
    places: dict[tuple[str, str], list[MeasureWeek]] = defaultdict(list)
    for (project, environment, _), week in measured:
        places[project, environment].append(week)
    return tuple(
        ProjectWeek(
            project,
            environment,
            composite=next((week for week in weeks if week.measure == COMPOSITE), None),
            dimensions=tuple(week for week in weeks if week.measure != COMPOSITE),
        )
        for (project, environment), weeks in sorted(places.items(), key=_worse_first)
    )


def _worse_first(place: tuple[tuple[str, str], Sequence[MeasureWeek]]) -> tuple[bool, tuple[str, str]]:
    name, weeks = place
    return not any(week.measure == COMPOSITE and week.trend is Trend.WORSE for week in weeks), name


def _within(days: Days, window: Window) -> Tally:
    return merged(tally for start, tally in sorted(days.items()) if start in window)


def _days(window: Window) -> list[datetime]:
    return [window.start + number * DAY for number in range(-(-window.length // DAY))]
