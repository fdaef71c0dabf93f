"""A change of spend by its factors goes in; what moved, in words and USD, comes out."""

from __future__ import annotations

from decimal import Decimal

from include.domain.factors import Change, Contribution, Factor

WORTH_TELLING = Decimal("0.1")
"""The share of all that moved, up or down, from which on a factor is told in words."""
SHOWN = 60
"""Characters of a model's name."""
CENTS = 0.05
"""From so many USD on cents are exact enough."""
TWICE = 1.95
"""A ratio is told as times from so much on, else as percent."""


def sentence(change: Change) -> str:
    """The factors that moved most, in words and USD, and what is left: together the change."""
    moved = sum((abs(one.usd) for one in change.contributions), Decimal(0))
    told = [one for one in change.contributions if one.usd and abs(one.usd) >= WORTH_TELLING * moved]
    rest = change.usd - sum((one.usd for one in told), Decimal(0))
    digits = _digits(max((abs(one.usd) for one in told), default=Decimal(0)))
    said = [f"{words(one)}: {one.usd:+,.{digits}f} USD" for one in told]
    return "; ".join([*said, *([f"all else: {rest:+,.{digits}f} USD"] if round(rest, digits) else [])])


def words(one: Contribution) -> str:
    """What the factor did, such as "4.2 times as many interactions"."""
    match one.factor:
        case Factor.TRAFFIC:
            return _more(one, "interactions")
        case Factor.INPUT | Factor.OUTPUT:
            return f"{_more(one, str(one.factor))} each"
        case Factor.PRICE:
            return f"a price per token {_higher(one)}"
        case Factor.MIX:
            by = one.model[:SHOWN] or "unknown models"
            return f"{_share(one.now, 'interactions')} by {by}, {_share(one.before)} before"
        case Factor.CACHE:
            return f"{_share(one.now, 'input tokens')} from a cache, {_share(one.before)} before"
        case Factor.UNPRICED:
            return f"{_share(one.now, 'interactions')} without a known price, {_share(one.before)} before"


def _more(one: Contribution, what: str) -> str:
    if not one.before or not one.now:
        return f"{what} where there were none" if one.now else f"no {what}"
    ratio = one.now / one.before
    if ratio >= TWICE:
        return f"{ratio:.1f} times as many {what}"
    return f"{abs(ratio - 1):.0%} {'more' if ratio >= 1 else 'fewer'} {what}".replace("%", " %")


def _higher(one: Contribution) -> str:
    if not one.before or not one.now:
        return "where there was none" if one.now else "of nothing"
    ratio = one.now / one.before
    if ratio >= TWICE:
        return f"{ratio:.1f} times as high"
    return f"{abs(ratio - 1):.0%} {'higher' if ratio >= 1 else 'lower'}".replace("%", " %")


def _share(level: float | None, of: str = "") -> str:
    if level is None:
        return f"an unknown share of {of}" if of else "unknown"
    if level < 0.005:
        return f"no {of}" if of else "none"
    return f"{level:.0%}".replace("%", " %") + (f" of {of}" if of else "")


def money(usd: Decimal | float) -> str:
    """To the cent, small sums to the hundredth of a cent."""
    return f"{usd:,.{_digits(usd)}f} USD"


def _digits(usd: Decimal | float) -> int:
    return 4 if 0 < usd < CENTS else 2
