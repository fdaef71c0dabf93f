"""Interactions drawn by strata, with rates, floors and rules: intervals that cover, and rules that are not misled.

Everything here starts from a logged population whose mean is known, and from tallies with the sums that
`segments.sql` makes of what was drawn (tests/integration/adapters/postgres/test_segments.py compares the two).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from include.domain.interaction import Window
from include.domain.rule import RuleOutcome
from include.domain.segment import SCORE_BINS, SegmentRow, Tally, merged
from include.monitors import intervals, level
from include.monitors.bets import bets_on_values
from include.monitors.result import Finding
from include.monitors.rules import LevelRule
from include.reports.estimate import estimate
from tests.unit.monitors.memory import DAY, HOUR, MONDAY

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """Strata with their share of the traffic, mean score and rate; the last is what rules always have judged.

    Scores are as skewed as judges' are: most lie near 1.
    """

    shares: tuple[float, ...] = (0.80, 0.13, 0.05, 0.02)
    means: tuple[float, ...] = (0.92, 0.75, 0.60, 0.25)
    rates: tuple[float, ...] = (0.05, 0.20, 0.02, 1.0)

    @property
    def mean(self) -> float:
        return float(np.dot(self.shares, self.means))

    def log(self, rng: np.random.Generator, n: int, worse_by: float = 0.0) -> tuple[NDArray[np.int64], Floats]:
        """n interactions: stratum and score of each."""
        stratum = rng.choice(len(self.shares), n, p=self.shares)
        means = np.maximum(0.02, np.array(self.means) - worse_by)[stratum]
        return stratum, rng.beta(3 * means, 3 * (1 - means))

    def rates_of(self, stratum: NDArray[np.int64], floor: int) -> Floats:
        """max(rate, min(1, floor / N)) of each interaction."""
        sizes = np.bincount(stratum, minlength=len(self.rates))
        rates: Floats = np.maximum(self.rates, np.minimum(1, floor / np.maximum(sizes, 1)))[stratum]
        return rates


def tally(x: Floats, w: Floats, heaviest: float) -> Tally:
    """What segments.sql makes of scores x with weights w."""
    bins = np.bincount(np.minimum(SCORE_BINS - 1, (x * SCORE_BINS + 1e-9).astype(int)), w, SCORE_BINS)
    sums = (len(x), w.sum(), w @ w, w @ x, w @ (x * x), x.min(initial=1), x.max(initial=0))
    return Tally(*sums, (w * w) @ x, (w * w) @ (x * x), heaviest, tuple(bins))


def drawn(rng: np.random.Generator, population: Population, n: int, floor: int = 0, worse_by: float = 0.0) -> Tally:
    """A window of n logged interactions, of which those whose lot lies below their rate are judged."""
    stratum, x = population.log(rng, n, worse_by)
    rates = population.rates_of(stratum, floor)
    chosen = rng.random(n) < rates
    return tally(x[chosen], 1 / rates[chosen], float((1 / rates).max(initial=1)))


REPETITIONS = 2_000


@pytest.mark.parametrize(
    ("population", "windows", "n", "floor"),
    [
        pytest.param(Population(rates=(1.0,) * 4), 1, 200, 0, id="everything"),
        pytest.param(Population(rates=(0.1,) * 4), 1, 1_500, 0, id="one rate"),
        pytest.param(Population(), 1, 1_500, 10, id="rates and a floor"),
        pytest.param(Population(), 6, 250, 3, id="hours that have a floor each"),
        pytest.param(Population(rates=(0.02, 0.3, 0.02, 1.0)), 1, 6_000, 20, id="rates from 0.02 to 1"),
        pytest.param(Population(rates=(0.05, 0.05, 0.05, 1.0)), 1, 2_000, 0, id="no floor, rules alone"),
    ],
)
def test_the_intervals_of_rules_and_reports_cover_the_mean_of_what_was_logged(
    population: Population, windows: int, n: int, floor: int
) -> None:
    rng = np.random.default_rng(11)
    found = [merged(drawn(rng, population, n, floor) for _ in range(windows)) for _ in range(REPETITIONS)]
    error = math.sqrt(0.95 * 0.05 / REPETITIONS)
    for bounds in (_of_rule, _of_report):
        covered = np.mean([low <= population.mean <= high for low, high in map(bounds, found)])
        assert covered == pytest.approx(0.95, abs=3 * error)


def test_an_interval_that_knows_no_weights_misses_it() -> None:
    rng, population = np.random.default_rng(11), Population()
    missed = 0
    for _ in range(200):
        stratum, x = population.log(rng, 1_500)
        chosen = x[rng.random(1_500) < population.rates_of(stratum, floor=10)]
        low, high = _of_rule(tally(chosen, np.ones(len(chosen)), 1.0))
        missed += not low <= population.mean <= high
    assert missed > 150


def _of_rule(one: Tally) -> intervals.Interval:
    found = intervals.of_mean(one, 0.95)
    assert found is not None
    return found


def _of_report(one: Tally) -> intervals.Interval:
    found = estimate(one)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


LEVELS = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.01, 1), st.integers(0, 19)), min_size=1, max_size=5))
def test_a_bet_on_what_was_drawn_is_fair_to_what_was_logged(strata: list[tuple[float, float, int]]) -> None:
    """Strata with shares, rates and one score each: on average over lots and scores no capital is won."""
    shares = np.array([share for share, _, _ in strata]) / sum(share for share, _, _ in strata)
    rates, scores = np.array([rate for _, rate, _ in strata]), np.array([score for *_, score in strata])
    standard = np.array([shares @ LEVELS[scores]])
    seen = np.zeros((len(strata), 1, SCORE_BINS))
    seen[np.arange(len(strata)), 0, scores] = rates.min() / rates
    worse, _ = bets_on_values(seen, LEVELS, standard, np.array([0.05]), 0.1)
    assert np.all(shares @ (rates[:, None] * np.exp(worse[:, 0, :]) + (1 - rates[:, None])) <= 1 + 1e-9)


RULE = LevelRule(
    name="x",
    description="d",
    test="level",
    measure="composite",
    trailing="14d",
    min_effect=0.1,
    category="quality",
    owner="o",
    runbook="r",
)
FLAGGED = Population(shares=(0.95, 0.05), means=(0.92, 0.10), rates=(0.02, 1.0))
"""Most hours hold nothing but a poor answer that a user flagged."""


def judged(rows: Sequence[SegmentRow], past: Sequence[SegmentRow], days: int) -> Finding:
    [found] = level.judge(RULE, Window(MONDAY, MONDAY + days * DAY), rows, past)
    return found


def row(number: int, step: float, one: Tally) -> SegmentRow:
    return SegmentRow(MONDAY + number * step * HOUR, ("p", "prod"), "E", one)


def history(rng: np.random.Generator, population: Population, n: int) -> list[SegmentRow]:
    """Fourteen days of n interactions an hour."""
    return [row(-day, 24, merged(drawn(rng, population, n) for _ in range(24))) for day in range(14, 0, -1)]


def test_flagged_answers_in_hours_of_which_little_else_is_judged_are_no_fall() -> None:
    rng = np.random.default_rng(3)
    alarms, alarms_by_head = 0, 0
    for _ in range(6):
        past = history(rng, FLAGGED, 40)
        rows = [row(hour, 1, drawn(rng, FLAGGED, rng.poisson(10))) for hour in range(40 * 24)]
        alarms += judged(rows, past, 40).outcome is RuleOutcome.BREACHED
        by_head = [replace(one, tally=replace(one.tally, heaviest=_mean_weight(one.tally))) for one in rows]
        alarms_by_head += judged(by_head, past, 40).outcome is RuleOutcome.BREACHED
    assert alarms == 0
    assert alarms_by_head > 0  # each hour's evidence scaled to its effective n, as if every hour told the mixture


def _mean_weight(one: Tally) -> float:
    return one.weight / one.effective_n if one.n else 1.0


@pytest.mark.parametrize("population", [Population(), FLAGGED])
def test_a_fall_is_found_within_hours_and_told_with_the_weighted_mean(population: Population) -> None:
    rng = np.random.default_rng(5)
    past = history(rng, population, 400)
    rows = [row(hour, 1, drawn(rng, population, 400, worse_by=0.2 if hour >= 48 else 0.0)) for hour in range(60)]
    for hours, outcome in ((48, RuleOutcome.OK), (60, RuleOutcome.BREACHED)):
        found = judged(rows[:hours], past, 3)
        assert found.outcome is outcome
    assert found.evidence.low < found.evidence.value < found.evidence.high  # type: ignore[operator]
    assert found.evidence.value == pytest.approx(population.mean - 0.2, abs=0.06)
    assert found.evidence.reference == pytest.approx(population.mean, abs=0.03)


def test_hours_of_which_only_rules_chose_are_no_data_and_no_figure() -> None:
    rng = np.random.default_rng(5)
    past = history(rng, FLAGGED, 200)[-5:]
    only_flagged = tally(np.full(20, 0.1), np.ones(20), heaviest=50.0)
    found = judged([row(0, 1, only_flagged)], past, 1)
    assert found.outcome is RuleOutcome.NO_DATA
    assert "20 values in 96 h, all of them chosen by rules: nothing was drawn of the rest" in found.sentence
    assert found.evidence.value is None
    assert estimate(only_flagged) is None


def test_a_past_of_which_only_rules_chose_is_no_reference() -> None:
    past = [row(-day, 24, tally(np.full(20, 0.1), np.ones(20), heaviest=5_000.0)) for day in range(1, 11)]
    found = judged([row(0, 1, tally(np.full(20, 0.9), np.full(20, 50.0), 50.0))], past, 1)
    assert found.outcome is RuleOutcome.NO_DATA
    assert "always have judged" in found.sentence
