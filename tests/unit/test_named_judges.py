"""Judges beside the main one, by the names that judging.yaml gives them."""

from __future__ import annotations

import json

import pytest

from include.errors import ConfigError
from include.settings import judge_named, named_judge_from_environment


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("BACKEND", "BASE_URL", "MODEL", "API_KEY", "PROVIDER"):
        monkeypatch.delenv(f"JUDGE_{name}", raising=False)
    return monkeypatch


def test_a_named_judge_is_at_the_main_ones_endpoint_unless_it_says_where(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("JUDGE_BASE_URL", "http://127.0.0.1:1/v1")
    environment.setenv("JUDGE_MODEL", "small")
    environment.setenv("JUDGE_API_KEY", "sk-main")
    environment.setenv("JUDGE_BIG_MODEL", "big")
    found = named_judge_from_environment("big")
    assert (found.model, found.base_url, found.api_key.get_secret_value()) == (
        "big",
        "http://127.0.0.1:1/v1",
        "sk-main",
    )
    environment.setenv("JUDGE_BIG_BASE_URL", "http://127.0.0.1:2/v1")
    assert named_judge_from_environment("big").api_key.get_secret_value() == ""  # the key is not for that endpoint
    environment.setenv("JUDGE_BIG_API_KEY", "sk-big")
    found = named_judge_from_environment("big")
    assert (found.base_url, found.api_key.get_secret_value()) == ("http://127.0.0.1:2/v1", "sk-big")


def test_a_named_judge_that_is_not_set_is_named_with_its_variable(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"judging\.yaml names a model big: set JUDGE_BIG_MODEL, or name another"):
        named_judge_from_environment("big")


def test_a_wrong_variable_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("JUDGE_BIG_MODEL", "big")
    environment.setenv("JUDGE_BIG_BACKEND", "telepathy")
    with pytest.raises(ConfigError, match="JUDGE_BIG_BACKEND: Input should be"):
        named_judge_from_environment("big")


def test_a_named_judge_of_a_task_is_an_airflow_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"conn_type": "generic", "host": "http://127.0.0.1:1/v1", "password": "sk", "extra": {"model": "big"}}
    monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE_BIG", json.dumps(given))
    found = judge_named("big")
    assert (found.model, found.base_url, found.api_key.get_secret_value()) == ("big", "http://127.0.0.1:1/v1", "sk")
    monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE_BIG", json.dumps({**given, "extra": {"modell": "big"}}))
    with pytest.raises(ConfigError, match=r"setting modell: .* \(from Airflow connection assay_judge_big\)"):
        judge_named("big")


def test_a_connection_that_is_not_there_is_named_with_the_remedy() -> None:
    with pytest.raises(ConfigError, match=r"no connection assay_judge_none, .* create it like assay_judge, or name"):
        judge_named("none")
