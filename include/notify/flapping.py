"""A rule result and the starts of its alert's episodes go in; the result, harder to end where it flaps, comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from include.domain.rule import RuleResult

WITHIN = timedelta(days=1)
EPISODES = 3
"""From so many episodes that began `WITHIN` the last day on, an alert flaps."""
MOST = 24
"""However often it flaps, so many good windows in a row end it."""
FLAPPING = "flapping"
"""The annotation that says so."""


def steadied(result: RuleResult, starts: Sequence[datetime]) -> RuleResult:
    """The result with `keep_firing_for` doubled for each episode from the third of a day on, at most to `MOST`.

    `starts` are those of the episodes that fired, the present one included.
    """
    recent = sum(result.window.end - WITHIN < start < result.window.end for start in starts)
    if recent < EPISODES:
        return result
    keep = max(result.keep_firing_for, min(MOST, result.keep_firing_for * 2 ** (recent - EPISODES + 1)))
    told = f"it began {recent} times within a day, so that only {keep} good windows in a row end it"
    return replace(result, keep_firing_for=keep, annotations={**result.annotations, FLAPPING: told})
