"""USD of a window and of the same hours of past days go in; whether money runs away comes out, per segment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from include.domain.interaction import Window
from include.domain.rule import Evidence, RuleOutcome
from include.domain.segment import SegmentRow, Tally, merged, whole_hours
from include.monitors.hours import Segment, by_segment, hours_of
from include.monitors.result import Finding, no_data
from include.monitors.rules import SpendRule

DAY = timedelta(days=1)
ENOUGH_DAYS = 3
"""How many past days must know the same hours."""
TO_SD = 1.4826
"""A median absolute deviation times this estimates the standard deviation of a normal distribution."""


def judge(
    rule: SpendRule,
    window: Window,
    rows: Sequence[SegmentRow],
    past: Sequence[SegmentRow],
    settled: Collection[datetime],
) -> list[Finding]:
    """One finding per segment: `rows` are the window's hours, `past` those before; `settled` are the hours run."""
    hours = hours_of(whole_hours(window))
    now, before = by_segment(rows), by_segment(past)
    return [
        _finding(
            rule, segment, merged(now.get(segment, {}).values()), _same_hours(rule, hours, before[segment], settled)
        )
        if segment in before
        else no_data(segment, "it has no past to compare its spend with")
        for segment in sorted(now.keys() | before.keys())
    ]


def _same_hours(
    rule: SpendRule, hours: Sequence[datetime], past: Mapping[datetime, Tally], settled: Collection[datetime]
) -> list[Tally]:
    """The same hours of each past day of the same kind (working day or weekend) that was run, newest first."""
    first, found = min(past), []
    for days in range(1, rule.trailing // DAY + 1):
        then = [hour - days * DAY for hour in hours]
        alike = (then[0].weekday() >= 5) == (hours[0].weekday() >= 5)
        if alike and then[0] >= first and all(hour in settled for hour in then):
            found.append(merged(past[hour] for hour in then if hour in past))
    return found


def _finding(rule: SpendRule, segment: Segment, now: Tally, days: Sequence[Tally]) -> Finding:
    if not now.n:
        return no_data(segment, "nothing with a price was logged")
    if len(days) < ENOUGH_DAYS:
        return no_data(segment, f"{len(days)} past days know these hours, of {ENOUGH_DAYS} that are needed", n=now.n)
    usual = median(day.total for day in days)
    scale = TO_SD * median(abs(day.total - usual) for day in days)
    excess = now.total - usual
    breached = now.total >= rule.factor * usual and excess >= rule.deviations * scale and excess >= rule.min_effect
    usual_n = median(day.n for day in days)
    evidence = Evidence(
        value=now.total,
        reference=usual,
        n=now.n,
        reference_n=sum(day.n for day in days),
        detectable=max(rule.min_effect, rule.deviations * scale, (rule.factor - 1) * usual),
        details={
            "deviation": scale,
            "days": len(days),
            "usual_interactions": usual_n,
            "cost_per_interaction": now.mean,
            "usual_cost_per_interaction": merged(days).mean,
        },
    )
    sentence = f"{now.total:,.2f} USD by {now.n} interactions, usually {usual:,.2f} USD by {usual_n:g}"
    return Finding(segment, RuleOutcome.BREACHED if breached else RuleOutcome.OK, evidence, sentence)
