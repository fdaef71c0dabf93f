"""The money of a week of three projects, built by hand: budgets, judging and what it saved, value."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from include.domain.cost import Spend
from include.domain.judging_cost import JudgeCost, JudgingWeek
from include.domain.llm import CallMode
from include.domain.money import BudgetMonth, Forecast, JudgingSaved
from include.domain.report import WeekMoney
from include.domain.value import (
    CacheMissed,
    CheaperModel,
    Conversation,
    GoodAnswers,
    GrownPrompt,
    Range,
    ResolvedConversations,
    RetryLoop,
    RetryLoops,
    ValueWeek,
    Verdict,
)

AT = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
MONTH = date(2026, 11, 1)


def money() -> WeekMoney:
    """All that can be told of a week's money."""
    return WeekMoney(budgets(), judging(), value())


def budgets() -> tuple[BudgetMonth, ...]:
    made_on = date(2026, 11, 15)
    return (
        _budget("", "finance", "300", "91.20", Forecast(made_on, Decimal(201), Decimal(184), Decimal(222))),
        _budget("clinic", "ana", "120", "61.02", Forecast(made_on, Decimal("133"), Decimal("121"), Decimal("149"))),
        _budget("bank", "li", "60", "25.17", Forecast(made_on, Decimal("55"), Decimal("47"), Decimal("64"))),
        _budget("shop", "", "10", "5.01", None),
    )


def _budget(project: str, owner: str, limit: str, spent: str, forecast: Forecast | None) -> BudgetMonth:
    return BudgetMonth(project, owner, MONTH, Decimal(limit), Spend(900, 0, Decimal(spent)), forecast)


def judging() -> JudgingWeek:
    big, small = "gpt-4.1-2025-04-14", "gpt-4.1-mini-2025-04-14"
    cascade = (
        (small, CallMode.BATCH, Spend(400, 0, Decimal("0.31"))),
        (small, CallMode.LIVE, Spend(310, 3, Decimal("0.48"))),
        (big, CallMode.LIVE, Spend(96, 0, Decimal("0.71"))),
    )
    ragas = ((small, CallMode.LIVE, Spend(1204, 0, Decimal("1.22"))),)
    return JudgingWeek(
        judges=(
            JudgeCost("bank", "correctness", "rubric correctness 3 cascade", 700, cascade),
            JudgeCost("bank", "faithfulness", "ragas faithfulness", 602, ragas),
            JudgeCost("clinic", "correctness", "rubric correctness 3", 0, (("in-house", CallMode.LIVE, Spend(4, 4)),)),
        ),
        saved=(
            JudgingSaved(
                "bank",
                judged=702,
                spent=Decimal("2.72"),
                in_full=Decimal("21.4381"),
                by_sampling=Decimal("12.8628"),
                by_cascade=Decimal("4.2007"),
                by_cache=Decimal("1.3446"),
                by_batches=Decimal("0.31"),
                unpriced=3,
            ),
        ),
        spared=41,
    )


def value() -> ValueWeek:
    return ValueWeek(
        good=(
            GoodAnswers(
                "bank",
                "production",
                0.6,
                Spend(1755, 0, Decimal("13.37")),
                1749,
                702,
                _range("0.93", "0.91", "0.95"),
                _range("0.00822", "0.00806", "0.0084"),
            ),
            GoodAnswers("clinic", "production", 0.75, Spend(120, 7, Decimal("12.30")), 118, 0, None, None),
        ),
        resolved=(
            ResolvedConversations("bank", 64, 41, Spend(300, 0, Decimal("2.31")), _range("0.0563", "0.048", "0.07")),
        ),
        cheaper=(
            _cheaper("gpt-4.1-mini", Verdict.ENOUGH, -0.004, 0.012),
            _cheaper("gpt-4.1-nano", Verdict.MAY_LOSE, -0.071, 0.03),
            CheaperModel("clinic", "production", "gpt-4.1", "in-house-7b", Verdict.TOO_FEW, (82, 9), 0.31),
        ),
        caches=(CacheMissed("bank", "gpt-4.1", "support-v7", 1203, 1408, 0.21, 0.64, Decimal("1.93")),),
        silent=120,
        conversations=tuple(
            Conversation(
                "bank",
                f"conv-{number}",
                Spend(30 - number, 0, Decimal(29 - number) / 40),
                Decimal("0.019"),
                AT,
                AT + timedelta(minutes=50 - number),
            )
            for number in range(4)
        ),
        loops=RetryLoops(
            2,
            Spend(57, 0, Decimal("1.61")),
            (
                RetryLoop(
                    "bank", "conv-0", "i-17", 48, 47, 4, AT, AT + timedelta(minutes=47), Spend(47, 0, Decimal("1.49"))
                ),
                RetryLoop(
                    "clinic", "conv-9", "i-99", 11, 10, None, AT, AT + timedelta(days=1), Spend(10, 0, Decimal("0.12"))
                ),
            ),
        ),
        grown=(
            GrownPrompt("bank", "gpt-4.1", "support-v7", "support-v6", 1203, 2911.4, 1822.0, Decimal("2.62")),
            GrownPrompt("clinic", "in-house", "triage-2", "triage-2", 88, 912.0, 701.0, None),
        ),
    )


def _range(figure: str, low: str, high: str) -> Range:
    return Range(Decimal(figure), Decimal(low), Decimal(high))


def _cheaper(name: str, verdict: Verdict, difference: float, half: float) -> CheaperModel:
    return CheaperModel(
        "bank",
        "production",
        "gpt-4.1",
        name,
        verdict,
        (402, 188),
        0.93,
        difference,
        difference - half,
        difference + half,
        0.86,
        0.2,
        Decimal("4.12"),
    )
