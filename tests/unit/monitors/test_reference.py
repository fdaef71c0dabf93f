"""What counts as normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from include.domain.segment import Tally, merged
from include.monitors import reference
from tests.unit.monitors.memory import tally

GOOD_OR_BAD = np.array([1.0, 0.0])


def day(mean: float, n: int = 100) -> Tally:
    return tally([mean - 0.05, mean + 0.05] * (n // 2))


def test_an_incident_of_the_past_does_not_become_the_norm() -> None:
    days = [day(0.9)] * 11 + [day(0.4)] * 3
    assert reference.usual(days).mean == pytest.approx(0.9)


def test_a_quiet_day_with_one_odd_answer_does_not_use_up_what_may_be_left_out() -> None:
    days = [day(0.9)] * 4 + [day(0.4, 200)] + [tally([0.05])] * 1
    kept = reference.usual(days)
    assert kept.mean == pytest.approx(0.9, abs=0.01)


def test_few_days_are_all_kept_and_empty_ones_are_none() -> None:
    assert reference.usual([day(0.9), Tally(), day(0.7)]).n == 200
    assert reference.usual([]).n == 0


def of_shares(seen: Tally, counts: np.ndarray, days: Sequence[Tally] = ()) -> reference.Standard:
    return reference.of_shares(seen, counts, GOOD_OR_BAD, days, lambda one: 1 - one.total / one.weight)


def test_a_rate_that_was_never_seen_is_not_taken_for_impossible() -> None:
    found = of_shares(tally([0.0] * 200, binned=False), np.array([200.0, 0.0]))
    assert found.mean == 1.0
    assert 0.95 < found.floor < 0.995
    assert found.variance > 0


def test_the_floor_nears_the_mean_as_the_past_grows() -> None:
    floors = [of_shares(Tally(n), np.array([0.9 * n, 0.1 * n])).floor for n in (100, 1_000, 10_000)]
    assert floors == sorted(floors)
    assert floors[0] < 0.86
    assert floors[-1] == pytest.approx(0.9, abs=0.006)


@pytest.mark.parametrize(("is_share", "variance"), [(True, 0.25), (False, 0.0625)])
def test_a_target_is_its_own_floor(is_share: bool, variance: float) -> None:
    found = reference.of_target(0.5, is_share=is_share)
    assert (found.floor, found.mean, found.variance, found.tally) == (0.5, 0.5, variance, None)


LEVELS = (np.arange(20) + 0.5) / 20


def noisy_days(dispersion: float, seed: int = 0, count: int = 28, n: int = 100) -> list[Tally]:
    """Days whose means differ so many times more than chance makes them."""
    rng = np.random.default_rng(seed)
    of_a_day = 0.1 * np.sqrt((dispersion - 1) / n)
    return [tally((rng.normal(0.7 + rng.normal(0, of_a_day), 0.1, n)).clip(0, 1).tolist()) for _ in range(count)]


def mean_of(one: Tally) -> float:
    return one.total / one.weight


def dispersion(days: list[Tally]) -> float:
    found = reference.dispersion(days, mean_of, 0.7, 0.01)
    assert found is not None
    return found


@pytest.mark.parametrize("true", [1.0, 2.0, 4.0])
def test_the_dispersion_of_days_is_found(true: float) -> None:
    found = [dispersion(noisy_days(true, seed)) for seed in range(60)]
    assert np.mean(found) == pytest.approx(true, rel=0.15)


def test_an_incident_of_the_past_is_no_dispersion() -> None:
    assert dispersion([*noisy_days(1.0)[:24], *[day(0.4)] * 4]) < 2


def test_too_few_days_have_no_dispersion_of_their_own() -> None:
    assert reference.dispersion(noisy_days(3.0)[:4], mean_of, 0.7, 0.01) is None


@pytest.mark.parametrize("count", [7, 14, 28, 42])
def test_days_that_are_alike_have_a_dispersion_of_one_however_many_they_are(count: int) -> None:
    rng = np.random.default_rng(6)
    found = []
    for _ in range(600):
        days = [tally(rng.normal(0.7, 0.1, 30).clip(0, 1).tolist()) for _ in range(count)]
        seen = reference.usual(days)
        found.append(reference.dispersion(days, mean_of, mean_of(seen), 0.01))
    assert np.mean(found) == pytest.approx(1.0, abs=0.1)


def test_the_dispersion_of_a_share_is_that_of_its_own_days() -> None:
    rng = np.random.default_rng(7)
    in_fours = [np.repeat(rng.random(100) < 0.2, 4).astype(float).tolist() for _ in range(2_000)]
    weeks = [[tally(one, binned=False) for one in in_fours[at : at + 28]] for at in range(0, 1_960, 28)]
    found = [of_shares(merged(days), np.array([0.8, 0.2]) * 28 * 400, days).dispersion for days in weeks]
    assert np.mean(np.array(found, float)) == pytest.approx(4.0, rel=0.15)


def test_dispersions_are_those_of_most_segments_unless_one_is_surely_larger() -> None:
    held = [reference.Standard(0.7, 0.7, 0.01, dispersion=one) for one in (1.2, 1.4, 0.6, 2.0, 30.0, None)]
    assert [one.dispersion for one in reference.together(held)] == pytest.approx([1.3, 1.3, 1.3, 1.3, 15.0, 1.3])
    assert [one.dispersion for one in reference.together([reference.of_target(0.5, is_share=True)])] == [1.0]


def test_scores_are_held_to_what_was_seen_and_to_how_much_of_it() -> None:
    days = noisy_days(1.0)
    seen = reference.usual(days)
    counts = np.array(seen.bins)
    found = reference.of_scores(seen, counts, LEVELS, days)
    assert found.n == pytest.approx(0.88 * 28 * 100)  # what the days left out tell of the middle counts too
    assert found.usual is not None
    assert found.usual.sum() == pytest.approx(1)
    assert found.floor == pytest.approx(found.mean, abs=0.001)


def test_days_that_only_together_stand_for_what_was_logged_are_a_reference() -> None:
    days = [replace(day(0.8, 20), heaviest=30.0) for _ in range(7)]
    seen = reference.usual(days)
    assert seen.is_representative
    found = reference.of_scores(seen, np.array(seen.bins), LEVELS, days)
    assert found.n >= seen.n
    assert found.dispersion is None
