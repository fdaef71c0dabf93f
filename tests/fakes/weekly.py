"""A week of two projects, built by hand: what the report's tests render."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from include.domain.alert import Precision
from include.domain.cost import Spend
from include.domain.feedback import ExpertsOnJudge, ExpertsWeek, Judged
from include.domain.interaction import Window
from include.domain.message import Severity
from include.domain.report import (
    Attachment,
    CostWeek,
    Coverage,
    DataQuality,
    Estimate,
    Example,
    IncidentWeek,
    JudgedDimension,
    JudgeWeek,
    Leaning,
    MeasureWeek,
    ProjectSpend,
    ProjectWeek,
    Refusal,
    SegmentChange,
    Trend,
    WeeklyReport,
)
from include.domain.run import CoverageLedger
from include.domain.score import ScoreSource
from tests.fakes.week_money import money

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
WEEK = Window(MONDAY, MONDAY + timedelta(days=7))
DAY = timedelta(days=1)


def estimate(mean: float, half: float = 0.02, n: int = 100) -> Estimate:
    return Estimate(mean, mean - half, mean + half, n)


def measure(name: str, now: float, before: float, trend: Trend, other_judges: int = 0) -> MeasureWeek:
    """Three weeks at `before`, one at `now`; nothing on the fifth day."""
    days = [(MONDAY + number * DAY, estimate(now if number >= 0 else before, 0.05, 15)) for number in range(-21, 7)]
    known = tuple((start, None if start == MONDAY - 17 * DAY else one) for start, one in days)
    difference = None if trend in (Trend.NO_DATA, Trend.OTHER_JUDGE) else now - before
    epoch = "e" * 12
    return MeasureWeek(name, epoch, estimate(now), estimate(before), difference, trend, known, other_judges)


def project(name: str, now: float, before: float, trend: Trend, environment: str = "production") -> ProjectWeek:
    return ProjectWeek(
        name,
        environment,
        measure("composite", now, before, trend),
        tuple(measure(dimension, now, before, trend) for dimension in ("correctness", "faithfulness")),
        target=0.75,
    )


def change(now: float, before: float | None, brought: float, **of: object) -> SegmentChange:
    values: dict[str, object] = {
        "project": "clinic",
        "environment": "production",
        "parts": (("model", "gpt-4.1-mini"), ("prompt_version", "v7")),
        "brought": brought,
        "share": 0.31,
        "share_before": 0.3 if before else 0.0,
        "now": estimate(now, n=31),
        "before": None if before is None else estimate(before, n=30),
        "usual": 0.84,
    }
    return SegmentChange(**values | of)  # type: ignore[arg-type]


def experts() -> ExpertsWeek:
    return ExpertsWeek(
        judges=(ExpertsOnJudge("correctness", "offline", "e" * 12, same=11, less=4, more=1, difference=-0.08),),
        corrected=6,
        rejudged=(Judged("clinic", 5, 0.31, 0.77),),
        cases=(("fasting", 4), ("billing", 1)),
    )


def leanings() -> tuple[Leaning, ...]:
    return (
        Leaning("padded", "correctness", "e" * 12, 140, 0.041, 0.018, 0.064, is_fault=True),
        Leaning("shuffled", "faithfulness", "f" * 12, 1, -0.004, None, None, is_fault=False),
    )


def incident(title: str = "faithfulness low", *, ends_at: datetime | None = None, **of: object) -> IncidentWeek:
    values: dict[str, object] = {
        "title": title,
        "projects": ("clinic",),
        "environment": "production",
        "severity": Severity.CRITICAL,
        "starts_at": MONDAY + 2 * DAY,
        "ends_at": ends_at,
        "until": WEEK.end,
        "sentence": "faithfulness 0.52 since 11 Nov 00:00 UTC (n = 214), usually 0.84",
        "alerts": ("faithfulness low", "composite low"),
        "live": True,
        "cause": "82 % of the drop comes from prompt version v7 (31 % of traffic), first seen 11 Nov 00:00 UTC.",
    }
    return IncidentWeek(**values | of)  # type: ignore[arg-type]


def example(name: str = "i-1", *, composite: float = 0.2, **of: object) -> Example:
    values: dict[str, object] = {
        "interaction_id": name,
        "logged_at": MONDAY + DAY,
        "project": "clinic",
        "environment": "production",
        "model": "gpt-4.1-mini",
        "user_input": "May I eat before the blood test?",
        "response": "Yes, as much as you like.",
        "composite": composite,
        "scores": (
            JudgedDimension("correctness", 0.1, "The passages say: fast for 12 hours.", ScoreSource.CODE),
            JudgedDimension("faithfulness", 0.3, "No passage supports it.", ScoreSource.CODE),
        ),
    }
    return Example(**values | of)  # type: ignore[arg-type]


def costs(*, unpriced: int = 7) -> CostWeek:
    return CostWeek(
        first=date(2026, 11, 9),
        last=date(2026, 11, 15),
        projects=(
            ProjectSpend(
                "bank",
                Spend(1755, 0, Decimal("13.37")),
                Spend(1490, 0, Decimal("11.02")),
                Spend(2010, 3, Decimal("2.72")),
            ),
            ProjectSpend("clinic", Spend(120, unpriced, Decimal("12.30")), Spend(100, 0, Decimal("10")), Spend(4, 4)),
            ProjectSpend("shop", Spend(9, 0, Decimal("0.0123")), Spend(), Spend()),
        ),
        days=_days(date(2026, 11, 9), "3.61", "3.40", "4.12", "6.03", "3.9", "2.41", "2.2123"),
        unpriced_models=(("in-house", unpriced),) if unpriced else (),
        comparable=True,
        days_before=_days(date(2026, 11, 2), "3.3", "3.12", "3.51", "3.2", "3.49", "2.4", "2"),
        money=money(),
    )


def _days(first: date, *usd: str) -> tuple[tuple[date, Decimal], ...]:
    return tuple((first + number * DAY, Decimal(one)) for number, one in enumerate(usd))


def week(**of: object) -> WeeklyReport:
    """The whole week; any part can be replaced by name."""
    ledger = CoverageLedger(logged=220, quarantined=4, excluded=10, scored=200, failed=6)
    values: dict[str, object] = {
        "window": WEEK,
        "as_of": WEEK.end,
        "projects": (project("clinic", 0.71, 0.84, Trend.WORSE), project("bank", 0.9, 0.895, Trend.STEADY)),
        "incidents": (
            incident(),
            incident(
                "spend spike",
                cause="",
                ends_at=MONDAY + 3 * DAY,
                severity=Severity.WARNING,
                live=False,
                alerts=("spike",),
            ),
            incident("long over", starts_at=MONDAY - 9 * DAY, ends_at=MONDAY - 8 * DAY),
        ),
        "changes": (
            change(0.42, 0.86, -0.13),
            change(0.61, None, -0.02, parts=(("language", "de"),)),
            change(0.93, 0.9, 0.011, project="bank", parts=(("attributes.channel", ""),)),
        ),
        "leanings": leanings(),
        "experts": experts(),
        "paragraph": "Clinic's new prompt <v7> lets people eat before blood tests.\nRoll it back.",
        "examples": (example(similar=2), example("i-2", composite=0.4, project="bank", scores=())),
        "costs": costs(),
        "coverage": Coverage(
            ledger,
            ((date(2026, 11, 9), ledger),),
            uncovered=(Window(MONDAY + 6 * DAY, WEEK.end),),
            unfinished=1,
            failures=(("faithfulness", "no_contexts", 6),),
        ),
        "data_quality": DataQuality((Refusal("response is not null", 4, 1),), (("volume is low", 2),)),
        "judges": (
            JudgeWeek("e" * 12, "correctness", "offline", ScoreSource.CODE, None, MONDAY - 30 * DAY, 200, failed=6),
        ),
        "precision": (Precision("composite-drop", 4, 1), Precision("spend-spike", 2, 0)),
        "attachments": (Attachment("Distributions (Evidently)", "weekly_2026-11-09_2026-11-16.drift.html"),),
    }
    return WeeklyReport(**values | of)  # type: ignore[arg-type]


def empty_week() -> WeeklyReport:
    """A week of a store that holds nothing."""
    nothing = CoverageLedger(0, 0, 0, 0, 0)
    return week(
        as_of=None,
        projects=(),
        incidents=(),
        changes=(),
        leanings=(),
        experts=ExpertsWeek(),
        paragraph=None,
        examples=(),
        costs=CostWeek(date(2026, 11, 9), date(2026, 11, 15), (), (), (), comparable=False),
        coverage=Coverage(nothing, (), (WEEK,), 0, ()),
        data_quality=DataQuality((), ()),
        judges=(),
        attachments=(),
        precision=(),
    )
