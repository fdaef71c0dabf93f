"""What carries a breach: the segment behind the change of a measure, what changed at that time, and its interactions.

`RuleResult.evidence.details["cause"]` holds `Cause.to_json()`, or is absent where nothing was analysed:

    {"sentence": "82 % of the drop comes from prompt version v7 (31 % of traffic), first seen 05 Nov 09:10 UTC, ...",
     "verdict": "segment",                      # or "spread": nothing stands out
     "value": 0.71, "reference": 0.90,          # means of the interactions looked at, in the measure's own unit
     "n": 130, "reference_n": 2000,             # how many those are
     "parts": [                                 # at most three, the largest first; [] of "spread"
        {"column": "prompt_version", "values": ["v7"],
         "share_of_change": 0.82,               # of value - reference; above 1 where the others got better
         "share_of_traffic": 0.31, "reference_share": 0.33,
         "n": 41, "value": 0.42, "reference": 0.91,          # reference: null where the past does not know it
         "first_seen": "2026-11-05T09:10:00+00:00",          # null: it was there before, or that is not known
         "within": null,                                     # or ["model", "gpt-5"]: only those that have this, too
         "same_as": [["app_version", "5.19.1"]],             # other segments that are the same interactions
         "examples": [{"interaction_id": "...", "logged_at": "2026-11-05T09:12:44+00:00"}]}],   # the worst three
     "dimensions": [{"dimension": "correctness", "share_of_change": 0.9, "value": 0.5, "reference": 0.9}],
     "changes": [{"what": "prompt_version", "value": "v7", "at": "2026-11-05T09:10:00+00:00"}],   # soonest before first
     "ruled_out": ["language", "model"],        # columns that differ no more than chance
     "examples": [{"interaction_id": "...", "logged_at": "..."}]}   # the worst three of all

Of volume and spend `value` and `reference` are totals (interactions, USD), and so are those of a part.

`column` is model, prompt_version, language, finish_reason, question length, passages, hour, topic, the name of an
attribute, or of volume and spend also project and conversation_id; the values of a topic are words of the questions.
All values come from the log: they are data, to be escaped. Those that hold an address or a key are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import cast

from include.domain.interaction import Json


class Verdict(StrEnum):
    """Whether a segment stands out."""

    SEGMENT = "segment"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True)
class Seen:
    """Where an interaction can be found; never its text."""

    interaction_id: str
    logged_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """One segment that carries much more of the change than its traffic accounts for.

    The shares of the change of all parts and of the interactions in none of them sum to 1. `value` and `reference`
    are the segment's means now and before, `reference` None where the past does not know it.
    """

    column: str
    values: tuple[str, ...]
    share_of_change: float
    share_of_traffic: float
    reference_share: float
    n: int
    value: float
    reference: float | None
    first_seen: datetime | None = None
    within: tuple[str, str] | None = None
    same_as: tuple[tuple[str, str], ...] = ()
    examples: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class DimensionShare:
    """What one dimension adds to the change of the composite: its weight times its own change, over the whole."""

    dimension: str
    share_of_change: float
    value: float
    reference: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that was first seen `at`: a model, a prompt version, a version among the attributes, a judge epoch."""

    what: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Cause:
    """What carries the change from `reference` to `value`, the means of the interactions that were looked at."""

    sentence: str
    verdict: Verdict
    value: float
    reference: float
    n: int
    reference_n: int
    parts: Sequence[Part] = ()
    dimensions: Sequence[DimensionShare] = ()
    changes: Sequence[Arrival] = ()
    ruled_out: Sequence[str] = ()
    examples: Sequence[Seen] = field(default=())

    def to_json(self) -> dict[str, Json]:
        """The JSON object that the module's docstring shows; times are ISO 8601."""
        return cast("dict[str, Json]", _plain(asdict(self)))


def _plain(value: object) -> object:
    match value:
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case datetime():
            return value.isoformat()
        case float():
            return round(value, 6)
        case StrEnum():
            return value.value
    return value
