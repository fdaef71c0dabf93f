"""What rules say of a window goes in; what must be said of the rules themselves comes out: cannot tell, or broke.

`NoData` and `Error` end no alert. A rule that cannot tell for long, where it used to, or that breaks again and again
watches nothing, and that is an alert of its own: at most one for each rule and project, in a category that explains
no other alert.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from include.domain.rule import Evidence, RuleOutcome, RuleResult

CATEGORY = "assay"
"""Of what Assay itself needs; no incident of quality is explained by it."""
BLIND_WINDOWS = 120
"""So many windows in a row without a verdict; of hours that is longer than a long weekend."""
BROKEN_WINDOWS = 3
VERDICTS = (RuleOutcome.OK, RuleOutcome.BREACHED)

Place = tuple[str, str, str]
"""Rule, project, environment."""


def count_blind(results: Sequence[RuleResult], before: Mapping[str, int]) -> dict[str, int]:
    """By fingerprint, for how many windows in a row it could not be told, this one included.

    An alert of which nothing was ever known is left out: there is nothing that it lost.
    """
    counts = {one.fingerprint: before[one.fingerprint] for one in results if one.fingerprint in before}
    for one in _of_quality(results):
        if one.outcome in VERDICTS:
            counts[one.fingerprint] = 0
        elif one.outcome is RuleOutcome.NO_DATA and one.fingerprint in counts:
            counts[one.fingerprint] += 1
    return counts


def doubts(results: Sequence[RuleResult], blind: Mapping[str, int]) -> list[RuleResult]:
    """One result for each rule, project and environment that was ever known, and one for each rule."""
    places: dict[Place, list[RuleResult]] = defaultdict(list)
    rules: dict[str, list[RuleResult]] = defaultdict(list)
    for one in _of_quality(results):
        rules[one.rule].append(one)
        if one.outcome is not RuleOutcome.ERROR and one.fingerprint in blind:
            places[one.rule, one.labels.get("project", ""), one.labels.get("environment", "")].append(one)
    cannot_tell = [_cannot_tell(place, found, blind) for place, found in places.items()]
    return cannot_tell + [_broke(rule, found) for rule, found in rules.items()]


def _of_quality(results: Sequence[RuleResult]) -> list[RuleResult]:
    """Without what Assay says of itself."""
    return [one for one in results if one.labels.get("category") != CATEGORY]


def _cannot_tell(place: Place, found: Sequence[RuleResult], blind: Mapping[str, int]) -> RuleResult:
    rule, project, environment = place
    windows = min(blind[one.fingerprint] for one in found)
    outcome = RuleOutcome.OK if windows == 0 else RuleOutcome.NO_DATA
    if windows >= BLIND_WINDOWS:
        outcome = RuleOutcome.BREACHED
    where = " / ".join(filter(None, (project, environment))) or "all projects"
    return _about(
        rule,
        found[0],
        {"alertname": "rule-cannot-tell", "severity": "info", "project": project, "environment": environment},
        outcome=outcome,
        evidence=Evidence(value=float(windows), reference=float(BLIND_WINDOWS)),
        sentence=f"Rule {rule} could tell nothing of {where} for {windows} windows in a row, where it used to: "
        f"{found[0].sentence}",
        runbook=f"Did {where} move, stop logging or change its judge? If it is gone for good, silence this alert.",
    )


def _broke(rule: str, found: Sequence[RuleResult]) -> RuleResult:
    broken = [one for one in found if one.outcome is RuleOutcome.ERROR]
    return _about(
        rule,
        found[0],
        {"alertname": "rule-broken", "severity": "warning"},
        outcome=RuleOutcome.BREACHED if broken else RuleOutcome.OK,
        evidence=Evidence(value=float(len(broken))),
        sentence=f"Rule {rule} breaks and watches nothing: {broken[0].sentence if broken else 'no longer'}",
        runbook="Mend the rule in rules.yaml; column evidence of assay.rule_results says what broke.",
        for_windows=BROKEN_WINDOWS,
    )


def _about(
    rule: str,
    one: RuleResult,
    labels: Mapping[str, str],
    *,
    outcome: RuleOutcome,
    evidence: Evidence,
    sentence: str,
    runbook: str,
    for_windows: int = 1,
) -> RuleResult:
    named = {name: value for name, value in labels.items() if value}
    return RuleResult(
        rule=labels["alertname"],
        window=one.window,
        outcome=outcome,
        labels={**named, "category": CATEGORY, "segment": f"rule={rule}"},
        evidence=evidence,
        sentence=sentence,
        for_windows=for_windows,
        annotations={"owner": one.annotations.get("owner", ""), "runbook": runbook, "unit": "windows"},
    )
