"""Hours and days of models or prompt versions go in; what each new one followed comes out, as its reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from include.domain.segment import Tally, merged
from include.monitors.hours import HOUR, Segment
from include.monitors.rules import LevelRule
from include.monitors.timeline import NOTHING, Timeline
from include.monitors.vocabulary import DEPLOYED

Course: TypeAlias = Mapping[datetime, Tally]
PROOF = 5.0
"""Where so many are expected, none comes by chance in less than one of a hundred cases."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The days of the predecessor before its successor came, and what it is called; or why there is none."""

    days: Course = field(default_factory=dict)
    name: str = ""
    why: str = ""


def followed(
    rule: LevelRule, start: datetime, hours: Mapping[Segment, Timeline], days: Mapping[Segment, Timeline]
) -> dict[Segment, Followed]:
    """What the segments that are new, and those of a rule `against: previous`, are compared with.

    A segment is new if it was first seen since `start`; with `against: previous` for as long as the past that the rule
    reads holds a day before it came. Its predecessor has the same project and environment, and enough values. Of those
    that answered on the last day before it came on which anything was logged, it is one that differs in model or prompt
    version alone if there is such a one, and of these the one that answered most: a fallback or a canary that runs
    beside the model is not what is followed.
    """
    if not rule.follows:
        return {}
    since = {
        segment: _first(hours.get(segment, NOTHING), days.get(segment, NOTHING))
        for segment in hours.keys() | days.keys()
    }
    kin: dict[Segment, list[Segment]] = defaultdict(list)
    for segment in days:
        kin[_rest(rule, segment)].append(segment)
    found = {}
    for segment, first in since.items():
        if first >= start or rule.against:
            before = {
                other: days[other].before(_midnight(first)) for other in kin[_rest(rule, segment)] if other != segment
            }
            one = _predecessor(rule, segment, before)
            if one:
                found[segment] = one
            elif rule.against:
                found[segment] = Followed(why="it followed nothing that is in sight, or too little to compare it with")
    return found


def kindred(rule: LevelRule, hours: Mapping[Segment, Timeline]) -> Callable[[Segment], Mapping[Segment, Timeline]]:
    """Tells of a segment the hours of all that differ from it in model or prompt version alone, and its own."""
    kin: dict[Segment, dict[Segment, Timeline]] = defaultdict(dict)
    for segment, own in hours.items():
        kin[_rest(rule, segment)][segment] = own
    return lambda segment: kin.get(_rest(rule, segment), {})


def withdrawn(
    kin: Mapping[Segment, Timeline], segment: Segment, end: datetime, days: Mapping[Segment, Timeline]
) -> int:
    """How many answers others gave since the segment's last one, where that proves that nobody gets it any more; or 0.

    It does where the segment, with its share of the answers before, would have been expected to give `PROOF` of them.
    """
    hours = {other: course.before(end) for other, course in kin.items()}
    known = hours if hours.get(segment) else days
    own = known.get(segment)
    if not own:
        return 0
    later = own.last + HOUR
    then = sum(known[other].since(own.first).before(later).weight for other in hours if other in known)
    since = sum(course.since(later).weight for course in hours.values())
    return round(since) if since * own.weight >= PROOF * then > 0 else 0


def _predecessor(rule: LevelRule, segment: Segment, before: Mapping[Segment, Course]) -> Followed | None:
    last = max((max(days) for days in before.values() if days), default=None)
    enough = [other for other, days in before.items() if merged(days.values()).n >= rule.reference_min_n]
    if last is None or not enough:
        return None
    nothing = Tally()

    def nearness(other: Segment) -> tuple[bool, int, float, datetime, Segment]:
        answered = before[other].get(last, nothing).weight
        alike = sum(then == now for then, now in zip(other, segment, strict=True))
        return answered > 0, alike, answered, max(before[other]), other

    chosen = max(enough, key=nearness)
    changed = [
        f"{column.replace('_', ' ')} {then or 'unknown'}"
        for column, then, now in zip(rule.columns, chosen, segment, strict=True)
        if then != now
    ]
    return Followed(before[chosen], ", ".join(changed))


def _first(hours: Timeline, days: Timeline) -> datetime:
    """When the segment was first seen, to the hour where its hours reach that far back."""
    return hours.first if hours and (not days or _midnight(hours.first) <= days.first) else days.first


def _rest(rule: LevelRule, segment: Segment) -> Segment:
    return tuple(value for name, value in zip(rule.columns, segment, strict=True) if name not in DEPLOYED)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
