"""A rule of drift, a window and what was logged and scored go in; the samples that the rule compares come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import compress

import numpy as np

from include.domain.interaction import Window
from include.domain.ports import SegmentReader, TrafficReader
from include.domain.segment import SegmentRow
from include.domain.series import BEGINNING, BINNED, BINS, HEAVIEST, STARTS_AT, WEIGHT, WEIGHT_SQ, N
from include.domain.traffic import Exchange
from include.monitors import topics
from include.monitors.exchanges import FITTED, LABELS, LOGGED, NUMBERS
from include.monitors.hours import Segment, by_segment, evidence_span, hours_of
from include.monitors.past import hours_alike
from include.monitors.rules import DriftRule
from include.monitors.scale import BIN_CENTRES
from include.monitors.sequential import Floats, Ints
from include.monitors.shift import Sample
from include.monitors.timeline import NOTHING, timelines

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A_DAY_S = 86_400
READ = 1_200
"""Exchanges of a segment that are read at most, of now and of the past each."""
EMBEDDED = 400
"""Questions that are embedded at most, of now and of the past each: each costs a call."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What drift can know of an exchange: how to read it, and what tells its language and whether it only declines.

    `embed` gives the vectors of some questions of a project; None where no embedding model is configured.
    """

    reader: TrafficReader
    language: Callable[[str], str]
    declines: Callable[[str], bool]
    embed: Callable[[str, Sequence[str]], Sequence[Sequence[float]]] | None = None


def of_scores(measure: str, now: Sequence[SegmentRow], days: Sequence[SegmentRow]) -> Iterator[Sample]:
    """Scores as their bins have them, each as often as it was logged; `now` are hours, `days` days, of one epoch each.

    As many as tell as much as the sample does (Kish), so that sampling weights neither shift nor inflate anything.
    """
    hours, before = timelines(now), timelines(days)
    for segment in sorted(hours.keys() | before.keys()):
        known = before.get(segment, NOTHING).lines
        past = _counts(known)
        yield Sample(
            measure,
            segment,
            _values(_counts(_together(hours.get(segment, NOTHING).lines))),
            _values(past),
            np.repeat(BEGINNING.toordinal() + known[:, STARTS_AT].astype(int) // A_DAY_S, past.sum(axis=1)),
        )


def past_days(span: Window, trailing: timedelta) -> Window:
    """The whole days (UTC) before a span."""
    end = span.start.replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(end - trailing, end)


def _together(lines: Floats) -> Floats:
    """Their sums as one line, in which only what `_counts` looks at means anything."""
    some = lines[lines[:, N] > 0]
    found: Floats = some.sum(axis=0, keepdims=True)
    found[:, HEAVIEST] = some[:, HEAVIEST].max(initial=1.0)
    return found


def _counts(lines: Floats) -> Ints:
    """How often each bin of each line counts; never where only rules chose: that does not tell what was not drawn.

    See `Tally.is_representative` and `Tally.effective_n`.
    """
    weight, squares = lines[:, WEIGHT], lines[:, WEIGHT_SQ]
    told = (lines[:, BINNED] > 0) & (squares > 0) & (weight >= lines[:, HEAVIEST] * (1 - 1e-9))
    per_weight = np.divide(weight, squares, out=np.zeros(len(lines)), where=told)
    return np.rint(lines[:, BINS:] * per_weight[:, None]).astype(int)


def _values(counts: Ints) -> Floats:
    return np.repeat(np.tile(BIN_CENTRES[: counts.shape[1]], len(counts)), counts.ravel())


def of_traffic(rule: DriftRule, window: Window, segments: SegmentReader, traffic: Traffic) -> Iterator[Sample]:
    """The measures of a rule that every application logs, segment by segment, so that few rows are held at once."""
    measures = [measure for measure in rule.measures if measure in LOGGED]
    span = evidence_span(window, rule.over)
    volume = by_segment(segments.read("volume", span, rule.by, DAY)) if measures else {}
    for segment, days in sorted(volume.items()):
        now: list[Exchange] = []
        past: list[Exchange] = []
        if sum(tally.n for tally in days.values()) >= rule.min_n:
            of = dict(zip(rule.by, segment, strict=True))
            now = traffic.reader.read(hours_of(span), of, READ)
            past = _past(rule, span, of, traffic.reader)
        for measure in measures:
            yield from _sample(measure, segment, rule, now, past, traffic)


def _past(rule: DriftRule, span: Window, of: Mapping[str, str], reader: TrafficReader) -> list[Exchange]:
    """Of hours that are as much like now as can be, if they hold enough: twice that where half is learned from."""
    found: list[Exchange] = []
    enough = rule.reference_min_n * (1 if FITTED.isdisjoint(rule.measures) else 2)
    for hours in hours_alike(span, rule.trailing):
        found = reader.read(hours, of, READ)
        if len(found) >= enough:
            break
    return found


def _sample(
    measure: str,
    segment: Segment,
    rule: DriftRule,
    now: Sequence[Exchange],
    past: Sequence[Exchange],
    traffic: Traffic,
) -> Iterator[Sample]:
    days = [one.logged_at.date() for one in past]
    if measure in NUMBERS:
        value = NUMBERS[measure]
        numbers, before = ([np.nan if (x := value(one)) is None else x for one in side] for side in (now, past))
        yield Sample(measure, segment, numbers, before, days, "number")
    elif measure in LABELS:
        told, was = ([_label(measure, one, traffic) for one in side] for side in (now, past))
        yield Sample(measure, segment, told, was, days, "label")
    elif measure == "topic":
        yield _topics(segment, now, past, days)
    elif traffic.embed:
        yield _meaning(segment, rule, now, past, days, traffic.embed)


def _label(measure: str, one: Exchange, traffic: Traffic) -> str | None:
    if measure == "language":
        return one.language or traffic.language(one.question)
    return None if one.failed else "declines" if traffic.declines(one.answer) else "answers"


def _topics(segment: Segment, now: Sequence[Exchange], past: Sequence[Exchange], days: Sequence[date]) -> Sample:
    told = topics.topics([one.question for one in past], [one.question for one in now])
    if told is None:
        return Sample("topic", segment, [], [], kind="label")
    return Sample("topic", segment, told.now, told.past, list(compress(days, told.held)), "label")


def _meaning(
    segment: Segment,
    rule: DriftRule,
    now: Sequence[Exchange],
    past: Sequence[Exchange],
    days: Sequence[date],
    embed: Callable[[str, Sequence[str]], Sequence[Sequence[float]]],
) -> Sample:
    nothing = Sample("meaning", segment, [], [], kind="number")
    if len(now) < rule.min_n or len(past) < rule.reference_min_n:
        return nothing
    questions = [one.question for one in (*now[:EMBEDDED], *past[:EMBEDDED])]
    project = dict(zip(rule.by, segment, strict=True)).get("project", "")
    vectors = embed(project, questions)
    if len(vectors) < len(questions):
        return nothing
    cut = min(len(now), EMBEDDED)
    told = topics.unlikeness(vectors[cut:], vectors[:cut])
    area, low, high = topics.auc(np.array(told.past, float), np.array(told.now, float))
    return replace(
        nothing,
        now=told.now,
        past=told.past,
        days=list(compress(days, told.held)),
        note=f"a classifier tells now from before with AUC {area:.2f} (95 % interval {low:.2f} to {high:.2f})",
    )
