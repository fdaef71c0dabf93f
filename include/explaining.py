"""Results of a window go in; those that are breached come out with their causes, which name nothing that is hidden."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from include.adapters.postgres.causes import Causes
from include.adapters.yaml_file import load
from include.domain.rule import RuleResult
from include.domain.run import Epochs
from include.judges.redaction import KINDS
from include.judges.weights import WeightsFile
from include.monitors.causes import Desk, with_causes
from include.monitors.rules import Rules
from include.settings import Settings


def explained(
    results: Sequence[RuleResult], rules: Rules, epochs: Epochs, settings: Settings, store: psycopg.Connection
) -> list[RuleResult]:
    """The results of a run in which `epochs` judged, read from the store in its own transaction."""
    weights = load(settings.weights, WeightsFile)
    desk = Desk(Causes(store), lambda project: weights.of(project).by_dimension, may_be_told)
    return with_causes(rules, results, epochs, desk)


def may_be_told(value: str) -> bool:
    """Whether a value of the log is none of what redaction hides from judges: addresses, numbers of accounts, keys."""
    return not any(True for find in KINDS.values() for _ in find(value))
