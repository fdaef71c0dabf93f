"""An interaction that waits for scores."""

from __future__ import annotations

from dataclasses import dataclass

from include.domain.interaction import Interaction


@dataclass(frozen=True, slots=True)
class Pending:
    """An interaction and the dimensions in which a judge has yet to score it."""

    interaction: Interaction
    dimensions: frozenset[str]
