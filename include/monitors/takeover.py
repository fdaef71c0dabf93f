"""What each judge scored on past days goes in; whether the one in force has a reference of its own comes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

from include.domain.interaction import Json
from include.domain.rule import Evidence, RuleOutcome
from include.domain.run import COMPOSITE
from include.domain.score import KnownJudge
from include.domain.segment import SegmentRow
from include.domain.series import N, SegmentRows
from include.monitors.result import Finding
from include.monitors.rules import EpochRule

Known: TypeAlias = Callable[[Collection[str]], Mapping[str, KnownJudge]]
"""What the store knows of judges, by epoch."""
WORDS = 60
"""A part of a judge that is longer is named and not shown."""


def judge(
    rule: EpochRule,
    measure: str,
    past: Sequence[SegmentRow],
    in_force: Callable[[tuple[str, ...]], str | None],
    known: Known,
) -> list[Finding]:
    """One finding for each segment that is judged and was on past days; `past` are these days, by epoch."""
    found = []
    by_segment = sorted(SegmentRows.of(past).series, key=attrgetter("segment"))
    for segment, judged in groupby(by_segment, key=attrgetter("segment")):
        epoch, needed, by_epoch = in_force(segment), rule.reference_min_n, {one.epoch: one for one in judged}
        if not epoch:
            continue
        mine = by_epoch.pop(epoch, None)
        own = int(sum(mine.numbers[N :: mine.width])) if mine else 0
        outcome, details = RuleOutcome.OK, dict[str, Json](epoch=epoch)
        sentence = f"{measure} is compared with what the same judge, {epoch}, scored on past days"
        if by_epoch and own < needed:
            before = max(by_epoch.values(), key=attrgetter("last")).epoch
            judges = known([before, epoch])
            changed = _changed(measure, judges.get(before), judges.get(epoch))
            first_seen_at = judges[epoch].first_seen_at.isoformat() if epoch in judges else None
            outcome = RuleOutcome.BREACHED
            details |= {"before": before, "changed": [*changed], "first_seen_at": first_seen_at}
            sentence = (
                f"judge {epoch} of {measure} took over from {before} ({', '.join(changed)}); of past days it scored "
                f"{own} of the {needed} interactions that it takes to compare: a lower score may be a stricter judge"
            )
        evidence = Evidence(value=float(own), reference=float(needed), n=own, details=details)
        found.append(Finding(segment, outcome, evidence, sentence, measure))
    return found


def _changed(measure: str, before: KnownJudge | None, now: KnownJudge | None) -> list[str]:
    if before and now:
        return list(differences({"judge": before.judge, **before.parts}, {"judge": now.judge, **now.parts}))
    return ["its judges or weights" if measure == COMPOSITE else "nobody knows how they differ"]


def differences(before: Mapping[str, Json], now: Mapping[str, Json], of: str = "") -> Iterator[str]:
    """The parts in which two judges differ, such as `model: a -> b`; of long ones and of hashes only the name."""
    for name in sorted(before.keys() | now.keys()):
        was, has = before.get(name), now.get(name)
        if isinstance(was, dict) and isinstance(has, dict):
            yield from differences(was, has, f"{of}{name}.")
        elif was != has:
            short = all(isinstance(one, str | int | float) and len(str(one)) < WORDS for one in (was, has))
            yield f"{of}{name}: {was} -> {has}" if short else f"{of}{name}"
