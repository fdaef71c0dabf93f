"""The log as a whole: deterministic, sane, and as busy as an application is."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.world import LogRow, Truth, World, generate
from demo.world.__main__ import main
from demo.world.fleet import PROFILES, Profile
from demo.world.traffic import expected_interactions

from .conftest import Generated


def fingerprint(logged: Iterable[tuple[LogRow, Truth]]) -> str:
    digest = hashlib.sha256()
    for row, truth in logged:
        digest.update(repr((row, truth)).encode())
    return digest.hexdigest()


def test_the_same_world_is_the_same_to_the_byte(thursday: Generated) -> None:
    assert fingerprint(generate(thursday.world)) == fingerprint(thursday.logged)


def test_another_seed_is_another_world(thursday: Generated) -> None:
    other = generate(World(8, thursday.world.end))

    assert {truth.interaction_id for _, truth in other}.isdisjoint(truth.interaction_id for _, truth in thursday.logged)


@pytest.mark.parametrize("end", [datetime(2026, 11, 20, 1, tzinfo=UTC), datetime(2026, 11, 20)])  # noqa: DTZ001
def test_a_world_ends_at_a_utc_midnight(end: datetime) -> None:
    with pytest.raises(ValueError, match="UTC midnight"):
        World(7, end)


def test_a_world_is_long_enough_for_its_incidents() -> None:
    with pytest.raises(ValueError, match="28 or more"):
        World(7, datetime(2026, 11, 20, tzinfo=UTC), days=14)


def test_rows_come_in_the_order_of_logging_within_the_world(thursday: Generated) -> None:
    moments = [row["logged_at"] for row, _ in thursday.logged]

    assert moments == sorted(moments)
    assert thursday.world.start <= moments[0]
    assert moments[-1] < thursday.world.end


def test_every_row_that_is_not_corrupt_is_sane(thursday: Generated) -> None:
    rows = [row for row, truth in thursday.logged if truth.defect != "corrupt"]
    for row in rows:
        assert row["occurred_at"] <= row["logged_at"]
        assert row["user_input"]
        assert bool(row["response"]) is (row["error_type"] is None)
        assert (row["input_tokens"] is None) is (row["error_type"] is not None)
        assert (row["input_tokens"] or 0) >= (row["cached_input_tokens"] or 0) >= 0
        assert (row["output_tokens"] or 0) >= 0
        assert row["latency_ms"] > 0
        assert row["finish_reason"] in {"stop", "content_filter", "error"}
    ids = Counter(row["interaction_id"] for row, _ in thursday.logged)
    assert all(ids[row["interaction_id"]] == 1 for row in rows)


def test_a_truth_names_its_row(thursday: Generated) -> None:
    for row, truth in thursday.logged:
        assert (truth.interaction_id, truth.logged_at, truth.project) == (
            row["interaction_id"],
            row["logged_at"],
            row["project"],
        )


def test_nothing_in_the_log_tells_that_a_defect_was_planted(thursday: Generated) -> None:
    names = {truth.defect for _, truth in thursday.logged if truth.defect} | {"defect", "incident", "demo"}
    keys = {key for row, _ in thursday.logged for key in row["attributes"]}
    labels = {f"{row['attributes']} {row['conversation_id'][:5]}" for row, _ in thursday.logged}

    assert keys == {"channel", "locale", "user_group", "app_version", "attempt"}
    assert not any(name in label for label in labels for name in names)


@pytest.mark.parametrize("day", ["thursday", "sunday"])
def test_four_weeks_hold_about_twenty_thousand_interactions(day: str, request: pytest.FixtureRequest) -> None:
    logged = request.getfixturevalue(day).logged
    counts = Counter(truth.project for _, truth in logged)

    assert 19_000 < len(logged) < 21_000
    for profile in PROFILES:
        assert counts[profile.project] / len(logged) == pytest.approx(profile.share, abs=0.02)


def test_conversations_go_on_in_about_three_interactions_of_ten(thursday: Generated) -> None:
    share = sum(bool(row["history"]) for row, _ in thursday.logged) / len(thursday.logged)
    assert 0.25 < share < 0.36


def test_history_is_what_the_conversation_said_before(thursday: Generated) -> None:
    said: dict[str, list[str | None]] = {}
    for row, truth in thursday.logged:
        if truth.defect == "corrupt" or truth.logged_at >= thursday.world.live_start:
            continue
        before = said.setdefault(row["conversation_id"], [])
        assert [message["content"] for message in row["history"]] == before[-8:]
        if row["response"]:
            before += [row["user_input"], row["response"]]


def test_references_are_present_in_about_one_row_of_seven(thursday: Generated) -> None:
    share = sum(row["reference"] is not None for row, _ in thursday.logged) / len(thursday.logged)
    assert 0.13 < share < 0.17


def test_nights_and_weekends_are_quieter(thursday: Generated) -> None:
    history = [truth.logged_at for _, truth in thursday.logged if truth.logged_at < thursday.world.live_start]
    hours = Counter(moment.hour for moment in history)
    days = Counter(moment.weekday() for moment in history)

    assert sum(hours[hour] for hour in (1, 2, 3)) * 5 < sum(hours[hour] for hour in (9, 10, 11))
    assert days[6] < 0.9 * days[1]


@pytest.mark.parametrize("day", range(16, 23))
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.project)
def test_every_project_is_busy_enough_by_day_to_be_watched_hourly(profile: Profile, day: int) -> None:
    midnight = datetime(2026, 11, day, tzinfo=UTC)
    busy = [expected_interactions(profile, midnight + timedelta(hours=hour)) for hour in range(8, 18)]

    assert min(busy) > 5.5


def test_every_tongue_model_and_prompt_version_has_its_share(thursday: Generated) -> None:
    rows = [row for row, _ in thursday.logged]
    for profile in PROFILES:
        mine = [row for row in rows if row["project"] == profile.project]
        german = sum(row["attributes"]["locale"] == "de" for row in mine) / len(mine)
        assert german == pytest.approx(profile.german, abs=0.04)
        assert {row["prompt_version"] for row in mine} >= {version for _, version in profile.prompts}
        assert {row["request_model"] for row in mine} >= {deployment.request_model for deployment, _ in profile.models}


def test_one_model_reports_no_cached_tokens_and_all_others_do(thursday: Generated) -> None:
    silent = {
        row["request_model"]
        for row, truth in thursday.logged
        if row["cached_input_tokens"] is None and truth.defect not in ("error", "corrupt")
    }
    assert silent == {"meta-llama-3.1-8b-finetune"}


def test_the_command_writes_one_object_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thursday: Generated
) -> None:
    file = tmp_path / "world.jsonl"
    monkeypatch.setattr("sys.argv", ["demo.world", "--seed", "7", "--end", "2026-11-20", "--jsonl", str(file)])

    main()

    with file.open(encoding="utf-8") as lines:
        written = [json.loads(line) for line in lines]
    assert len(written) == len(thursday.logged)
    assert written[0]["id"] == thursday.logged[0][0]["interaction_id"]
    assert written[0]["retrieved_contexts"] == thursday.logged[0][0]["retrieved_contexts"]
    assert "defect" not in written[0]
