"""A run's coverage ledger goes in; whether every interaction is accounted for comes out."""

from __future__ import annotations

from include.domain.rule import Evidence, RuleOutcome
from include.domain.run import CoverageLedger
from include.monitors.result import Finding, no_data


def judge(ledger: CoverageLedger) -> Finding:
    """Breached by any gap; a window in which nothing was logged and nothing is missing is `NoData`."""
    if not ledger.logged and ledger.closes:
        return no_data((), "nothing was logged")
    details = {
        "quarantined": ledger.quarantined,
        "excluded": ledger.excluded,
        "scored": ledger.scored,
        "failed": ledger.failed,
    }
    evidence = Evidence(value=ledger.gap, reference=0, n=ledger.logged, details=details)
    if ledger.closes:
        return Finding((), RuleOutcome.OK, evidence, f"all {ledger.logged} interactions are accounted for")
    sentence = f"{abs(ledger.gap)} of {ledger.logged} interactions are " + (
        "accounted for by nobody" if ledger.gap > 0 else "counted twice"
    )
    return Finding((), RuleOutcome.BREACHED, evidence, sentence)
