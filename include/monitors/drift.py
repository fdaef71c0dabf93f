"""Values of now and of the past go in; whether their distribution shifted comes out, by Evidently's tests.

Alone imports evidently, and inside functions: it costs seconds, which are spent only where something may have drifted
or labels are compared. The tests are called as Evidently registers them: for sixteen segments that takes 40 ms, where a
`Report`, which draws every distribution, takes 1.2 s. The report is drawn only when somebody asks for its HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median
from warnings import catch_warnings, simplefilter

import numpy as np

from include.domain.interaction import Json
from include.domain.rule import Evidence, RuleOutcome
from include.monitors.reference import PROVEN
from include.monitors.result import Finding, no_data
from include.monitors.rules import DriftRule
from include.monitors.sequential import Floats, benjamini_hochberg
from include.monitors.shift import Pair, Sample, merged, mixtures, moved, paired, thinned, widest

DISTANCES_FROM = 500
"""Distances between distributions are worth a look from so many values; below, chance alone makes them large."""
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
EXACT = 10_000
"""Of at most so many values, `ks_2samp` tells the exact p-value."""
DRAWN = 24
"""Evidently's page shows at most so many samples: each costs 0.05 s."""


def judge(rule: DriftRule, samples: Iterable[Sample]) -> list[Finding]:
    """One finding per sample; Benjamini-Hochberg over all of those that can be tested.

    Before it, what is compared shrinks by its dispersion: n values of days that differ k times more than chance makes
    them tell as much as n / k.
    """
    pairs = [paired(sample) for sample in samples]
    able = _together([pair for pair in pairs if _is_enough(rule, pair)])
    p = np.array([_p_value(rule, pair) for pair in able])
    found = [_finding(rule, *each) for each in zip(able, p, benjamini_hochberg(p), strict=True)]
    return found + [_too_few(rule, pair) for pair in pairs if not _is_enough(rule, pair)]


def _is_enough(rule: DriftRule, pair: Pair) -> bool:
    return len(pair.now) >= rule.min_n and len(pair.past) >= rule.reference_min_n


def _too_few(rule: DriftRule, pair: Pair) -> Finding:
    sample, now = pair.sample, len(pair.now)
    what = "scores" if sample.kind == "score" else "values"
    told = f"{now} {what} now and {len(pair.past)} before, of {rule.min_n} and {rule.reference_min_n} that are needed"
    return no_data(sample.segment, told, n=now, dimension=sample.measure)


