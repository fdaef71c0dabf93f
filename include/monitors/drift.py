"""Scores of now and of the past go in; whether their distribution shifted comes out, by Evidently's tests.

Alone imports evidently, and inside functions: it costs seconds. The tests are called as Evidently registers them:
for sixteen segments that takes 40 ms, where a `Report`, which draws every distribution, takes 1.2 s. The report is
drawn only when somebody asks for its HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import compress
from operator import not_

import numpy as np

from include.domain.interaction import Json, Window
from include.domain.rule import Evidence, RuleOutcome
from include.monitors.result import Finding, no_data
from include.monitors.rules import DriftRule
from include.monitors.sequential import Floats, benjamini_hochberg

DISTANCES_FROM = 500
"""Distances between distributions are worth a look from so many values; below, chance alone makes them large."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of one measure of one segment, now and in the past; both may hold NaN or be empty."""

    measure: str
    segment: tuple[str, ...]
    now: Sequence[float]
    past: Sequence[float]


def is_due(rule: DriftRule, window: Window) -> bool:
    """Whether a multiple of `every` since 1970 lies in `(start, end]` of the window."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (window.end - epoch) // rule.every > (window.start - epoch) // rule.every


def judge(rule: DriftRule, samples: Sequence[Sample]) -> list[Finding]:
    """One finding per sample; Benjamini-Hochberg over all of those that can be tested."""
    pairs = [(sample, _finite(sample.now), _finite(sample.past)) for sample in samples]
    enough = [len(now) >= rule.min_n and len(past) >= rule.reference_min_n for _, now, past in pairs]
    able = list(compress(pairs, enough))
    p = np.array([_statistic(rule.method, past, now) for _, now, past in able])
    found = [_finding(rule, *pair, *both) for pair, *both in zip(able, p, benjamini_hochberg(p), strict=True)]
    return found + [
        no_data(
            sample.segment,
            f"{len(now)} scores now and {len(past)} before, of {rule.min_n} and {rule.reference_min_n} that are needed",
            n=len(now),
            dimension=sample.measure,
        )
        for sample, now, past in compress(pairs, map(not_, enough))
    ]


def moved(past: Floats, now: Floats) -> float:
    """How far scores moved on average, in [0, 1]: the area between the two distribution functions (Wasserstein-1)."""
    points = np.sort(np.concatenate([past, now]))
    below = [np.searchsorted(np.sort(values), points[:-1], side="right") / len(values) for values in (past, now)]
    return float(np.abs(below[0] - below[1]) @ np.diff(points))


def drift_html(samples: Sequence[Sample]) -> str:
    """Evidently's own HTML (about 4 MB, needs no network) over every sample that has values in now and past."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    usable = {_name(sample): sample for sample in samples if _finite(sample.now).size and _finite(sample.past).size}
    if not usable:
        raise ValueError("no segment has scores both now and in the past")
    definition = DataDefinition(numerical_columns=list(usable))
    now, past = (
        Dataset.from_pandas(
            pd.DataFrame({name: pd.Series(_finite(getattr(sample, side))) for name, sample in usable.items()}),
            data_definition=definition,
        )
        for side in ("now", "past")
    )
    snapshot = Report([ValueDrift(column=name, method="ks") for name in usable]).run(now, past)
    html: str = snapshot.get_html_str(as_iframe=False)
    return html


def _finding(rule: DriftRule, sample: Sample, now: Floats, past: Floats, p: float, adjusted: float) -> Finding:
    distance = moved(past, now)
    breached = adjusted <= 1 - rule.confidence and distance >= rule.min_effect
    evidence = Evidence(
        value=float(now.mean()),
        reference=float(past.mean()),
        n=len(now),
        reference_n=len(past),
        p_value=float(p),
        adjusted_p_value=float(adjusted),
        details={
            "method": rule.method,
            "moved": distance,
            "quantiles": _quantiles(now),
            "reference_quantiles": _quantiles(past),
        },
    )
    if len(now) >= DISTANCES_FROM:
        distances: Json = {name: _statistic(name, past, now) for name in ("jensenshannon", "psi")}
        evidence = replace(evidence, details={**evidence.details, "distances": distances})
    verb = "drifted" if breached else "did not drift"
    sentence = (
        f"{sample.measure} {verb}: mean {now.mean():.2f} (n = {len(now)}), usually {past.mean():.2f};"
        f" scores moved by {distance:.2f}, adjusted p = {adjusted:.2g}"
    )
    outcome = RuleOutcome.BREACHED if breached else RuleOutcome.OK
    return Finding(sample.segment, outcome, evidence, sentence, sample.measure)


def _statistic(method: str, past: Floats, now: Floats) -> float:
    """Evidently's p-value, or its distance, of two non-empty samples."""
    import pandas as pd
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    reference, current = pd.Series(past), pd.Series(now)
    test = get_stattest(reference, current, ColumnType.Numerical, method)
    return float(test(reference, current, ColumnType.Numerical, None).drift_score)


def _quantiles(values: Floats) -> Json:
    return {f"{share:.0%}": float(found) for share, found in zip(SHARES, np.quantile(values, SHARES), strict=True)}


SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


def _finite(values: Sequence[float]) -> Floats:
    """As floats (a Decimal column makes Evidently raise) without NaN and infinity."""
    array = np.asarray(values, np.float64)
    return array[np.isfinite(array)]


def _name(sample: Sample) -> str:
    return " / ".join((*sample.segment, sample.measure))
