"""USD of a window and of the same hours of past days go in; whether money runs away comes out, per segment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median_low

from include.domain.factor_words import money, sentence
from include.domain.factors import Change
from include.domain.interaction import Json, Window
from include.domain.ports import SegmentReader
from include.domain.rule import Evidence, RuleOutcome
from include.domain.segment import Tally, merged
from include.monitors.hours import HOUR, Segment, by_segment, evidence_span, is_due
from include.monitors.result import Finding, no_data
from include.monitors.rules import SpendRule
from include.monitors.spend_factors import Compared, RatesOf, among, changes, with_model
from include.monitors.usual_spend import same_hours, usual

UNPRICED = 0.5
"""Where more of the interactions have no known price, what is known of a spend is no good news."""
SHOWN = 60
"""Characters of a model's name."""


def judge(rule: SpendRule, window: Window, segments: SegmentReader, rates: RatesOf) -> list[Finding]:
    """One finding per segment; the sentence of one that is breached tells which factor moved."""
    if rule.every and not is_due(rule.every, window):
        return []
    span = evidence_span(window, rule.over)
    days = same_hours(span, rule.trailing, segments.settled_hours(span.before(rule.trailing)))
    logged = {row.segment: row.tally.n for row in among(rule, segments.read_each("volume", [span], rule.columns))}
    found = (_answers if rule.measure == "cost_per_answer" else _spends)(rule, span, days, segments)
    moved = changes(rule, span, [one for one in found if isinstance(one, Compared) and one.breached], segments, rates)
    return [
        one if isinstance(one, Finding) else _finding(one, span, logged.get(one.segment, 0), moved.get(one.segment))
        for one in found
    ]


def _spends(rule: SpendRule, span: Window, days: Sequence[Window], segments: SegmentReader) -> list[Compared | Finding]:
    """What each segment spends, held to the same hours of working days, or of weekends."""
    rows = by_segment(among(rule, segments.read_each("spend", [span, *days], rule.columns)))
    found = []
    for segment, tallies in sorted(rows.items()):
        now = tallies.pop(span.start, Tally())
        began = min(tallies, default=span.start)
        past = [(day, tallies.get(day.start, Tally())) for day in days if day.start >= began]
        found.append(_compared(rule, span, segment, now, now.total, past))
    return found


def _answers(
    rule: SpendRule, span: Window, days: Sequence[Window], segments: SegmentReader
) -> list[Compared | Finding]:
    """What an answer of each segment costs; where that is as usual, but not of one of its models, that model's."""
    by = with_model(rule)
    now = by_segment(among(rule, segments.read("spend", span, by, HOUR)))
    before = by_segment(among(rule, segments.read_each("spend", days, by)))
    parts: dict[Segment, list[Segment]] = defaultdict(list)
    for part in sorted(now.keys() | before.keys()):
        parts[part[: len(rule.columns)]].append(part)
    found = []
    for segment, own in parts.items():
        whole = _answer(rule, span, segment, _summed(now, own), _summed(before, own), days)
        models = own if len(own) > 1 and not (isinstance(whole, Compared) and whole.breached) else []
        each = [_answer(rule, span, part, now.get(part, {}), before.get(part, {}), days) for part in models]
        dearer = [one for one in each if isinstance(one, Compared) and one.breached]
        if dearer:
            most = max(dearer, key=lambda one: one.excess)
            whole = replace(most, segment=segment, model=most.segment[-1])
        found.append(whole)
    return found


def _answer(
    rule: SpendRule,
    span: Window,
    segment: Segment,
    now: Mapping[datetime, Tally],
    before: Mapping[datetime, Tally],
    days: Sequence[Window],
) -> Compared | Finding:
    """The lower median of the hours, so that an incident in less than half of them does not count."""
    hours = [tally.mean for tally in now.values() if tally.mean is not None]
    if now and len(hours) < span.length / HOUR / 2:
        return no_data(segment, f"answers with a price in {len(hours)} of {span.length // HOUR} hours")
    past = [(day, before[day.start]) for day in days if day.start in before]
    return _compared(rule, span, segment, merged(now.values()), median_low(hours) if hours else 0.0, past)


def _summed(tallies: Mapping[Segment, Mapping[datetime, Tally]], segments: Iterable[Segment]) -> dict[datetime, Tally]:
    found: dict[datetime, list[Tally]] = defaultdict(list)
    for segment in segments:
        for start, tally in tallies.get(segment, {}).items():
            found[start].append(tally)
    return {start: merged(several) for start, several in found.items()}


def _compared(
    rule: SpendRule, span: Window, segment: Segment, now: Tally, value: float, past: Sequence[tuple[Window, Tally]]
) -> Compared | Finding:
    """`value`, the USD of `now` or of an answer, beside the same of past days."""
    if not past:
        return no_data(segment, "it has no past to compare its spend with")
    if not now.n:
        return no_data(segment, "nothing with a price was logged")
    of_answer = rule.measure == "cost_per_answer"
    figures = [(day, (tally.mean or 0.0) if of_answer else tally.total) for day, tally in past]
    normal = usual(span, figures, by_kind=not of_answer)
    if isinstance(normal, str):
        return no_data(segment, normal, n=now.n)
    answers = now.n if of_answer else None
    least = max(rule.min_effect / (answers or 1), rule.deviations * normal.deviation, (rule.factor - 1) * normal.value)
    typical = [tally for day, tally in past if day in normal.typical]
    return Compared(segment, now, value, normal, answers, least, merged(typical), sum(tally.n for _, tally in past))


def _finding(one: Compared, span: Window, logged: int, change: Change | None) -> Finding:
    unpriced = 0 if one.model else max(0, logged - one.now.n)
    if not one.breached and unpriced > UNPRICED * logged:
        return no_data(one.segment, f"{unpriced} of {logged} interactions have no known price", n=one.now.n)
    details: dict[str, Json] = {
        "since": span.start.isoformat(),
        "until": span.end.isoformat(),
        "deviation": one.times * one.usual.deviation,
        "days": one.usual.days,
        "usual_interactions": one.usual_n,
        "cost_per_interaction": one.now.mean,
        "usual_cost_per_interaction": one.before.mean,
        "unpriced": unpriced,
        **({"model": one.model} if one.model else {}),
        **({"factors": [part.to_json() for part in change.contributions if part.usd]} if change else {}),
    }
    evidence = Evidence(
        value=one.now.total,
        reference=one.reference,
        n=one.now.n,
        reference_n=one.reference_n,
        detectable=one.times * one.least,
        details=details,
    )
    outcome = RuleOutcome.BREACHED if one.breached else RuleOutcome.OK
    return Finding(one.segment, outcome, evidence, _told(one, unpriced, change))


def _told(one: Compared, unpriced: int, change: Change | None) -> str:
    by = f" by {one.usual_n:.0f}" if one.answers is None else ""
    whose = f" of {one.model[:SHOWN]}" if one.model else ""
    said = [f"{money(one.now.total)} by {one.now.n} interactions{whose} (usually {money(one.reference)}{by})"]
    said += [sentence(change)] if change else []
    said += [f"{unpriced} more have no known price"] if unpriced else []
    return ". ".join(f"{part[0].upper()}{part[1:]}" for part in said if part)
