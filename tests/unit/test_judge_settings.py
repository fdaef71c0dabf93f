"""The judge that the environment or a connection names."""

from __future__ import annotations

import os

import pytest

from include.errors import ConfigError
from include.settings import ANTHROPIC_URL, JudgeSettings, judge_from_environment


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("JUDGE_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, ("offline", "", "", "openai")),
        ({"API_KEY": "k"}, ("offline", "", "", "openai")),
        ({"BACKEND": "offline", "MODEL": "m"}, ("offline", "", "", "openai")),
        ({"BASE_URL": "http://j/v1", "MODEL": "m"}, ("openai", "http://j/v1", "m", "openai")),
        (
            {"BASE_URL": "http://j/v1", "MODEL": "m", "PROVIDER": "google"},
            ("openai", "http://j/v1", "m", "google"),
        ),
        ({"BACKEND": "anthropic", "MODEL": "claude"}, ("anthropic", ANTHROPIC_URL, "claude", "anthropic")),
        (
            {"BACKEND": "anthropic", "MODEL": "c", "BASE_URL": "http://j", "PROVIDER": "aws"},
            ("anthropic", "http://j", "c", "aws"),
        ),
    ],
)
def test_the_environment_names_the_judge(
    given: dict[str, str], found: tuple[str, str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"JUDGE_{name}", value)
    judge = judge_from_environment()
    assert (judge.backend, judge.base_url, judge.model, judge.provider) == found


def test_the_environment_tells_how_patient_and_how_busy_the_judge_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MODEL": "m", "BASE_URL": "http://j", "TIMEOUT_S": "600", "CONCURRENCY": "2"}.items():
        monkeypatch.setenv(f"JUDGE_{name}", value)
    judge = judge_from_environment()
    assert (judge.timeout_s, judge.concurrency) == (600.0, 2)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"MODEL": "m"}, "go together"),
        ({"BASE_URL": "http://j"}, "go together"),
        ({"BACKEND": "anthropic"}, "go together"),
        ({"BASE_URL": "http://j", "MODEL": "m", "CONCURRENCY": "many"}, "JUDGE_CONCURRENCY: Input"),
        ({"BACKEND": "gemini", "MODEL": "m"}, "JUDGE_BACKEND: Input should be 'offline', 'openai' or 'anthropic'"),
    ],
)
def test_what_is_missing_or_unknown_is_named(given: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"JUDGE_{name}", value)
    with pytest.raises(ConfigError, match=told):
        judge_from_environment()


def test_a_connection_without_a_host_is_enough_for_claude() -> None:
    judge = JudgeSettings.model_validate({"backend": "anthropic", "base_url": None, "model": "claude"})
    assert (judge.base_url, judge.provider) == (ANTHROPIC_URL, "anthropic")
