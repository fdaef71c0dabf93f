"""The planted incidents: where they are said to be, as bad as they are said to be, and apart from one another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from statistics import fmean

import pytest

from demo.world import Incident, LogRow, Truth, World, incidents
from demo.world.incidents import EFFECTS

from .conftest import Generated


@pytest.fixture(params=["thursday", "sunday"])
def generated(request: pytest.FixtureRequest) -> Generated:
    world: Generated = request.getfixturevalue(request.param)
    return world


def during(generated: Generated, name: str) -> Sequence[tuple[LogRow, Truth]]:
    incident = named(generated.world, name)
    return [(row, truth) for row, truth in generated.logged if incident.covers(truth.project, truth.logged_at)]


def around(generated: Generated, name: str, span: timedelta) -> Sequence[tuple[LogRow, Truth]]:
    incident = named(generated.world, name)
    return [
        (row, truth)
        for row, truth in generated.logged
        if truth.project == incident.project
        and (
            incident.starts_at - span <= truth.logged_at < incident.starts_at
            or incident.ends_at <= truth.logged_at < incident.ends_at + span
        )
    ]


def named(world: World, name: str) -> Incident:
    return next(incident for incident in incidents(world) if incident.name == name)


def share(logged: Sequence[tuple[LogRow, Truth]], measure: str) -> float:
    return fmean(getattr(truth, measure) for _, truth in logged)


def test_history_holds_two_and_the_live_day_five() -> None:
    world = World(7, datetime(2026, 11, 20, tzinfo=UTC))
    phases = [incident.phase for incident in incidents(world)]

    assert (phases.count("history"), phases.count("live")) == (2, 5)
    for incident in incidents(world):
        assert incident.starts_at < incident.ends_at <= world.end
        assert (incident.starts_at >= world.live_start) is (incident.phase == "live")
    assert set(EFFECTS) < {incident.name for incident in incidents(world)}


def test_no_two_happen_to_the_same_project_at_the_same_time() -> None:
    for one, two in combinations(incidents(World(7, datetime(2026, 11, 20, tzinfo=UTC))), 2):
        if None in (one.project, two.project) or one.project == two.project:
            assert one.ends_at <= two.starts_at or two.ends_at <= one.starts_at, (one.name, two.name)


def test_the_model_swap_halves_faithfulness(generated: Generated) -> None:
    before, after = around(generated, "model-swap", timedelta(days=14)), during(generated, "model-swap")

    assert len(after) >= 50
    assert share(after, "faithful") < 0.6 * share(before, "faithful")
    assert {row["request_model"] for row, _ in after} == {"gemini-2.5-flash-lite"}
    assert "gemini-2.5-flash-lite" not in {row["request_model"] for row, _ in before}


def test_the_rude_prompt_is_rolled_back(generated: Generated) -> None:
    incident, rude = named(generated.world, "rude-prompt"), during(generated, "rude-prompt")
    rest = [
        (row, truth)
        for row, truth in generated.logged
        if truth.project == incident.project and truth.logged_at >= incident.ends_at
    ]

    assert len(rude) >= 40
    assert share(rude, "professional") < 0.35
    assert share(rude, "correct") > 0.8
    assert {row["prompt_version"] for row, _ in rude} == {"v5"}
    assert share(rest, "professional") > 0.95
    assert {row["prompt_version"] for row, _ in rest} == {"v4"}


def test_the_retry_loop_costs_many_times_the_usual_hour_and_answers_well(generated: Generated) -> None:
    incident, logged = named(generated.world, "retry-loop"), during(generated, "retry-loop")
    loop = [(row, truth) for row, truth in logged if truth.incident == incident.name]
    tokens = [row["input_tokens"] for row, truth in loop if row["input_tokens"] is not None]
    usual = sum(row["input_tokens"] or 0 for row, truth in logged if truth.incident is None)

    assert len(loop) >= 50
    assert len({row["conversation_id"] for row, _ in loop}) == 1
    assert max(tokens) > 50 * min(tokens)
    assert sum(tokens) > 50 * usual
    assert share(loop, "faithful") == share(loop, "professional") == 1
    assert share(loop, "correct") > 0.95  # the provider fails now and then


def test_most_rows_of_the_corrupt_hour_are_corrupt_each_in_one_of_four_ways(generated: Generated) -> None:
    logged = during(generated, "corrupt-rows")
    corrupt = [row for row, truth in logged if truth.defect == "corrupt"]
    ids = [row["interaction_id"] for row in corrupt]

    assert len(corrupt) >= 6
    assert len(corrupt) > 0.5 * len(logged)
    for row in corrupt:
        ways = [
            row["response"] is None,
            (row["input_tokens"] or 0) < 0 and (row["output_tokens"] or 0) < 0,
            ids.count(row["interaction_id"]) > 1,
            row["occurred_at"] > row["logged_at"] + timedelta(days=1),
        ]
        assert sum(ways) == 1
    assert all(truth.defect != "corrupt" for _, truth in generated.logged if truth.incident != "corrupt-rows")


def test_nobody_logs_anything_in_the_silent_hour_of_a_working_day(generated: Generated) -> None:
    incident = named(generated.world, "silence")

    assert incident.project is None
    assert during(generated, "silence") == []
    assert 9 <= incident.starts_at.hour <= 16


def test_lost_passages_cost_faithfulness_for_days(generated: Generated) -> None:
    before, meanwhile = around(generated, "lost-passages", timedelta(days=5)), during(generated, "lost-passages")

    assert share(meanwhile, "faithful") < 0.45
    assert share(before, "faithful") > 0.85


def test_the_bad_prompt_refuses_or_mixes_up_languages(generated: Generated) -> None:
    meanwhile = during(generated, "bad-prompt")
    struck = {truth.defect for _, truth in meanwhile if truth.incident}

    assert struck == {"refusal", "wrong_language"}
    assert share(meanwhile, "correct") < 0.75
    assert share(meanwhile, "professional") < 0.85
    assert {row["prompt_version"] for row, _ in meanwhile} == {"v8"}
