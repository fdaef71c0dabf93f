"""Quarters of past days and hours go in; both come out by their time of the week, so that like is held to like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np

from include.domain.segment import Tally, merged
from include.monitors.sequential import BY_HOUR, Floats, Stream

QUARTER = timedelta(hours=6)
Kind: TypeAlias = tuple[bool, int]
KINDS: Sequence[Kind] = [(weekend, quarter) for weekend in (False, True) for quarter in range(4)]


def kind(moment: datetime) -> Kind:
    """Times that are alike: the same quarter of working days, or of weekend days (UTC)."""
    return moment.weekday() >= 5, moment.hour // 6


def alike(past: Mapping[datetime, Tally], wanted: Kind) -> list[list[Tally]]:
    """The quarters of that kind, and the same quarters of all days: the most alike first."""
    same = {at: tally for at, tally in past.items() if kind(at)[1] == wanted[1]}
    return [[tally for at, tally in same.items() if kind(at) == wanted], [*same.values()]]


def whole_days(past: Mapping[datetime, Tally]) -> list[Tally]:
    """Parts of days as whole days."""
    days: dict[object, list[Tally]] = defaultdict(list)
    for at, tally in past.items():
        days[at.date()].append(tally)
    return [merged(parts) if len(parts) > 1 else parts[0] for parts in days.values()]


def woven(hours: Sequence[datetime], whole: Stream, of: Callable[[Kind, list[int]], Stream]) -> Stream:
    """The stream `whole` with what each hour says taken from the stream of its kind: `of(kind, numbers of hours)`.

    Hours of all kinds together stand on what is known of all; but where one kind is known badly, on as many times that
    as there are kinds, since the evidence may be of that kind alone.
    """
    places: dict[Kind, list[int]] = defaultdict(list)
    for number, hour in enumerate(hours):
        places[kind(hour)].append(number)
    streams = {wanted: of(wanted, here) for wanted, here in places.items()}
    by_hour = BY_HOUR if whole.mended is None else (*BY_HOUR, "mended")
    told: dict[str, Floats] = {name: np.array(getattr(whole, name)) for name in by_hour}
    for wanted, stream in streams.items():
        for name, values in told.items():
            values[places[wanted]] = getattr(stream, name)
    if whole.reference_n is not None:
        known = [stream.reference_n for stream in streams.values() if stream.reference_n is not None]
        told["reference_n"] = np.minimum(whole.reference_n, len(known) * np.min(known, axis=0))
    return replace(whole, **told)
