"""A rule, a segment and what was found go in, a labelled `RuleResult` comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.domain.interaction import Window
from include.domain.rule import Evidence, RuleOutcome, RuleResult
from include.monitors.rules import BudgetRule, EpochRule, LevelRule, MonthlyBudgetRule, Rule, SpendRule


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test says of one segment; `dimension` is "" where no judge is involved.

    `owner` is who looks after the segment, where that is not whoever looks after the rule.
    """

    segment: tuple[str, ...]
    outcome: RuleOutcome
    evidence: Evidence
    sentence: str
    dimension: str = ""
    owner: str = ""


def no_data(segment: tuple[str, ...], why: str, *, n: int = 0, dimension: str = "") -> Finding:
    """The segment cannot be judged, and why; not 0, and not good news."""
    return Finding(segment, RuleOutcome.NO_DATA, Evidence(n=n, details={"reason": why}), why, dimension)


def result(rule: Rule, window: Window, found: Finding) -> RuleResult:
    """The finding with the labels that name its alert."""
    return RuleResult(
        rule=rule.name,
        window=window,
        outcome=found.outcome,
        labels=labels(rule, found.segment, found.dimension),
        evidence=found.evidence,
        sentence=f"{_subject(found.segment)}{found.sentence}",
        for_windows=rule.for_windows,
        keep_firing_for=rule.keep_firing_for,
        annotations={
            "description": rule.description,
            "owner": found.owner or rule.owner,
            "runbook": rule.runbook,
            "unit": _unit(rule),
        },
    )


def _unit(rule: Rule) -> str:
    """In which unit people are told value and reference: USD, a share as percent, interactions, or a bare number."""
    if isinstance(rule, SpendRule | BudgetRule | MonthlyBudgetRule):
        return "USD"
    if isinstance(rule, EpochRule):
        return "interactions"
    return "share" if isinstance(rule, LevelRule) and rule.is_share else ""


def labels(rule: Rule, segment: Sequence[str], dimension: str = "") -> dict[str, str]:
    """`alertname, severity, category`, the segment's project and environment, its other columns as `segment`."""
    columns = dict(zip(rule.columns, segment, strict=bool(segment)))
    named = {key: columns[key] for key in ("project", "environment") if columns.get(key)}
    rest = ", ".join(f"{key}={value}" for key, value in columns.items() if key not in ("project", "environment"))
    optional = {"segment": rest, "dimension": dimension}
    return {
        "alertname": rule.name,
        "severity": rule.severity,
        "category": rule.category,
        **named,
        **{key: value for key, value in optional.items() if value},
    }


def _subject(segment: Sequence[str]) -> str:
    return f"{' / '.join(part or 'unknown' for part in segment)}: " if segment else ""
