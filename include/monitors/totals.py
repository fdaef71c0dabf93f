"""What labels add up to now and usually goes in; the one that carries what is missing, or too much, comes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import NormalDist

from include.domain.cause import Arrival, Cause, Part, Verdict
from include.domain.interaction import Window
from include.domain.observation import Total
from include.monitors import cause_words
from include.monitors.contrast import CHANCE, LEAST_N, TWICE
from include.monitors.decompose import ALIKE, MOST_OF_IT

PAST_DAYS, LOOKED_BACK = 7, 14
BURSTY = 4.0
"""How many times more numbers of interactions vary than independent ones would: they come in conversations."""
CONVERSATION = "conversation_id"
ORDER = ("project", "prompt_version", "model", CONVERSATION)
"""Where two columns tell the same, the first one is named; attributes come after these."""


def same_hours(window: Window) -> list[Window]:
    """The same hours of the last days of the same kind: working days, or weekend days (UTC)."""
    days = [timedelta(days=number) for number in range(1, LOOKED_BACK + 1)]
    earlier = [Window(window.start - one, window.end - one) for one in days if window.length <= timedelta(days=1)]
    weekend = window.start.weekday() >= 5
    return [one for one in earlier if (one.start.weekday() >= 5) == weekend][:PAST_DAYS]


def search_totals(
    totals: Sequence[Total],
    *,
    sign: int,
    since: datetime,
    changes: Sequence[Arrival],
    may_tell: Callable[[str], bool],
) -> Cause | None:
    """Which label carries the change of the total; None where the past is unknown or nothing got worse.

    `sign` is 1 where more is worse, -1 where less is. The first of `totals` is that of all interactions.
    """
    whole = totals[0] if totals else None
    if whole is None or not whole.days or sign * (whole.amount - whole.before / whole.days) <= 0:
        return None
    known = [one for one in totals[1:] if may_tell(one.value)]
    tested = [one for one in known if one.column == CONVERSATION or max(one.n, one.n_before / one.days) >= LEAST_N]
    least = NormalDist().inv_cdf(1 - CHANCE / max(1, len(tested)))
    telling = [one for one in tested if _stands_out(one, whole, sign, least)]
    telling.sort(key=lambda one: (-round(_carried(one, whole), 2), _rank(one)))
    cause = Cause(
        sentence="",
        verdict=Verdict.SEGMENT if telling else Verdict.SPREAD,
        value=whole.amount,
        reference=whole.before / whole.days,
        n=whole.n,
        reference_n=whole.n_before,
        parts=[_part(telling[0], whole, known, changes)] if telling else [],
        changes=changes,
    )
    drop, of = ("rise", "spend") if sign > 0 else ("drop", "traffic")
    return replace(cause, sentence=cause_words.sentence(cause, drop, since, of))


def _carried(one: Total, whole: Total) -> float:
    """The share of the change that the label carries."""
    return (one.amount - one.before / one.days) / (whole.amount - whole.before / whole.days)


def _stands_out(one: Total, whole: Total, sign: int, least: float) -> bool:
    """Whether it carries most of the change, changed by twice as much as the others did, and by more than chance.

    Chance: if it had changed by the same factor as all others, whose factor is itself an estimate. What one
    conversation brings is not spread evenly, whatever chance had in it.
    """
    carried, expected = _carried(one, whole), one.before / whole.before if whole.before else 0.0
    if carried < MOST_OF_IT or carried * (1 - expected) < TWICE * (1 - carried) * expected:
        return False
    return one.column == CONVERSATION or _is_no_chance(one, whole, sign, least)


def _is_no_chance(one: Total, whole: Total, sign: int, least: float) -> bool:
    usual, rest_usual = one.before / one.days, (whole.before - one.before) / whole.days
    if rest_usual <= 0:
        return False
    factor = (whole.amount - one.amount) / rest_usual
    own = one.square + factor**2 * one.square_before / one.days**2
    others = whole.square - one.square + factor**2 * (whole.square_before - one.square_before) / one.days**2
    spread = math.sqrt(max(1e-12, BURSTY * (own + (usual / rest_usual) ** 2 * others)))
    return sign * (one.amount - factor * usual) >= least * spread


def _rank(one: Total) -> tuple[int, str, str]:
    return (ORDER.index(one.column) if one.column in ORDER else len(ORDER), one.column, one.value)


def _part(one: Total, whole: Total, known: Sequence[Total], changes: Sequence[Arrival]) -> Part:
    return Part(
        column=one.column,
        values=(one.value,),
        share_of_change=_carried(one, whole),
        share_of_traffic=one.amount / whole.amount if whole.amount else 0.0,
        reference_share=one.before / whole.before if whole.before else 0.0,
        n=one.n,
        value=one.amount,
        reference=one.before / one.days,
        first_seen=next((new.at for new in changes if (new.what, new.value) == (one.column, one.value)), None),
        same_as=tuple(
            (other.column, other.value) for other in known if other.column != one.column and _alike(one, other)
        ),
    )


def _alike(one: Total, other: Total) -> bool:
    """Whether both have about as many interactions, now and before."""
    return all(min(a, b) >= ALIKE * max(a, b) for a, b in ((one.n, other.n), (one.n_before, other.n_before)))
