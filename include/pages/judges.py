"""A stretch of time goes in; who judged in it comes out: what each epoch gave, failed at, cost, and how it leans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from include import settings as configuration
from include.adapters.postgres.judge_records import JudgeRecords
from include.adapters.postgres.probes import Probes
from include.adapters.postgres.stretches import Stretches
from include.domain.interaction import Json, Window
from include.domain.judge_record import Agreement, CallRecord, EpochRecord, Failed, Given
from include.domain.judging_cost import per_thousand
from include.domain.report import Estimate, Leaning
from include.domain.score import FailureType
from include.domain.segment import SegmentRow, Tally, merged
from include.monitors.takeover import differences
from include.pages.reading import reading
from include.reports.estimate import estimate
from include.reports.leanings import leanings_of
from include.reports.spending import days_of

REASONS = {one.value: one.is_judges_fault for one in FailureType}


@dataclass(frozen=True, slots=True)
class JudgeEpoch:
    """One judge as it was in force in one project; `mean` is of its values, weighted by sampling.

    `before` judged the same dimension there last; `changed` names the parts in which the two differ.
    """

    project: str
    record: EpochRecord
    mean: Estimate | None
    given: Given
    failed: tuple[Failed, ...]
    agreement: Agreement | None
    before: EpochRecord | None
    changed: tuple[str, ...]

    @property
    def asked(self) -> int:
        """Interactions that it was to score: those that it did, and those that it could not."""
        return self.given.values + sum(one.count for one in self.failed)

    @property
    def at_fault(self) -> int:
        """Interactions that it failed at; the others had nothing to judge."""
        return sum(one.count for one in self.failed if REASONS.get(one.reason, True))

    @property
    def per_thousand(self) -> Decimal | None:
        """USD of 1,000 values; None where it gave none or none has a price."""
        return per_thousand(self.given.spend, self.given.spend.calls - self.given.spend.unpriced)


@dataclass(frozen=True, slots=True)
class Bench:
    """Every judge of a window, by project and dimension, the newest first; its calls, and what disguises moved."""

    window: Window
    epochs: tuple[JudgeEpoch, ...]
    calls: tuple[CallRecord, ...]
    leanings: tuple[tuple[EpochRecord, Leaning], ...]
    environments: tuple[str, ...] = ()

    @property
    def agreed(self) -> tuple[JudgeEpoch, ...]:
        """Those whose answers people scored as well."""
        return tuple(one for one in self.epochs if one.agreement)


def judges(window: Window, environment: str = "") -> Bench:
    """Whoever judged an interaction that was logged in `window` (full hours), or failed to.

    In one environment or in all (""); calls and what disguises moved are of all together.
    """
    with reading(configuration.for_the_store()) as store:
        records = JudgeRecords(store)
        known = {one.epoch: one for one in records.epochs()}
        sums = Stretches(store)
        scores = sums.read(sums.dimensions(), [window])
        means = _means(row for row in scores if environment in ("", row.segment[1]))
        given = {(one.project, one.epoch): one for one in records.given(window, environment) if one.epoch in known}
        failed: dict[tuple[str, str], list[Failed]] = defaultdict(list)
        for one in records.failed(window, environment):
            if one.epoch in known:
                failed[one.project, one.epoch].append(one)
        agreement = {(one.project, one.epoch): one for one in records.agreement(window, environment)}
        seen = records.seen(window)
        shifts = Probes(store).tallies(window)
        calls = records.calls(*days_of(window))
    found = [
        _epoch(project, known[epoch], means, given, failed, agreement, _before(project, known[epoch], seen, known))
        for project, epoch in {*given, *failed, *(key for key in means if key[1] in known)}
    ]
    by_age = sorted(found, key=lambda one: (one.record.first_seen_at, one.record.epoch), reverse=True)
    return Bench(
        window,
        tuple(sorted(by_age, key=lambda one: (one.project, one.record.dimension))),
        tuple(calls),
        tuple((known[one.epoch], one) for one in leanings_of(shifts) if one.epoch in known),
        tuple(sorted({row.segment[1] for row in scores})),
    )


def _epoch(
    project: str,
    record: EpochRecord,
    means: Mapping[tuple[str, str], Tally],
    given: Mapping[tuple[str, str], Given],
    failed: Mapping[tuple[str, str], Sequence[Failed]],
    agreement: Mapping[tuple[str, str], Agreement],
    before: EpochRecord | None,
) -> JudgeEpoch:
    key = (project, record.epoch)
    return JudgeEpoch(
        project,
        record,
        estimate(means.get(key, Tally())),
        replace(given.get(key, Given(*key)), counted=means.get(key, Tally()).n),
        tuple(failed.get(key, ())),
        agreement.get(key),
        before,
        tuple(differences(_parts(before), _parts(record))) if before else (),
    )


def _parts(record: EpochRecord) -> dict[str, Json]:
    return {"judge": record.judge, **record.parts}


def _before(
    project: str, record: EpochRecord, seen: Iterable[tuple[str, str]], known: Mapping[str, EpochRecord]
) -> EpochRecord | None:
    """Who judged that dimension in the project and came last before it."""
    others = [known[epoch] for whose, epoch in seen if whose == project and epoch != record.epoch]
    earlier = [one for one in others if one.dimension == record.dimension and one.first_seen_at < record.first_seen_at]
    return max(earlier, key=lambda one: (one.first_seen_at, one.epoch), default=None)


def _means(rows: Iterable[SegmentRow]) -> dict[tuple[str, str], Tally]:
    """By project and epoch, the environments of the rows together."""
    tallies: dict[tuple[str, str], list[Tally]] = defaultdict(list)
    for row in rows:
        tallies[row.segment[0], row.epoch].append(row.tally)
    return {key: merged(several) for key, several in tallies.items()}
