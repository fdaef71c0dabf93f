"""The shipped suite: what it refuses, under which name, and that a broken suite is refused itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.errors import ConfigError
from include.ingest.validate import Suite
from tests.unit.ingest.rows import facts

PATH = Path(__file__).parents[3] / "expectations/interactions.json"


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite(PATH)


def test_a_good_row_passes(suite: Suite) -> None:
    found = suite.check([facts("1"), facts("2")])
    assert found.refused == {}
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"malformed": "history", "history_chars": None}, {"types_readable"}),
        ({"interaction_id": None}, {"id_present"}),
        ({"interaction_id": ""}, {"id_length"}),
        ({"copies": 2}, {"id_unique"}),
        ({"project": None}, {"project_present"}),
        ({"project": "p" * 201}, {"project_length"}),
        ({"environment": None}, {"environment_present"}),
        ({"environment": "e" * 101}, {"environment_length"}),
        ({"request_model": "m" * 201}, {"request_model_length"}),
        ({"response_model": "m" * 201}, {"response_model_length"}),
        ({"provider_name": "p" * 201}, {"provider_name_length"}),
        ({"prompt_version": "v" * 101}, {"prompt_version_length"}),
        ({"user_input_chars": None}, {"user_input_present"}),
        ({"user_input_chars": 0}, {"user_input_length"}),
        ({"response_chars": None}, {"response_present"}),
        ({"response_chars": 0}, {"response_not_empty"}),
        ({"response_chars": 4_000_001}, {"response_length"}),
        ({"input_tokens": -1}, {"input_tokens_range"}),
        ({"output_tokens": -1}, {"output_tokens_range"}),
        ({"input_tokens": 5, "cached_input_tokens": 6}, {"cached_tokens_within_input_tokens"}),
        ({"cache_write_tokens": -1}, {"cache_write_tokens_range"}),
        ({"cache_tokens": 101.0}, {"cache_tokens_within_input_tokens"}),
        ({"reasoning_tokens": 21}, {"reasoning_within_output_tokens"}),
        ({"reasoning_tokens": -1}, {"reasoning_tokens_range"}),
        ({"input_audio_tokens": 101}, {"audio_within_input_tokens"}),
        ({"output_audio_tokens": 21}, {"audio_within_output_tokens"}),
        (
            {"input_audio_tokens": -1, "output_audio_tokens": -1},
            {"input_audio_tokens_range", "output_audio_tokens_range"},
        ),
        ({"images": -1}, {"images_range"}),
        ({"billed_cost": Decimal("-0.001")}, {"billed_cost_range"}),
        ({"billed_currency": "dollars"}, {"billed_currency_length"}),
        ({"latency_ms": -0.5}, {"latency_range"}),
        ({"ahead_s": None}, {"occurred_at_present"}),
        ({"ahead_s": 301.0}, {"occurred_before_logged"}),
        ({"interaction_id": None, "output_tokens": -3}, {"id_present", "output_tokens_range"}),
    ],
)
def test_a_bad_row_is_refused_by_name_and_its_neighbour_is_not(
    suite: Suite, changes: dict[str, Any], names: set
) -> None:
    found = suite.check([facts("good"), facts("bad", **changes)])
    assert set(found.refused) == {"bad"}
    assert set(found.refused["bad"]) == names


@pytest.mark.parametrize(
    "changes",
    [
        {"response_chars": None, "error_type": "timeout"},
        {"response_chars": 0, "error_type": "timeout"},
        {"input_tokens": None, "output_tokens": None, "cached_input_tokens": None},
        {"latency_ms": None},
        {
            "reasoning_tokens": 20,
            "cache_write_tokens": 50,
            "cache_tokens": 100.0,
            "input_audio_tokens": 100,
            "images": 3,
        },
        {"billed_cost": Decimal("0.0123"), "billed_currency": "EUR"},
        {"occurred_at": datetime(1, 1, 1, tzinfo=UTC), "ahead_s": -6e10},
        {"finish_reason": None},
        {"retrieved_contexts_chars": None},
        {"response_chars": 2_000_000},
        {"ahead_s": 299.0},
    ],
)
def test_what_a_log_may_lack_or_hold_is_not_refused(suite: Suite, changes: dict[str, Any]) -> None:
    assert suite.check([facts("1", **changes)]).refused == {}


def test_an_unknown_finish_reason_is_a_warning_that_names_it(suite: Suite) -> None:
    found = suite.check([facts("1", finish_reason="bored")])
    assert found.refused == {}
    assert "bored" in found.warnings[0]


def test_an_unusual_volume_is_a_warning_and_only_where_the_usual_one_is_known(suite: Suite) -> None:
    assert suite.check([facts("1")]).warnings == ()
    found = suite.check([facts("1")], {"volume_low": 100, "volume_high": 200})
    assert found.refused == {}
    assert found.warnings[0].startswith("volume_as_in_past_weeks")


def test_no_rows_are_no_news(suite: Suite) -> None:
    assert suite.check([]).refused == {}


def test_every_expectation_of_the_suite_can_refuse_or_warn(suite: Suite) -> None:
    written = json.loads(PATH.read_text())["expectations"]
    columns = {one["kwargs"].get("column", one["kwargs"].get("column_A")) for one in written}
    assert columns <= set(facts("1").__slots__)
    assert {one["severity"] for one in written} == {"critical", "warning"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda s: s["expectations"][0].update(type="expect_colunm_values"),
            "unknown expectations: expect_colunm_values",
        ),
        (lambda s: s["expectations"][0].pop("meta"), "'meta' is missing"),
        (lambda s: s["expectations"][1]["meta"].update(name="types_readable"), "named twice: types_readable"),
        (lambda s: s["expectations"][1]["kwargs"].update(colunm="x"), "Remedy"),
        (lambda s: s.pop("expectations"), "'expectations' is missing"),
    ],
)
def test_a_suite_that_would_check_less_than_it_says_is_refused(tmp_path: Path, change: Any, told: str) -> None:
    written = json.loads(PATH.read_text())
    change(written)
    path = tmp_path / "suite.json"
    path.write_text(json.dumps(written))
    with pytest.raises(ConfigError) as caught:
        Suite(path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_json_is_one_line_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "suite.json"
    path.write_text('{\n"name": }')
    with pytest.raises(ConfigError, match=r"suite\.json:2: .*Remedy"):
        Suite(path)
