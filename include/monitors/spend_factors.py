"""Spends that are breached go in; by how much each factor moved them, against days that were as usual, comes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from include.domain.factors import PLACES, Change, Rates, Use, decompose
from include.domain.interaction import Window
from include.domain.ports import SegmentReader
from include.domain.segment import SegmentRow, Tally, merged
from include.monitors.hours import Segment
from include.monitors.rules import SpendRule
from include.monitors.usual_spend import Usual

RatesOf: TypeAlias = Callable[[str], Rates]
"""What tokens of a model cost beside each other."""
MEASURES = ("volume", "spend", "input_tokens", "output_tokens", "cached_input_tokens")
Tallies: TypeAlias = Mapping[str, Tally]


@dataclass(frozen=True, slots=True)
class Compared:
    """A segment's spend beside what is usual, in USD: of the span, or of an answer, of which there are `answers`.

    Breached where `value` exceeds the usual one by `least`; `before` adds up the typical days. `model` is set where
    only that model's answers were looked at.
    """

    segment: Segment
    now: Tally
    value: float
    usual: Usual
    answers: int | None
    least: float
    before: Tally
    reference_n: int
    model: str = ""

    @property
    def times(self) -> int:
        """What turns its figures into USD of the span."""
        return 1 if self.answers is None else self.answers

    @property
    def breached(self) -> bool:
        """Whether it is far enough above the usual."""
        return self.excess >= self.times * self.least

    @property
    def excess(self) -> float:
        """USD more than usual."""
        return self.times * (self.value - self.usual.value)

    @property
    def usual_n(self) -> float:
        """Interactions with a price of a typical day."""
        return self.before.n / len(self.usual.typical)

    @property
    def reference(self) -> float:
        """USD that would have been usual."""
        return self.times * self.usual.value


def with_model(rule: SpendRule) -> tuple[str, ...]:
    """The rule's columns and the model, which is not counted together with attributes."""
    return rule.columns if rule.attribute or "model" in rule.columns else (*rule.columns, "model")


def among(rule: SpendRule, rows: Sequence[SegmentRow]) -> list[SegmentRow]:
    """The rows of the interactions that the rule is about."""
    wanted = [(rule.columns.index(column), value) for column, value in rule.where.items()]
    return [row for row in rows if all(row.segment[place] == value for place, value in wanted)]


def changes(
    rule: SpendRule, span: Window, breached: Sequence[Compared], segments: SegmentReader, rates: RatesOf
) -> dict[Segment, Change]:
    """Of each segment the change of its spend by factors; one read for all of each measure, none where none is."""
    if not breached:
        return {}
    by, wanted = with_model(rule), {one.segment for one in breached}
    days = sorted({day for one in breached for day in one.usual.typical}, key=lambda day: day.start)
    read: dict[Segment, dict[datetime, dict[str, dict[str, Tally]]]] = defaultdict(lambda: defaultdict(dict))
    for measure in MEASURES:
        for row in among(rule, segments.read_each(measure, [span, *days], by)):
            segment, model = row.segment[: len(rule.columns)], "".join(row.segment[len(rule.columns) :])
            if segment in wanted:
                read[segment][row.starts_at].setdefault(model, {})[measure] = row.tally
    return {one.segment: _change(one, span, read[one.segment], rates) for one in breached}


def _change(one: Compared, span: Window, read: Mapping[datetime, Mapping[str, Tallies]], rates: RatesOf) -> Change:
    days = [read[day.start] for day in one.usual.typical if day.start in read]
    now, then = (_pooled(several, one.model) for several in ([read.get(span.start, {})], days))
    scale = _scale(one, then)
    before = {model: _use(of, now.get(model, of), scale) for model, of in then.items()} if scale else {}
    uses = {model: _use(of, then.get(model, of)) for model, of in now.items()}
    return decompose(before, uses, {model: rates(model) for model in before.keys() | uses.keys()})


def _pooled(days: Sequence[Mapping[str, Tallies]], only: str) -> dict[str, Tallies]:
    models = {model for day in days for model in day if only in ("", model)}
    return {
        model: {one: merged(day.get(model, {}).get(one, Tally()) for day in days) for one in MEASURES}
        for model in models
    }


def _scale(one: Compared, pooled: Mapping[str, Tallies]) -> Fraction:
    """What turns the sums of typical days into a day that costs what is usual, or has as many answers as now."""
    if one.answers is not None:
        n = sum(of["spend"].n for of in pooled.values())
        return Fraction(one.answers, n) if n else Fraction(0)
    spent = sum((Fraction(of["spend"].total) for of in pooled.values()), Fraction(0))
    return Fraction(one.reference) / spent if spent else Fraction(0)


def _use(of: Tallies, other: Tallies, scale: Fraction = Fraction(1)) -> Use:
    """Tokens of interactions that did not tell them are taken to be as many as the others'.

    Those from a cache count where the `other` period tells them as well: a log that began to is no change.
    """
    spend, n = of["spend"], max(of["volume"].n, of["spend"].n) * scale
    given, written, cached = (Fraction(of[name].mean or 0) * n for name in MEASURES[2:])
    cost = Fraction(spend.total) * scale
    usd = (Decimal(cost.numerator) / Decimal(cost.denominator)).quantize(PLACES)
    known = of["cached_input_tokens"].n and other["cached_input_tokens"].n
    return Use(n, spend.n * scale, usd, given, written, min(cached, given) if known else 0)
