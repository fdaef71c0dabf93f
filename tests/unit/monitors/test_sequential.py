"""The chart: fair bets, breaches that matter, recovery, no harm from looking every hour."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.monitors.bets import bets_on_values, rank_gains, recovery
from include.monitors.sequential import Chart, Stream, benjamini_hochberg, bets_on_counts, follow

LEVELS = (np.arange(20) + 0.5) / 20
ALPHA = 1 / (24 * 365)
shares = st.lists(st.floats(0, 1), min_size=20, max_size=20).filter(lambda found: sum(found) > 0.1)


def chart_of(hours: list[list[float]], *, standard: float = 0.9, min_n: float = 8, min_effect: float = 0.1) -> Chart:
    """One segment; each hour holds scores."""
    bins = [[np.histogram(scores, bins=20, range=(0, 1))[0]] for scores in hours]
    counts = np.array(bins, float)
    worse, better = bets_on_values(counts, LEVELS, np.array([standard]), np.array([0.03]), min_effect)
    n = counts.sum(axis=2)
    return follow(
        Stream(worse, better, n, n, n * standard - counts @ LEVELS), alpha=ALPHA, min_n=min_n, min_effect=min_effect
    )


@given(shares, st.floats(0.01, 0.25), st.floats(0.01, 0.4))
def test_no_bet_gains_on_average_while_nothing_is_worse(weights: list[float], variance: float, effect: float) -> None:
    p = np.array(weights) / sum(weights)
    standard = np.array([p @ LEVELS])  # as bad as can be while nothing is worse
    one_of_each = np.eye(20)[:, None, :]
    worse, _ = bets_on_values(one_of_each, LEVELS, standard, np.array([variance]), effect)
    assert np.all(p @ np.exp(worse[:, 0, :]) <= 1 + 1e-9)


@given(st.floats(0.001, 0.999), st.floats(0.01, 0.25), st.floats(0.01, 0.4))
def test_bets_on_shares_are_fair_too(good: float, variance: float, effect: float) -> None:
    worse, _ = bets_on_values(
        np.eye(2)[:, None, :], np.array([1.0, 0.0]), np.array([good]), np.array([variance]), effect
    )
    assert np.all(np.array([good, 1 - good]) @ np.exp(worse[:, 0, :]) <= 1 + 1e-9)


def test_a_bet_on_a_share_is_its_likelihood_ratio() -> None:
    worse, _ = bets_on_values(
        np.eye(2)[:, None, :], np.array([1.0, 0.0]), np.array([0.95]), np.array([0.95 * 0.05]), 0.1
    )
    assert np.exp(worse[:, 0, 0]) == pytest.approx([0.85 / 0.95, 0.15 / 0.05])


@given(shares, st.floats(0.01, 0.25), st.floats(0.01, 0.4))
def test_no_bet_on_recovery_gains_on_average_while_it_is_as_bad_as_that(
    weights: list[float], variance: float, effect: float
) -> None:
    p = np.array(weights) / sum(weights)
    standard = np.array([min(1.0, p @ LEVELS + effect)])
    _, better = bets_on_values(np.eye(20)[:, None, :], LEVELS, standard, np.array([variance]), effect)
    assert p @ np.exp(better[:, 0]) <= 1 + 1e-9 or standard[0] == 1.0


@given(st.floats(0.5, 60), st.floats(0.1, 0.95))
def test_counts_are_fair_bets_too(mean: float, effect: float) -> None:
    seen = np.arange(int(mean + 20 * math.sqrt(mean) + 20))
    likelihood = np.exp([n * math.log(mean) - mean - math.lgamma(n + 1) for n in seen])
    worse, _ = bets_on_counts(seen[:, None].astype(float), np.full((len(seen), 1), mean), np.ones(1), effect)
    assert np.all(likelihood @ np.exp(worse[:, 0, :]) <= 1 + 1e-6)


@settings(deadline=None)  # the first call imports scipy
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_keep_their_order_and_are_never_smaller(p: list[float]) -> None:
    raw = np.array(p)
    adjusted = benjamini_hochberg(raw)
    assert np.all(adjusted >= raw - 1e-12)
    assert np.all(adjusted <= 1)
    assert np.all(np.diff(adjusted[np.argsort(raw, kind="stable")]) >= -1e-12)


def test_adjusted_p_values_are_those_of_scipy_to_the_last_bit() -> None:
    from scipy.stats import false_discovery_control

    rng = np.random.default_rng(1)
    for p in (rng.random((30, 200)) ** 4, rng.choice([0.0, 0.01, 1.0], (5, 40)), np.array([0.3])):
        assert np.array_equal(benjamini_hochberg(p), false_discovery_control(p, axis=-1))
    with pytest.raises(ValueError, match="lie in"):
        benjamini_hochberg(np.array([np.nan, 0.5]))


def test_no_segments_have_no_adjusted_p_values() -> None:
    assert benjamini_hochberg(np.array([])).size == 0


GOOD, BAD = [0.95] * 8, [0.45] * 4 + [0.2, 0.3, 0.9, 0.4]


def test_a_halved_score_is_found_at_once_and_dated_to_its_first_hour() -> None:
    chart = chart_of([GOOD] * 20 + [BAD] * 2)
    assert not chart.breached[:20].any()
    assert chart.breached[21, 0]
    assert chart.since[21, 0] == 20


def test_a_breach_lasts_until_there_is_evidence_of_health_and_silence_is_none() -> None:
    chart = chart_of([GOOD] * 5 + [BAD] * 4 + [[]] * 6 + [GOOD] * 12)
    assert chart.breached[8:15, 0].all()
    assert not chart.breached[-1, 0]
    ended = 15 + int(np.argmin(chart.breached[15:, 0]))
    assert ended <= 15 + 4
    assert not chart.breached[ended:, 0].any()


def test_a_half_mended_answer_is_not_well() -> None:
    half = [0.75] * 8
    assert chart_of([GOOD] * 5 + [BAD] * 4 + [half] * 40).breached[8:, 0].all()


@pytest.mark.parametrize(
    ("bad_hours", "min_n", "min_effect", "breached"),
    [
        (2, 8, 0.1, True),
        (2, 17, 0.1, False),  # strong, but of too few values
        (3, 17, 0.1, True),
        (3, 8, 0.6, False),  # certain, but smaller than what matters
    ],
)
def test_a_breach_needs_certainty_enough_values_and_an_effect_that_matters(
    bad_hours: int, min_n: int, min_effect: float, breached: bool
) -> None:
    chart = chart_of([GOOD] * 5 + [BAD] * bad_hours, min_n=min_n, min_effect=min_effect)
    assert bool(chart.breached[-1, 0]) is breached


def test_small_losses_add_up_over_hours_that_alone_would_prove_nothing() -> None:
    slightly_worse = [0.8] * 6 + [0.6] * 2
    chart = chart_of([GOOD] * 10 + [slightly_worse] * 30, min_effect=0.05)
    first = int(np.argmax(chart.breached[:, 0]))
    assert chart.breached[-1, 0]
    assert first > 12


def test_a_year_of_skewed_scores_looked_at_every_hour_raises_hardly_an_alarm() -> None:
    rng = np.random.default_rng(3)
    mean = 0.94 * 0.93 + 0.06 * 0.25  # of the scores below, in the long run
    alarms = 0
    for _ in range(8):
        hours = [
            np.where(rng.random(n) < 0.06, rng.uniform(0, 0.5, n), rng.uniform(0.86, 1, n)).tolist()
            for n in rng.poisson(4, 24 * 365 // 8)
        ]
        chart = chart_of(hours, standard=mean)
        alarms += int((np.diff(chart.breached[:, 0].astype(int)) == 1).sum())
    assert alarms <= 1


@given(shares)
def test_bets_on_ranks_are_fair_under_the_distribution_of_the_past(weights: list[float]) -> None:
    usual = np.array(weights) / sum(weights)
    assert usual @ np.exp(rank_gains(usual)).T == pytest.approx(1.0)


@given(shares)
def test_bets_on_ranks_lose_on_better_values(weights: list[float]) -> None:
    usual = np.array(weights) / sum(weights)
    better = np.concatenate([[0.0], usual[:-1]])
    better[-1] += usual[-1]
    assert np.all(better @ np.exp(rank_gains(usual)).T <= 1 + 1e-9)


USUAL = np.array([0.0] * 12 + [0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.2, 0.1])


def of_a_past(hours: np.ndarray, reference_n: float, min_effect: float = 0.02) -> Chart:
    """The chart of `hours` (hours, segments, levels) against a past of so many values with the shares `USUAL`."""
    segments = hours.shape[1]
    usual = np.tile(USUAL, (segments, 1))
    mean = usual @ LEVELS
    variance = usual @ LEVELS**2 - mean**2
    worse, better = bets_on_values(hours, LEVELS, mean, variance, min_effect, usual)
    n = hours.sum(axis=2)
    stream = Stream(worse, better, n, n, n * mean - hours @ LEVELS, n, np.full(segments, reference_n))
    return follow(stream, alpha=1 / (24 * 30), min_n=8, min_effect=min_effect)


def drawn(rng: np.random.Generator, shares: np.ndarray, hours: int, segments: int, n: int = 4) -> np.ndarray:
    return rng.multinomial(n, shares, size=(hours, segments)).astype(float)


def test_many_answers_that_are_a_little_worse_are_found_sooner_by_rank_than_by_mean() -> None:
    with_failures = 0.9 * USUAL + np.array([0.0, *[0.02] * 5, *[0.0] * 14])
    usual = np.tile(with_failures, (20, 1))
    hours = drawn(np.random.default_rng(1), np.append(with_failures[1:], 0.0), 400, 20)
    mean = usual @ LEVELS
    variance, n = usual @ LEVELS**2 - mean**2, hours.sum(axis=2)
    found = []
    for past in (None, usual):
        worse, better = bets_on_values(hours, LEVELS, mean, variance, 0.02, past)
        stream = Stream(worse, better, n, n, n * mean - hours @ LEVELS)
        chart = follow(stream, alpha=1 / (24 * 30), min_n=8, min_effect=0.02)
        assert chart.breached.any(axis=0).all()
        found.append(chart.breached.argmax(axis=0).mean())
    by_mean, by_rank = found
    assert by_rank < 0.7 * by_mean


@pytest.mark.parametrize(("seen", "sooner"), [(3, False), (8, True)])
def test_a_deep_fall_is_over_once_half_of_it_is_surely_gone_and_a_shallow_one_once_all_is(
    seen: int, sooner: bool
) -> None:
    rng = np.random.default_rng(5)
    hours = np.concatenate([drawn(rng, np.roll(USUAL, -seen), 60, 1), drawn(rng, USUAL, 400, 1)])
    usual = USUAL[None]
    mean = usual @ LEVELS
    held = hours, LEVELS, mean, usual @ LEVELS**2 - mean**2
    worse, better = bets_on_values(*held, 0.03, usual)
    n = hours.sum(axis=2)
    slow = Stream(worse, better, n, n, n * mean - hours @ LEVELS)
    ends = [
        60 + int(follow(one, alpha=1 / (24 * 30), min_n=8, min_effect=0.03).breached[60:, 0].argmin())
        for one in (slow, replace(slow, mended=recovery(*held, 0.12)))
    ]
    assert 60 < ends[1] <= ends[0]
    assert (ends[1] < ends[0]) is sooner


def test_evidence_against_a_reference_of_few_values_counts_for_less() -> None:
    hours = drawn(np.random.default_rng(2), np.roll(USUAL, -1), 40, 1)
    p = [of_a_past(hours, reference_n).p[-1, 0] for reference_n in (50, 500, 5_000)]
    assert p == sorted(p, reverse=True)
    assert p[0] > 100 * p[-1]


def test_estimating_the_reference_and_looking_every_hour_raise_no_more_alarms_than_were_allowed() -> None:
    rng = np.random.default_rng(3)
    rises = 0
    for _ in range(20):  # twenty segments for sixty days, each against 500 values of its own past: 1,200 days in all
        past = rng.multinomial(500, USUAL, size=20) / 500
        hours = drawn(rng, USUAL, 24 * 60, 20, n=2)
        mean = past @ LEVELS
        worse, better = bets_on_values(hours, LEVELS, mean, past @ LEVELS**2 - mean**2, 0.02, past)
        n = hours.sum(axis=2)
        stream = Stream(worse, better, n, n, n * mean - hours @ LEVELS, n, np.full(20, 500.0))
        chart = follow(stream, alpha=1 / (24 * 30), min_n=8, min_effect=0.02)
        rises += int((np.diff(chart.breached.astype(int), axis=0) == 1).sum())
    assert rises <= 20 * 60 / 30


def test_runs_beside_each_other_know_nothing_of_each_other() -> None:
    rng = np.random.default_rng(4)
    hours = np.concatenate([drawn(rng, USUAL, 60, 6), drawn(rng, np.roll(USUAL, -2), 60, 6)])
    one_by_one = [of_a_past(hours[:, first : first + 2], 400) for first in (0, 2, 4)]
    usual = np.tile(USUAL, (3, 2, 1))
    mean = usual @ LEVELS
    split = hours.reshape(120, 3, 2, 20)
    worse, better = bets_on_values(split, LEVELS, mean, usual @ LEVELS**2 - mean**2, 0.02, usual)
    n = split.sum(axis=3)
    stream = Stream(worse, better, n, n, n * mean - split @ LEVELS, n, np.full((3, 2), 400.0))
    together = follow(stream, alpha=1 / (24 * 30), min_n=8, min_effect=0.02)
    for number, alone in enumerate(one_by_one):
        assert np.array_equal(together.breached[:, number], alone.breached)
        assert together.adjusted_p[:, number] == pytest.approx(alone.adjusted_p)
    assert together.breached.any()


def in_a_row(rng: np.random.Generator, repeats: float, size: tuple[int, int], shares: np.ndarray) -> np.ndarray:
    """Levels (values, segments), each with the chance `repeats` the one before it."""
    own = rng.random(size) >= repeats
    own[0] = True
    drawn_level = rng.choice(len(shares), size, p=shares)
    place = np.maximum.accumulate(np.where(own, np.arange(size[0])[:, None], 0), axis=0)
    return np.take_along_axis(drawn_level, place, axis=0)


@pytest.mark.parametrize("repeats", [0.3, 0.6])
@pytest.mark.parametrize(
    ("shares", "levels", "min_effect"), [(USUAL, LEVELS, 0.03), (np.array([0.9, 0.1]), np.array([1.0, 0.0]), 0.15)]
)  # of the share, bets are so large that to divide by the dispersion would not do
def test_values_that_come_in_a_row_win_nothing_once_their_dispersion_is_known(
    repeats: float, shares: np.ndarray, levels: np.ndarray, min_effect: float
) -> None:
    mean = np.array([shares @ levels])
    variance = np.array([shares @ levels**2]) - mean**2
    usual = shares[None] if len(levels) > 2 else None
    dispersion = np.array([(1 + repeats) / (1 - repeats)])
    one_of_each = np.eye(len(levels))[:, None, :]
    worse, _ = bets_on_values(one_of_each, levels, mean, variance, min_effect, usual, dispersion)
    seen = in_a_row(np.random.default_rng(8), repeats, (40, 200_000), shares)
    won = np.exp(worse[:, 0, :])[seen].prod(axis=0)
    assert np.all(won.mean(axis=0) <= 1.05)
    raw, _ = bets_on_values(one_of_each, levels, mean, variance, min_effect, usual)
    divided = np.exp(raw[:, 0, :] / dispersion)[seen].prod(axis=0).mean(axis=0)
    assert bool(divided.max() > 1.2) is (len(levels) == 2)


def test_independent_values_are_bet_on_as_if_nothing_were_known_of_dispersion() -> None:
    usual = USUAL[None]
    mean = usual @ LEVELS
    held = np.eye(20)[:, None, :], LEVELS, mean, usual @ LEVELS**2 - mean**2, 0.03, usual
    assert np.array_equal(bets_on_values(*held)[0], bets_on_values(*held, np.ones(1))[0])
