"""A cause goes in, one sentence or two that on-call can read come out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from include.domain.cause import Cause, Part
from include.monitors.contrast import NEARLY_ALL
from include.monitors.labels import HOUR, TOPIC

SHOWN = 60
"""Characters of a value from the log."""
NEWS = 2
"""What came in that is told in words."""
WORTH_TELLING = 0.2
"""The share of the change from which on a dimension is told in words."""
PLURALS = {
    "model": "models",
    "prompt_version": "prompt versions",
    "language": "languages",
    "question length": "lengths of questions",
    HOUR: "hours",
    TOPIC: "topics",
}


def sentence(cause: Cause, drop: str, since: datetime, of: str = "traffic") -> str:
    """What carries the `drop` (or "rise") that began at `since`, what came in just before, and what plays no part.

    `of` is what a part's shares are of: traffic, spend.
    """
    said = [_carried(cause, drop, since, of), *_news(cause, since)]
    out = [PLURALS[column] for column in cause.ruled_out]
    if cause.parts and out:
        said.append(f"{_and(out)} differ no more than chance")
    if telling := [one for one in cause.dimensions if one.share_of_change >= WORTH_TELLING]:
        said.append("by dimension: " + ", ".join(f"{one.dimension} {_much(one.share_of_change)}" for one in telling))
    return " ".join(f"{one[0].upper()}{one[1:]}." for one in said)


def name(column: str, values: Sequence[str]) -> str:
    """A segment in words, such as "prompt version v7" or "questions with refund, money"."""
    shown = ", ".join(value[:SHOWN] for value in values)
    if column == TOPIC:
        return f"questions with {shown}"
    if column == HOUR:
        return f"the hour {datetime.fromisoformat(f'{values[0]}:00'):%d %b %H:%M} UTC"
    if column == "question length":
        return f"questions of {shown}" if values[0][0].isdigit() else f"questions {shown}"
    if column == "passages":
        return "answers without passages" if values[0] == "none" else f"answers on {shown} passages"
    return f"{column[:SHOWN].replace('_', ' ')} {shown}"


def _carried(cause: Cause, drop: str, since: datetime, of: str) -> str:
    if not cause.parts:
        return f"the {drop} is spread evenly over everything that was looked at"
    comes = "with" if cause.parts[0].share_of_traffic >= NEARLY_ALL else "from"
    shares = [_much(part.share_of_change) for part in cause.parts]
    first, *others = [_part(part, since, of) for part in cause.parts]
    told = f"{shares[0]} of the {drop} comes {comes} {first}"
    return "; ".join([told, *(f"{share} from {one}" for share, one in zip(shares[1:], others, strict=True))])


def _part(part: Part, since: datetime, of: str) -> str:
    less, more = sorted((part.share_of_traffic, part.reference_share))
    moved = more >= 2 * less + 0.05 and part.column != HOUR
    now, before = map(_share, (part.share_of_traffic, part.reference_share))
    traffic = f"{now} of {of}{f', {before} before' if moved else ''}"
    seen = f", {_first_seen(part.first_seen, since)}" if part.first_seen else ""
    within = f" with {name(part.within[0], [part.within[1]])}" if part.within else ""
    return f"{name(part.column, part.values)}{within} ({traffic}){seen}"


def _news(cause: Cause, since: datetime) -> list[str]:
    """What came in beside the parts."""
    named = {(part.column, value) for part in cause.parts for value in part.values}
    news = [one for one in cause.changes if (one.what, one.value) not in named]
    return [f"{name(one.what, [one.value])} was {_first_seen(one.at, since)}" for one in news[:NEWS]]


def _first_seen(at: datetime, since: datetime) -> str:
    minutes = round((since - at).total_seconds() / 60)
    if minutes <= 0:
        return f"first seen {at:%d %b %H:%M} UTC, as it began"
    span = f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"
    return f"first seen {at:%d %b %H:%M} UTC, {span} before"


def _much(share: float) -> str:
    """Of the change; more than all is all, since others got better meanwhile."""
    return "all" if share >= 0.995 else _share(share)


def _share(share: float) -> str:
    return f"{share:.0%}".replace("%", " %") if share >= 0.005 else "none"


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
