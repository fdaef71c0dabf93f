"""The ledger as a rule."""

from __future__ import annotations

import pytest

from include.domain.rule import RuleOutcome
from include.domain.run import CoverageLedger
from include.monitors import coverage


@pytest.mark.parametrize(
    ("ledger", "outcome", "gap"),
    [
        (CoverageLedger(10, 1, 2, 6, 1), RuleOutcome.OK, 0),
        (CoverageLedger(10, 1, 2, 5, 1), RuleOutcome.BREACHED, 1),
        (CoverageLedger(10, 1, 2, 7, 1), RuleOutcome.BREACHED, -1),
        (CoverageLedger(0, 0, 0, 0, 0), RuleOutcome.NO_DATA, None),
        (CoverageLedger(0, 0, 0, 1, 0), RuleOutcome.BREACHED, -1),
    ],
)
def test_any_gap_is_a_breach_and_an_empty_window_says_nothing(
    ledger: CoverageLedger, outcome: RuleOutcome, gap: float | None
) -> None:
    found = coverage.judge(ledger)
    assert (found.outcome, found.evidence.value) == (outcome, gap)
