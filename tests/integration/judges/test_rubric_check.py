"""`python -m include.rubric_check FILE [STORE]`, as a rubric's author runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.scores import Scores
from include.rubric_check import NO_JUDGE, printable
from tests.integration.judges.stage import fill
from tests.integration.judges.test_stage import endpoint

ROOT = Path(__file__).parents[3]
RUBRIC = "include/judges/rubrics/correctness.yaml"


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JUDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "include.rubric_check", *arguments],
        cwd=ROOT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_without_a_judge_it_shows_what_would_be_sent_and_sends_nothing() -> None:
    status, told, errors = run(RUBRIC)
    assert (status, errors) == (0, "")
    assert "--- system, the same for every interaction\nYou judge one answer" in told
    assert "--- user, the first of the examples of the rubric\nFence: " in told
    assert "are the same for every interaction: a provider's prompt cache can hold them" in told
    assert told.endswith(f"{NO_JUDGE}\n")


def test_with_a_judge_it_tells_the_cost_and_tries_the_examples(tmp_path: Path) -> None:
    with endpoint(tmp_path, 0.0) as log:
        status, told, errors = run(RUBRIC, JUDGE_BASE_URL=log.url, JUDGE_MODEL="gpt-4o-mini", JUDGE_API_KEY="sk-secret")
        assert log.counts().total() == 3
    assert (status, errors) == (0, "")
    assert "cost of 1,000 interactions with gpt-4o-mini: about 0." in told
    assert "tried on 3 examples of the rubric:\n  example 1: 0." in told
    assert "(deserves 1.00) Against question and passages: " in told
    assert "sk-secret" not in told


def test_an_unknown_price_is_said(tmp_path: Path) -> None:
    with endpoint(tmp_path, 0.0) as log:
        _, told, _ = run(RUBRIC, JUDGE_BASE_URL=log.url, JUDGE_MODEL="of-our-own")
    assert "cost of 1,000 interactions with of-our-own: unknown, since a model's price is" in told


def test_it_is_tried_on_what_the_store_holds(tmp_path: Path, store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        fill(connection, 5)
    with endpoint(tmp_path, 0.0) as log:
        status, told, _ = run(RUBRIC, store_dsn, JUDGE_BASE_URL=log.url, JUDGE_MODEL="gpt-4o-mini")
    assert status == 0
    assert "--- user, the first of the interactions of the store" in told
    assert "tried on 3 interactions of the store:\n  i0004: " in told


def test_a_store_that_is_not_there_leaves_the_examples() -> None:
    status, told, _ = run(RUBRIC, "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
    assert status == 0
    assert "the first of the examples of the rubric" in told


def test_the_last_interactions_are_of_many_projects(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        fill(connection, 6)
        connection.execute("UPDATE assay.interactions SET project = 'old' WHERE interaction_id = 'i0000'")
        connection.execute("UPDATE assay.interactions SET response = '' WHERE interaction_id = 'i0005'")
        found = Scores(connection).latest(3)
    assert [one.interaction_id for one in found] == ["i0004", "i0000", "i0003"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("scale:", "scales:", ":20: scales: Extra inputs are not permitted"),
        ("version: 1", "version: 2", "Remedy: say what is new in version 2"),
    ],
)
def test_a_wrong_file_is_said_in_one_line(tmp_path: Path, before: str, after: str, words: str) -> None:
    (tmp_path / "rubric.yaml").write_text((ROOT / RUBRIC).read_text().replace(before, after))
    status, told, errors = run(str(tmp_path / "rubric.yaml"))
    assert (status, told) == (1, "")
    assert errors.startswith(str(tmp_path / "rubric.yaml"))
    assert words in errors
    assert errors.count("\n") == 1


def test_a_file_that_is_not_named_or_not_there_is_said_in_one_line() -> None:
    assert run()[::2] == (1, f"name the rubric: make rubric-check FILE={RUBRIC}\n")
    status, _, errors = run("none.yaml")
    assert (status, errors) == (
        1,
        "none.yaml: No such file or directory. Remedy: create the file or mend the setting's path\n",
    )


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\r", "\u202e", "\u2066", "\x9b", "\u200b"])
def test_logged_text_cannot_steer_the_terminal(hostile: str) -> None:
    assert printable(f"a{hostile}b").startswith("a\N{REPLACEMENT CHARACTER}")
    assert printable("Grüße, 电话\n\t<b>") == "Grüße, 电话\n\t<b>"