def _together(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with dispersions of at least 1: that of most segments, or half its own where that is larger."""
    known: dict[str, list[float]] = {}
    for pair in pairs:
        if pair.dispersion is not None:
            known.setdefault(pair.sample.measure, []).append(pair.dispersion)
    common = {measure: max(1.0, median(found)) for measure, found in known.items()}
    return [
        replace(pair, dispersion=max(common.get(pair.sample.measure, 1.0), (pair.dispersion or 0) / PROVEN))
        for pair in pairs
    ]


def _p_value(rule: DriftRule, pair: Pair) -> float:
    dispersion = pair.dispersion or 1.0
    if isinstance(pair.now, np.ndarray):
        past, now = (
            thinned(np.asarray(values), max(1, round(len(values) / dispersion))) for values in (pair.past, pair.now)
        )
        return _p_of_numbers(rule, past, now)
    return _p_of_labels(*merged([*map(str, pair.past)], [*pair.now]), dispersion)


def _p_of_numbers(rule: DriftRule, past: Floats, now: Floats) -> float:
    """By Evidently's test; by the function of scipy that Evidently's ks calls where that excludes a breach.

    A p-value is never adjusted downwards, so one above 1 - `confidence` is no breach whatever the others are.
    """
    if rule.method == "ks" and not _may_be_breached(rule, p := _p_of_ks(past, now)):
        return p
    return _statistic(rule.method, past, now)


def _p_of_ks(past: Floats, now: Floats) -> float:
    """As `scipy.stats.ks_2samp` has it. Of many values that one looks each up among the others; scores have few levels.

    Both are sorted.
    """
    from scipy.stats import ks_2samp, kstwo

    n, m = float(max(len(past), len(now))), float(min(len(past), len(now)))
    if n > EXACT:
        return float(np.clip(kstwo.sf(widest(past, now)[1], np.round(n * m / (n + m))), 0, 1))
    with catch_warnings():  # an exact p-value that is out of reach is replaced by the asymptotic one
        simplefilter("ignore", RuntimeWarning)
        return float(ks_2samp(past, now).pvalue)


def _may_be_breached(rule: DriftRule, p: float) -> bool:
    return p <= 1 - rule.confidence


def _p_of_labels(past: Sequence[str], now: Sequence[str], dispersion: float) -> float:
    """Of two labels by Evidently's z test, of more by its chi-square test, corrected; 1 of a single label.

    Evidently's chi-square takes the shares of the past for known; with `past` values they are themselves an estimate,
    which makes X^2 larger by 1 + now / past. Both it and the dispersion are taken out of X^2.
    """
    from scipy.special import chdtrc, chdtri

    labels = len({*past, *now})
    if labels == 1:
        return 1.0
    method, known = ("z", 1.0) if labels == 2 else ("chisquare", 1 + len(now) / len(past))
    p = _statistic(method, past, now)
    return float(chdtrc(labels - 1, chdtri(labels - 1, p) / known / dispersion)) if p > 0 else 0.0


def _finding(rule: DriftRule, pair: Pair, p: float, adjusted: float) -> Finding:
    sample = pair.sample
    may_be_breached = _may_be_breached(rule, p)
    evidence, effect, told = _of_labels(pair) if sample.kind == "label" else _of_numbers(pair, may_be_breached)
    breached = adjusted <= 1 - rule.confidence and effect >= rule.min_effect
    details: dict[str, Json] = {
        "method": rule.method if sample.kind != "label" else "chisquare",
        "moved": effect,
        "dispersion": round(pair.dispersion or 1.0, 3),
        "days_left_out": pair.left_out,
        **evidence.details,
        **({"note": sample.note} if sample.note else {}),
    }
    evidence = replace(
        evidence,
        n=len(pair.now),
        reference_n=len(pair.past),
        p_value=float(p),
        adjusted_p_value=float(adjusted),
        details=details,
    )
    verb = "drifted" if breached else "did not drift"
    sentence = f"{sample.measure.replace('_', ' ')} {verb}: {told}, adjusted p = {adjusted:.2g}"
    outcome = RuleOutcome.BREACHED if breached else RuleOutcome.OK
    return Finding(sample.segment, outcome, evidence, sentence, sample.measure)


def _of_numbers(pair: Pair, with_distances: bool) -> tuple[Evidence, float, str]:
    """Evidence, effect and the finding in words; of scores as means, of other numbers as medians."""
    past, now = np.asarray(pair.past, float), np.asarray(pair.now, float)
    details: dict[str, Json] = {"quantiles": _quantiles(now), "reference_quantiles": _quantiles(past)}
    if with_distances and len(now) >= DISTANCES_FROM:
        details["distances"] = {name: _statistic(name, past, now) for name in ("jensenshannon", "psi")}
    n = len(now)
    if pair.sample.kind == "score":
        value, usual, effect = float(now.mean()), float(past.mean()), moved(past, now)
        told = f"mean {value:.2f} (n = {n}), usually {usual:.2f}; scores moved by {effect:.2f}"
    else:
        value, usual = float(np.median(now)), float(np.median(past))
        at, effect = widest(past, now)
        above, before = float((now > at).mean()), float((past > at).mean())
        told = f"{above:.0%} are above {at:,.4g} (n = {n}), usually {before:.0%}; median {value:,.4g}, was {usual:,.4g}"
    return Evidence(value, usual, details=details), effect, told


def _of_labels(pair: Pair) -> tuple[Evidence, float, str]:
    """The same of labels, as shares; the effect is the share of the mixture that moved (total variation)."""
    shares = mixtures([*map(str, pair.past)], [*map(str, pair.now)])
    effect = sum(abs(now - past) for now, past in shares.values()) / 2
    (label, (value, usual)), *_ = shares.items()
    mixture: dict[str, Json] = {name: [round(now, 4), round(past, 4)] for name, (now, past) in [*shares.items()][:12]}
    told = f"“{label}” is {value:.0%} (n = {len(pair.now)}), usually {usual:.0%}; {effect:.0%} of the mixture moved"
    return Evidence(value, usual, details={"mixture": mixture}), effect, told


def drift_html(samples: Sequence[Sample]) -> str:
    """Evidently's own HTML (about 4 MB, needs no network) over the first `DRAWN` samples with values on both sides."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    usable = {_name(pair.sample): pair for pair in map(paired, samples) if len(pair.now) and len(pair.past)}
    usable = dict([*usable.items()][:DRAWN])
    if not usable:
        raise ValueError("no segment has scores both now and in the past")
    sides: dict[str, tuple[Sequence[object], Sequence[object]]] = {
        name: merged([*map(str, pair.past)], [*map(str, pair.now)])
        if pair.sample.kind == "label"
        else (list(pair.past), list(pair.now))
        for name, pair in usable.items()
    }
    labels = [name for name, pair in usable.items() if pair.sample.kind == "label"]
    definition = DataDefinition(
        numerical_columns=[name for name in usable if name not in labels], categorical_columns=labels
    )
    past, now = (
        Dataset.from_pandas(
            pd.DataFrame({name: pd.Series(both[side]) for name, both in sides.items()}), data_definition=definition
        )
        for side in (0, 1)
    )
    drifts = [ValueDrift(column=name, method="chisquare" if name in labels else "ks") for name in usable]
    html: str = Report(drifts).run(now, past).get_html_str(as_iframe=False)
    return html


def _statistic(method: str, past: Sequence[str] | Floats, now: Sequence[str] | Floats) -> float:
    """Evidently's p-value, or its distance, of two non-empty samples."""
    import pandas as pd
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Categorical if method in ("chisquare", "z") else ColumnType.Numerical
    reference, current = pd.Series(past), pd.Series(now)
    test = get_stattest(reference, current, kind, method)
    with catch_warnings():  # an exact p-value that is out of reach is replaced by the asymptotic one
        simplefilter("ignore", RuntimeWarning)
        return float(test(reference, current, kind, None).drift_score)


def _quantiles(values: Floats) -> Json:
    return {f"{share:.0%}": float(found) for share, found in zip(SHARES, np.quantile(values, SHARES), strict=True)}


def _name(sample: Sample) -> str:
    return " / ".join((*sample.segment, sample.measure))
