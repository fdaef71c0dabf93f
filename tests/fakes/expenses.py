"""What the page of costs is told, built by hand; a text goes into everything that anybody wrote."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from include.domain.cost import Spend
from include.domain.judging_cost import JudgingWeek
from include.domain.money import BudgetMonth, Forecast, JudgingSaved, MonthSoFar, Unforeseen
from include.domain.spending import Breakdown, SpendGroup, Unpriced
from include.pages.costs import Expenses, Moved
from include.pages.months import ProjectMonth

FIRST, LAST, DAY = date(2026, 11, 14), date(2026, 11, 20), timedelta(days=1)
MONTH = date(2026, 11, 1)


def project_month(
    project: str, spent: str, limit: str | None, high: str | None = None, owner: str = "li"
) -> ProjectMonth:
    """Twenty days of a month, the tenth not known; expected to end between 60 % and 100 % of `high`."""
    known = Spend(900, 0, Decimal(spent))
    course = tuple((MONTH + n * DAY, None if n == 9 else known.known / 20) for n in range(20))
    made = Forecast(LAST, Decimal(high) * 4 / 5, Decimal(high) * 3 / 5, Decimal(high)) if high else None
    budget = BudgetMonth(project, owner, MONTH, Decimal(limit), known, made) if limit else None
    month = MonthSoFar(project, known, made or Unforeseen("none was made yet"), budget.limit if budget else None)
    return ProjectMonth(month, course, budget)


def expenses(text: str = "", **changes: object) -> Expenses:
    """A week of two projects, of a model and prompts that cost, and of one whose price nobody knows."""
    bank = SpendGroup(
        f"bank{text}", f"gpt{text}", Spend(900, 12, Decimal("2.5")), Spend(800, 0, Decimal("2")), 9000, 900
    )
    shop = SpendGroup("shop", "", Spend(10, 10), Spend(), 0, 0)
    given: dict[str, object] = {
        "first": FIRST,
        "last": LAST,
        "shift": 7 * DAY,
        "months": (
            project_month("", "9", None, "12"),
            project_month(f"bank{text}", "3.04", "10", "12", owner=f"li{text}"),
            project_month("shop", "6", "5", "20"),
            project_month("pool", "1", "5", "2"),
            project_month("zoo", "0.5", None),
        ),
        "month": MONTH,
        "application": Spend(910, 22, Decimal("2.5")),
        "application_before": Spend(800, 0, Decimal("2")),
        "judge": Spend(300, 0, Decimal("0.4")),
        "comparable": True,
        "days": tuple((FIRST + n * DAY, Decimal(n) / 10) for n in range(7)),
        "days_before": tuple((FIRST + (n - 7) * DAY, Decimal(n) / 20) for n in range(7)),
        "movers": (Moved(f"bank{text}", bank.spend, bank.before, f"25 % more interactions: +0.50 USD {text}"),),
        "breakdowns": (
            Breakdown("model", (bank, shop), 3),
            Breakdown("prompt_version", (bank,), 0),
            Breakdown("user_group", (shop,), 0),
            Breakdown("environment", (), 0),
        ),
        "unpriced": (Unpriced("shop", f"acme{text}", f"in-house{text}", 10),),
        "judges": ((f"bank{text}", Spend(300, 0, Decimal("0.4"))),),
        "judging": JudgingWeek(
            saved=(
                JudgingSaved(
                    f"bank{text}",
                    judged=200,
                    spent=Decimal("0.4"),
                    in_full=Decimal("2"),
                    by_sampling=Decimal("1.2"),
                    by_cascade=Decimal("0.5"),
                    by_cache=Decimal("-0.1"),
                    by_batches=Decimal("0"),
                    unpriced=2,
                ),
            ),
            spared=41,
        ),
    }
    return Expenses(**given | changes)  # type: ignore[arg-type]
