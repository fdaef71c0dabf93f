"""Drift of score distributions, through Evidently itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp, wasserstein_distance

from include.domain.interaction import Window
from include.domain.rule import RuleOutcome
from include.monitors import drift
from include.monitors.hours import is_due
from include.monitors.rules import DriftRule
from include.monitors.shift import Sample, moved

OK, BREACHED, NO_DATA = RuleOutcome.OK, RuleOutcome.BREACHED, RuleOutcome.NO_DATA
RULE = DriftRule(
    name="x",
    description="d",
    test="drift",
    measures=("composite",),
    category="quality",
    owner="o",
    runbook="r",
    min_n=30,
    reference_min_n=200,
)


def scores(seed: int, n: int, mean: float = 0.9) -> list[float]:
    rng = Random(seed)
    return [min(1.0, max(0.0, rng.gauss(mean, 0.08))) for _ in range(n)]


def sample(now: Sequence[float], past: Sequence[float] | None = None, project: str = "p") -> Sample:
    return Sample("composite", (project, "prod"), now, scores(1, 500) if past is None else past)


@pytest.mark.parametrize(
    ("now", "past", "outcome"),
    [
        (scores(2, 100), None, OK),
        (scores(2, 100, 0.6), None, BREACHED),
        (scores(2, 100, 0.9), scores(1, 500, 0.6), BREACHED),
        (scores(2, 100, 0.88), None, OK),  # shifted, but by less than matters
        (scores(2, 29, 0.6), None, NO_DATA),
        (scores(2, 100, 0.6), scores(1, 199), NO_DATA),
        ([], None, NO_DATA),
        (scores(2, 100), [], NO_DATA),
        ([float("nan")] * 100, None, NO_DATA),
        ([*scores(2, 100, 0.6), float("nan"), float("inf")], None, BREACHED),
        ([Decimal("0.5")] * 100, None, BREACHED),
        ([0.9] * 100, [0.9] * 300, OK),
    ],
)
def test_a_shift_is_told_from_chance_and_columns_that_break_evidently_are_no_data(
    now: Sequence[float], past: Sequence[float] | None, outcome: RuleOutcome
) -> None:
    [found] = drift.judge(RULE, [sample(now, past)])
    assert found.outcome is outcome
    assert found.dimension == "composite"


@pytest.mark.parametrize("method", ["ks", "cramer_von_mises"])
def test_each_method_finds_a_shift_and_leaves_the_same_alone(method: str) -> None:
    rule = RULE.model_copy(update={"method": method, "confidence": 0.99})
    shifted, same = drift.judge(rule, [sample(scores(2, 100, 0.6)), sample(scores(3, 100))])
    assert (shifted.outcome, same.outcome) == (BREACHED, OK)


def test_the_p_value_and_the_distance_are_scipys() -> None:
    now, past = scores(2, 80, 0.87), scores(1, 500)
    [found] = drift.judge(RULE, [sample(now, past)])
    expected = ks_2samp(past, now)
    assert found.evidence.p_value == pytest.approx(expected.pvalue)
    assert found.evidence.details["moved"] == pytest.approx(wasserstein_distance(past, now))


def test_p_values_are_adjusted_over_all_segments_that_can_be_tested() -> None:
    found = drift.judge(RULE, [sample(scores(seed, 60, 0.87), project=f"p{seed}") for seed in range(2, 8)])
    assert all(one.evidence.adjusted_p_value >= one.evidence.p_value for one in found)  # type: ignore[operator]
    [alone] = drift.judge(RULE, [sample(scores(2, 60, 0.87))])
    assert alone.evidence.adjusted_p_value == alone.evidence.p_value


@pytest.mark.parametrize(("n", "mean", "shown"), [(499, 0.6, False), (500, 0.6, True), (500, 0.9, False)])
def test_distances_are_shown_from_500_values_of_what_may_have_drifted(n: int, mean: float, shown: bool) -> None:
    [found] = drift.judge(RULE, [sample(scores(2, n, mean))])
    assert ("distances" in found.evidence.details) is shown


@pytest.mark.parametrize("n_past", [500, 9_999, 12_000])
@pytest.mark.parametrize("mean", [0.9, 0.89, 0.87, 0.8])
@pytest.mark.parametrize("places", [2, 12])
def test_the_p_value_is_evidentlys_to_the_bit_wherever_scipys_function_decides(
    n_past: int, mean: float, places: int
) -> None:
    now, past = (np.sort(np.round(one, places)) for one in (scores(2, 400, mean), scores(1, n_past)))
    undecided = RULE.model_copy(update={"confidence": 0.9999})
    every = RULE.model_copy(update={"confidence": 0.0})
    assert drift._p_of_numbers(undecided, past, now) == drift._p_of_numbers(every, past, now)


def test_evidently_is_loaded_only_where_something_may_have_drifted() -> None:
    code = (
        "import sys; from tests.unit.monitors.test_drift import *; "
        "drift.judge(RULE, [sample(scores(2, 100))]); print('evidently' in sys.modules); "
        "drift.judge(RULE, [sample(scores(2, 100, 0.6))]); print('evidently' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


values = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(values, values)
def test_how_far_scores_moved_is_scipys_distance_in_either_direction(one: list[float], other: list[float]) -> None:
    one, other = sorted(one), sorted(other)
    distance = moved(np.array(one), np.array(other))
    assert distance == pytest.approx(wasserstein_distance(one, other), abs=1e-9)
    assert distance == pytest.approx(moved(np.array(other), np.array(one)), abs=1e-9)


@pytest.mark.parametrize(
    ("start", "hours", "due"), [(5, 1, True), (6, 1, False), (0, 24, True), (3, 2, False), (11, 1, True)]
)
def test_it_is_looked_at_when_a_sixth_hour_ends(start: int, hours: int, due: bool) -> None:
    begins = datetime(2026, 11, 20, start, tzinfo=UTC)
    assert is_due(RULE.every, Window(begins, begins + timedelta(hours=hours))) is due


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_evidently_draws_every_segment_that_has_two_sides() -> None:
    html = drift.drift_html([sample(scores(2, 50)), sample([], project="<b>quiet</b>")])
    assert "p / prod / composite" in html
    assert "quiet" not in html


def test_there_is_nothing_to_draw_of_nothing() -> None:
    with pytest.raises(ValueError, match="no segment has scores"):
        drift.drift_html([sample([])])


def labelled(now: Sequence[str], past: Sequence[str], project: str = "p", days: Sequence[date] = ()) -> Sample:
    return Sample("language", (project, "prod"), now, past, days, "label")


@pytest.mark.parametrize(
    ("now", "past", "outcome"),
    [
        (["en"] * 60 + ["de"] * 40, ["en"] * 200 + ["de"] * 200, OK),
        (["en"] * 95 + ["de"] * 5, ["en"] * 200 + ["de"] * 200, BREACHED),
        (["en"] * 50 + ["fr"] * 50, ["en"] * 400, BREACHED),  # a label that the past lacks
        (["en"] * 98 + ["fr"] * 2, ["en"] * 400, OK),
        (["a"] * 50 + ["b"] * 30 + ["c"] * 20, [*"aabbccdd"] * 50, BREACHED),
        (["en"] * 100, ["en"] * 400, OK),
        ([""] * 100, ["en"] * 400, NO_DATA),
        (["en"] * 100, [], NO_DATA),
    ],
)
def test_labels_are_tested_by_their_shares(now: Sequence[str], past: Sequence[str], outcome: RuleOutcome) -> None:
    [found] = drift.judge(RULE, [labelled(now, past)])
    assert found.outcome is outcome


def test_what_changed_most_is_told() -> None:
    [found] = drift.judge(RULE, [labelled(["en"] * 60 + ["de"] * 140, ["en"] * 320 + ["de"] * 80)])
    assert (found.evidence.value, found.evidence.reference) == (0.7, 0.2)
    assert "“de” is 70% (n = 200), usually 20%; 50% of the mixture moved" in found.sentence
    assert found.evidence.details["mixture"] == {"de": [0.7, 0.2], "en": [0.3, 0.8]}


@pytest.mark.parametrize("kinds", [2, 6])
def test_labels_that_did_not_change_are_as_rarely_significant_as_they_should_be(kinds: int) -> None:
    rng, rule = np.random.default_rng(1), RULE.model_copy(update={"min_n": 10, "reference_min_n": 10})
    p = []
    for _ in range(400):
        now, past = (rng.choice([*"abcdef"[:kinds]], n).tolist() for n in (150, 200))
        [found] = drift.judge(rule, [labelled(now, past)])
        p.append(found.evidence.p_value or 0.0)
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09  # Evidently's chi-square alone: 0.25 of six


def test_values_of_days_that_differ_prove_less() -> None:
    rng = np.random.default_rng(2)
    days = [date(2026, 11, 1) + timedelta(days=number // 50) for number in range(1000)]
    moods = rng.normal(0, 0.5, 20)
    differing = [float(rng.normal(moods[number // 50])) for number in range(1000)]
    alike = sorted(differing, key=lambda _: float(rng.random()))
    now = rng.normal(0.5, 1, 100).tolist()
    p = {}
    for name, past in {"differing": differing, "alike": alike}.items():
        [found] = drift.judge(RULE, [Sample("latency_ms", ("p",), now, past, days, "number")])
        p[name] = found.evidence.p_value or 0.0
    assert p["differing"] > 10 * p["alike"]


def test_numbers_are_told_by_where_they_differ_most() -> None:
    rng = np.random.default_rng(3)
    sample = Sample(
        "latency_ms", ("p",), rng.normal(2000, 10, 100).tolist(), rng.normal(1000, 10, 400).tolist(), (), "number"
    )
    [found] = drift.judge(RULE, [sample])
    assert found.outcome is BREACHED
    assert found.sentence.startswith("latency ms drifted: 100% are above 1,0")
    assert found.evidence.details["moved"] == 1.0
    assert (found.evidence.value, found.evidence.reference) == (pytest.approx(2000, abs=9), pytest.approx(1000, abs=9))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_evidently_draws_labels_of_which_the_past_lacks_some_and_no_more_than_so_many() -> None:
    many = [labelled(["en", "xx"] * 30, ["en"] * 60, project=f"p{number}") for number in range(drift.DRAWN + 1)]
    html = drift.drift_html(many)
    assert f"p{drift.DRAWN - 1} / prod / language" in html
    assert f"p{drift.DRAWN} / prod / language" not in html
