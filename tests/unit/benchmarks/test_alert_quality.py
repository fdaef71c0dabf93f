"""The benchmark of alerts measures what production does, counts what on-call would see, and names its floor."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import alert_methods as methods
from benchmarks import alert_quality as bench
from benchmarks import alert_worlds as worlds
from include.domain.interaction import Window
from include.domain.rule import RuleOutcome
from include.domain.run import CoverageLedger, Epochs
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import Rules
from tests.unit.monitors.memory import HOUR, Memory

LEDGER = CoverageLedger(1, 0, 0, 1, 0)


def stored(scores: worlds.Scores) -> Memory:
    """The scores as production would find them, a project for each segment."""
    memory = Memory()
    order = np.lexsort((scores.hour, scores.segment))
    value, segment, hour = ((x[order]) for x in (scores.value, scores.segment, scores.hour))
    edges = np.flatnonzero(np.diff(segment * 100_000 + hour)) + 1
    for part in np.split(np.arange(len(value)), edges):
        memory.add(
            "composite",
            worlds.FIRST + int(hour[part[0]]) * HOUR,
            ((value[part] - 1) / 4).tolist(),
            epoch="S",
            project=f"p{segment[part[0]]:02}",
        )
    return memory


@pytest.mark.parametrize("name", [rule.name for rule in methods.RULES])
def test_every_hour_is_told_as_production_tells_it(name: str) -> None:
    [rule] = [rule for rule in methods.RULES if rule.name == name]
    segments = 4
    dropping = np.array([True, False, False, False])
    scores = worlds.simulate(worlds.World(60, 0.8, alike=0.2), np.random.default_rng(4), segments, dropping)
    told = methods.breached(rule, methods.seen(scores, 1))[:, 0]
    memory = stored(scores)
    begin = worlds.FIRST + worlds.BEFORE * methods.DAY
    for hour in (0, 23, 24, 150, 239, 240, 244, 250, 255, 263, 264, 270, 300, 479):
        window = Window(begin + hour * HOUR, begin + (hour + 1) * HOUR)
        run = Settled(window, LEDGER, Epochs({"": {"composite": "S"}}))
        found = {one.labels["project"]: one.outcome for one in evaluate(Rules(rules=(rule,)), run, memory)}
        said = [found.get(f"p{number:02}") is RuleOutcome.BREACHED for number in range(segments)]
        assert said == told[hour].tolist(), hour
    assert told[-24:, 0].any() or name != "composite-drop"
    assert not told[:240].any()


def test_a_world_has_the_reference_the_traffic_and_the_drop_that_it_says() -> None:
    segments = 60
    world = worlds.World(50, 0.25, failures=0.1)
    scores = worlds.simulate(world, np.random.default_rng(0), segments, np.arange(segments) < 30)
    day = scores.hour // 24
    assert (day < 28).sum() / segments == pytest.approx(900, rel=0.02)
    assert (day >= 28).sum() / segments / (worlds.BEFORE + worlds.DAYS - 28) == pytest.approx(45, rel=0.02)
    usual = scores.value[day < worlds.BEFORE + worlds.ONSET]
    assert (usual.mean(), usual.std()) == (pytest.approx(4.174, abs=0.02), pytest.approx(worlds.SD, abs=0.02))
    late, first = day >= worlds.BEFORE + worlds.ONSET, scores.segment < 30
    assert scores.value[late & first].mean() == pytest.approx(4.174 - 0.25, abs=0.02)
    assert scores.value[late & ~first].mean() == pytest.approx(4.174, abs=0.02)


def test_worse_answers_lower_the_mean_as_much() -> None:
    world = worlds.World(50, 0.25, how="worse")
    scores = worlds.simulate(world, np.random.default_rng(0), 60, np.ones(60, bool))
    late = scores.hour // 24 >= worlds.BEFORE + worlds.ONSET
    assert scores.value[late].mean() == pytest.approx(4.174 - 0.25, abs=0.02)


def test_neighbours_are_as_alike_as_the_world_says() -> None:
    world = worlds.World(200, 0.25, alike=0.3)
    scores = worlds.simulate(world, np.random.default_rng(0), 1, np.zeros(1, bool))
    assert np.corrcoef(scores.value[:-1], scores.value[1:])[0, 1] == pytest.approx(0.3, abs=0.03)


def test_the_floor_is_that_of_the_issue() -> None:
    floors = [worlds.World(n, drop).floor_days for n, drop in bench.GOAL]
    assert floors == pytest.approx([5.09, 2.04, 1.41], abs=0.01)
    assert floors[0] == math.log(1200) / (20 * 0.25**2 / (2 * 0.67**2))


def test_an_alarm_that_lasts_is_one_page_and_silence_ends_none() -> None:
    alarms = np.array([False, True, True, False, True, False, True], bool)[:, None]
    looked = np.array([True, True, True, False, True, True, True], bool)[:, None]
    assert bench.pages(alarms, looked)[:, 0].tolist() == [False, True, False, False, False, False, True]


def test_pages_before_the_drop_and_in_other_segments_are_false() -> None:
    begun = np.zeros((worlds.DAYS, 2, worlds.SEGMENTS), bool)
    begun[3, 0, 0] = begun[12, 0, 0] = begun[20, 0, 0] = begun[20, 1, 5] = True
    assert bench.Count.of(begun, 1) == bench.Count(repetitions=2, false=2, delays=(3.0,))
    assert bench.Count.of(begun, 1, drops=False) == bench.Count(repetitions=2, false=4)
    assert bench.Count.of(begun, 1) + bench.Count(1, 1, (0.5,)) == bench.Count(3, 3, (3.0, 0.5))


def test_mann_whitney_is_scipys() -> None:
    from scipy.stats import mannwhitneyu

    rng = np.random.default_rng(1)
    past, day = np.sort(rng.normal(size=1000)), rng.normal(-0.3, size=60)
    expected = mannwhitneyu(day, past, alternative="less", method="asymptotic").pvalue
    assert methods.mann_whitney(past, day) == pytest.approx(expected, rel=0.05)


def test_the_floor_of_a_drop_that_comes_over_days_is_when_as_much_information_has_come() -> None:
    at_once, slowly = worlds.World(20, 0.25), worlds.World(20, 0.25, ramp=10)
    assert at_once.floor_days is not None
    assert slowly.floor_days is not None
    days = np.arange(0, slowly.floor_days, 1e-3)
    assert (np.minimum(1, days / 10) ** 2).sum() * 1e-3 == pytest.approx(at_once.floor_days, rel=0.01)
    assert worlds.World(200, 0.25, ramp=1).floor_days == pytest.approx(worlds.World(200, 0.25).floor_days + 2 / 3)  # type: ignore[operator]
    assert worlds.World(20, -0.1).floor_days is None


def test_a_drop_that_comes_over_days_comes_evenly() -> None:
    world = worlds.World(200, 0.4, ramp=10)
    scores = worlds.simulate(world, np.random.default_rng(0), 30, np.ones(30, bool))
    day = scores.hour // 24 - worlds.BEFORE - worlds.ONSET
    for at, fell in ((4, 0.18), (15, 0.4)):
        assert scores.value[day == at].mean() == pytest.approx(4.174 - fell, abs=0.03)


@pytest.mark.parametrize(("missing", "mean"), [("at random", 4.174), ("low scores", 4.231)])
def test_judges_fail_as_often_as_the_world_says_and_at_whom_it_says(missing: str, mean: float) -> None:
    world = worlds.World(100, 0.25, failures=0.1, missing=missing)  # type: ignore[arg-type]
    scores = worlds.simulate(world, np.random.default_rng(0), 40, np.zeros(40, bool))
    late = scores.hour >= 28 * 24
    assert late.sum() / 40 / (worlds.BEFORE + worlds.DAYS - 28) == pytest.approx(90, rel=0.02)
    assert scores.value.mean() == pytest.approx(mean, abs=0.01)


def test_evidence_from_before_a_deploy_counts_for_nothing_where_charts_restart() -> None:
    [rule] = [rule for rule in methods.RULES if rule.name == "composite-drop"]
    dropping = np.array([True, False])
    scores = worlds.simulate(worlds.World(20, 0.35), np.random.default_rng(2), 2, dropping)
    seen = methods.seen(scores, 1)
    whole, restarted = (methods.breached(rule, seen, deploys)[:, 0, 0] for deploys in (0, 1))
    assert whole[-1]
    assert restarted.sum() < whole.sum() / 2


def test_the_json_holds_every_cell_and_says_what_was_skipped(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    world = worlds.World(20, 0.25, "autocorrelation .3", alike=0.3)
    given = ["--json", "--seed", "3", "--repetitions", "1", "--workers", "1", "--data", str(tmp_path)]
    assert bench.main(given, [world]) == 0
    told = json.loads(capsys.readouterr().out)
    cell = told["cells"][0]
    assert (cell["rule"], cell["n"], cell["drop"], cell["repetitions"]) == ("assay", 20, 0.25, 1)
    assert cell.keys() >= {"false_per_30d", "found", "mean_delay_days", "median_delay_days", "floor_days"}
    assert {"Mann-Whitney + BH", "EWMA", "PSI > .2"} < {one["rule"] for one in told["cells"]}
    assert "only some worlds" in told["skipped"]


def test_the_cells_are_the_six_plain_ones_and_what_is_not_ideal_stands_apart(tmp_path: Path) -> None:
    given = argparse.Namespace(goal_only=False, data=tmp_path)
    plan, skipped = bench.planned(given, [])
    assert [(one.n, one.drop, one.name) for one in plan["cells"] if isinstance(one, worlds.World)] == [
        (n, drop, "plain") for n in (20, 50, 200) for drop in (0.25, 0.15)
    ]
    assert {one.name for one in plan["further"] if isinstance(one, worlds.World)} >= {
        "weekly rhythm",
        "autocorrelation .3",
        "1 % judge failures",
        "10 % judge failures",
    }
    assert skipped == f"{tmp_path} is not there"
    goal, _ = bench.planned(argparse.Namespace(goal_only=True, data=tmp_path), [])
    assert [(one.n, one.drop) for one in goal["cells"] if isinstance(one, worlds.World)] == list(bench.GOAL)


def test_a_part_draws_the_same_scores_whoever_measures_it() -> None:
    part, other = (bench.Part(worlds.World(20, 0.25), 1, number, 2) for number in (0, 1))
    assert np.array_equal(part.scores().value, part.scores().value)
    assert not np.array_equal(part.scores().value[:50], other.scores().value[:50])
    assert sum(one.repetitions for one in bench.parts(worlds.World(20, 0.25), 1, 50)) == 50


def test_a_swap_of_models_is_replayed_at_the_times_of_the_trace(tmp_path: Path) -> None:
    at = [f"2023-11-16 18:15:{second:02}.0000000" for second in (1, 2, 4, 8, 16)]
    (tmp_path / worlds.TRACE).write_text("\n".join(json.dumps({"timestamp": one}) for one in at))
    assert worlds.gaps(tmp_path / worlds.TRACE) == pytest.approx(np.array([1, 2, 4, 8]) / 3.75)
    swap = worlds.Swap(worlds.World(10, 4.0), np.array([0.5, 1.5]), np.array([5.0]), np.array([1.0]))
    scores = swap.replay(np.random.default_rng(0), 40)
    first = scores.segment % worlds.SEGMENTS == 0
    assert scores.hour[first & (scores.value == 1.0)].min() // 24 == worlds.BEFORE + worlds.ONSET
    assert set(scores.value[first & (scores.hour < worlds.FELL)]) == set(scores.value[~first]) == {5.0}
    assert len(scores.value) == pytest.approx(40 * 10 * (worlds.BEFORE + worlds.DAYS), rel=0.01)
    assert np.all(np.diff(scores.hour[scores.segment == 3]) >= 0)


def test_labels_of_people_become_scores(tmp_path: Path) -> None:
    three = {"completeness_mean": 4, "faithfulness_mean": 4, "naturalness_mean": 1}
    rows = [("a", {"correct": 1}), ("a", {"correct": 0}), ("c", three)]
    file = tmp_path / "x.jsonl"
    file.write_text("\n".join(json.dumps({"labels": labels, "meta": {"model": model}}) for model, labels in rows))
    found = {model: values.tolist() for model, values in worlds.labelled(file).items()}
    assert found == {"a": [5.0, 1.0], "c": [pytest.approx(4.2)]}


def test_every_swap_to_a_worse_model_has_its_reverse_beside_it() -> None:
    assert {(file, after, before) for file, before, after in worlds.PAIRS} <= set(worlds.SWAPS)
    assert worlds.SAME in worlds.SWAPS


def test_answers_that_repeat_raise_hardly_a_false_page() -> None:
    [rule] = [rule for rule in methods.RULES if rule.name == "bad-answers"]
    world = worlds.World(200, 0.0, alike=0.3)
    scores = worlds.simulate(world, np.random.default_rng(5), 40, np.zeros(40, bool))
    seen = methods.seen(scores, 2)
    looked = seen.levels[worlds.BEFORE * 24 :].sum(axis=-1) > 0
    assert bench.pages(methods.breached(rule, seen), looked).sum() <= 1  # without the share's own dispersion: a dozen
