"""What a week's money came to goes in; the words and figures that the report's section on cost has for it come out."""

from __future__ import annotations

from decimal import Decimal

from include.domain.money import BudgetMonth
from include.domain.value import CheaperModel, Range, Verdict
from include.reports.formats import MINUS, change, money


def difference(usd: Decimal) -> str:
    """USD with a sign: `+$12.30`, `−$0.0412`; nothing for nothing."""
    return f"{MINUS if usd < 0 else '+'}{money(abs(usd))}" if usd else "no change"


def moved(now: Decimal, before: Decimal) -> str:
    """How much more or less than before: `+$12.30 (+14 %)`."""
    percent = f" ({f'{(now - before) / before * 100:+.0f}'.replace('-', MINUS)} %)" if before else ""
    return difference(now - before) + (percent if now != before else "")


def between(figure: Range) -> str:
    """The 95 % interval of an amount of USD."""
    if figure.low is None:
        return "interval unknown"
    return f"{money(figure.low)} – {money(figure.high)}" if figure.high is not None else f"{money(figure.low)} or more"


def percent(share: float | Decimal) -> str:
    """A share in percent, never 0 % unless it is none: `14 %`, `0.3 %`."""
    figure = float(share) * 100
    return "< 0.1 %" if 0 < figure < 0.1 else f"{figure:.1f} %" if 0 < figure < 1 else f"{figure:.0f} %"


def outlook(budget: BudgetMonth) -> str:
    """How the month stands to its budget: `over`, `near` (its end may be over), or `within`."""
    if budget.spent.known > budget.limit:
        return "over"
    if budget.forecast and budget.forecast.high > budget.limit:
        return "near" if budget.forecast.expected <= budget.limit else "over"
    return "within"


def verdict(model: CheaperModel) -> str:
    """Whether the cheaper model would have done, and if not, why that is not said."""
    if model.verdict is Verdict.ENOUGH:
        return "would have done"
    if model.verdict is Verdict.TOO_FEW:
        return f"not enough data: {model.n[0]:,} and {model.n[1]:,} judged, {percent(model.comparable)} comparable"
    if model.verdict is Verdict.MAY_LOSE:
        if model.high is not None and model.high < 0:
            return "it answers worse"
        return "a loss of more than 0.02 is not excluded"
    return "its answers may not have been good enough"


def contrast(model: CheaperModel) -> str:
    """Difference of composites with its interval."""
    if model.difference is None or model.low is None or model.high is None:
        return "–"
    return f"{change(model.difference)} ({change(model.low)} to {change(model.high)})"
