"""The benchmark of alerts measures what production does, counts what on-call would see, and names its floor."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks import alert_quality as bench
from include.domain.interaction import Window
from include.domain.rule import RuleOutcome
from include.domain.run import CoverageLedger, Epochs
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import Rules
from tests.unit.monitors.memory import HOUR, Memory

LEDGER = CoverageLedger(1, 0, 0, 1, 0)


def stored(scores: bench.Scores) -> Memory:
    """The scores as production would find them, a project for each segment."""
    memory = Memory()
    order = np.lexsort((scores.hour, scores.segment))
    value, segment, hour = ((x[order]) for x in (scores.value, scores.segment, scores.hour))
    edges = np.flatnonzero(np.diff(segment * 100_000 + hour)) + 1
    for part in np.split(np.arange(len(value)), edges):
        memory.add(
            "composite",
            bench.FIRST + int(hour[part[0]]) * HOUR,
            ((value[part] - 1) / 4).tolist(),
            epoch="S",
            project=f"p{segment[part[0]]:02}",
        )
    return memory


@pytest.mark.parametrize("name", [rule.name for rule in bench.RULES])
def test_every_hour_is_told_as_production_tells_it(name: str) -> None:
    [rule] = [rule for rule in bench.RULES if rule.name == name]
    segments = 4
    dropping = np.array([True, False, False, False])
    scores = bench.simulate(bench.World(60, 0.8, alike=0.2), np.random.default_rng(4), segments, dropping)
    told = bench.breached(rule, bench.seen(scores, 1))[:, 0]
    memory = stored(scores)
    begin = bench.FIRST + bench.BEFORE * bench.DAY
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
    world = bench.World(50, 0.25, failures=0.1)
    scores = bench.simulate(world, np.random.default_rng(0), segments, np.arange(segments) < 30)
    day = scores.hour // 24
    assert (day < 28).sum() / segments == pytest.approx(900, rel=0.02)
    assert (day >= 28).sum() / segments / (bench.BEFORE + bench.DAYS - 28) == pytest.approx(45, rel=0.02)
    usual = scores.value[day < bench.BEFORE + bench.ONSET]
    assert (usual.mean(), usual.std()) == (pytest.approx(4.174, abs=0.02), pytest.approx(bench.SD, abs=0.02))
    late, first = day >= bench.BEFORE + bench.ONSET, scores.segment < 30
    assert scores.value[late & first].mean() == pytest.approx(4.174 - 0.25, abs=0.02)
    assert scores.value[late & ~first].mean() == pytest.approx(4.174, abs=0.02)


def test_worse_answers_lower_the_mean_as_much() -> None:
    world = bench.World(50, 0.25, how="worse")
    scores = bench.simulate(world, np.random.default_rng(0), 60, np.ones(60, bool))
    late = scores.hour // 24 >= bench.BEFORE + bench.ONSET
    assert scores.value[late].mean() == pytest.approx(4.174 - 0.25, abs=0.02)


def test_neighbours_are_as_alike_as_the_world_says() -> None:
    world = bench.World(200, 0.25, alike=0.3)
    scores = bench.simulate(world, np.random.default_rng(0), 1, np.zeros(1, bool))
    assert np.corrcoef(scores.value[:-1], scores.value[1:])[0, 1] == pytest.approx(0.3, abs=0.03)


def test_the_floor_is_that_of_the_issue() -> None:
    floors = [bench.World(n, drop).floor_days for n, drop in bench.GOAL]
    assert floors == pytest.approx([5.09, 2.04, 1.41], abs=0.01)
    assert floors[0] == math.log(1200) / (20 * 0.25**2 / (2 * 0.67**2))


def test_an_alarm_that_lasts_is_one_page_and_silence_ends_none() -> None:
    alarms = np.array([False, True, True, False, True, False, True], bool)[:, None]
    looked = np.array([True, True, True, False, True, True, True], bool)[:, None]
    assert bench.pages(alarms, looked)[:, 0].tolist() == [False, True, False, False, False, False, True]


def test_pages_before_the_drop_and_in_other_segments_are_false() -> None:
    begun = np.zeros((bench.DAYS, 2, bench.SEGMENTS), bool)
    begun[3, 0, 0] = begun[12, 0, 0] = begun[20, 0, 0] = begun[20, 1, 5] = True
    count = bench.Count()
    count.add(begun, 1)
    assert (count.repetitions, count.false, count.delays) == (2, 2, (3.0,))


def test_mann_whitney_is_scipys() -> None:
    from scipy.stats import mannwhitneyu

    rng = np.random.default_rng(1)
    past, day = np.sort(rng.normal(size=1000)), rng.normal(-0.3, size=60)
    expected = mannwhitneyu(day, past, alternative="less", method="asymptotic").pvalue
    assert bench.mann_whitney(past, day) == pytest.approx(expected, rel=0.05)


def test_the_json_holds_every_cell_and_says_what_was_skipped(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    world = bench.World(20, 0.25, "autocorrelation .3", alike=0.3)
    assert bench.main(["--json", "--seed", "3", "--repetitions", "1", "--data", str(tmp_path)], [world]) == 0
    told = json.loads(capsys.readouterr().out)
    [cell] = told["cells"]
    assert (cell["rule"], cell["n"], cell["drop"], cell["repetitions"]) == ("assay", 20, 0.25, 1)
    assert cell.keys() >= {"false_per_30d", "found", "mean_delay_days", "median_delay_days", "floor_days"}
    assert "is not there" in told["skipped"]


def test_a_swap_of_models_is_replayed_at_the_times_of_the_trace(tmp_path: Path) -> None:
    at = [f"2023-11-16 18:15:{second:02}.0000000" for second in (1, 2, 4, 8, 16)]
    (tmp_path / "azure_trace.jsonl").write_text("\n".join(json.dumps({"timestamp": one}) for one in at))
    assert bench.gaps(tmp_path / "azure_trace.jsonl") == pytest.approx(np.array([1, 2, 4, 8]) / 3.75)
    gap, old, new = np.array([0.5, 1.5]), np.array([5.0]), np.array([1.0])
    scores = bench.replayed(np.random.default_rng(0), gap, 10, old, new)
    swapped = timedelta(hours=int(scores.hour[(scores.segment == 0) & (scores.value == 1.0)].min()))
    assert swapped // bench.DAY == bench.BEFORE + bench.ONSET
    assert set(scores.value[scores.segment == 1]) == {5.0}
    assert len(scores.value) == pytest.approx(bench.SEGMENTS * 10 * (bench.BEFORE + bench.DAYS), rel=0.01)
