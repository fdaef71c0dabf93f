"""`python -m include.judge_file IN OUT`, as a rubric's author or a CI job runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.judge_file import CHUNK
from tests.integration.judges.test_stage import endpoint

ROOT = Path(__file__).parents[3]
GOOD = {
    "id": "a",
    "user_input": "Who wrote Hamlet?",
    "response": "William Shakespeare wrote Hamlet.",
    "retrieved_contexts": ["Hamlet was written by William Shakespeare."],
    "reference": None,
    "history": [{"role": "user", "content": "Hello"}],
}


def run(tmp_path: Path, *lines: Any, **environment: str) -> tuple[int, list[dict[str, Any]], str]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JUDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "include.judge_file", source, target],
        cwd=ROOT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = [json.loads(line) for line in target.read_text().splitlines()] if target.exists() else []
    return done.returncode, told, done.stderr


def test_a_line_comes_out_with_all_dimensions_and_the_composite(tmp_path: Path) -> None:
    status, (told,), errors = run(tmp_path, GOOD)
    assert (status, errors) == (0, "")
    assert told.keys() == {"id", "correctness", "faithfulness", "professionalism", "composite"}
    for dimension in ("correctness", "faithfulness", "professionalism"):
        assert told[dimension].keys() == {"value", "explanation", "source", "epoch"}
        assert told[dimension]["source"] == "CODE"
    values = [told[dimension]["value"] for dimension in ("correctness", "faithfulness", "professionalism")]
    assert told["composite"] == pytest.approx(0.6 * values[0] + 0.2 * values[1] + 0.2 * values[2])


def test_lines_come_out_in_their_order_however_many(tmp_path: Path) -> None:
    status, told, _ = run(tmp_path, *({**GOOD, "id": number} for number in range(CHUNK + 5)))
    assert status == 0
    assert [line["id"] for line in told] == list(range(CHUNK + 5))


def test_the_same_id_twice_is_two_lines(tmp_path: Path) -> None:
    _, told, _ = run(tmp_path, GOOD, {**GOOD, "response": ""})
    assert [line["composite"] is None for line in told] == [False, True]
    assert told[1]["correctness"] == {
        "failure": "no_response",
        "message": "the application gave no answer: the response is empty",
    }


def test_a_missing_dimension_makes_no_composite(tmp_path: Path) -> None:
    _, (told,), _ = run(tmp_path, {**GOOD, "retrieved_contexts": None, "reference": "Shakespeare"})
    assert told["faithfulness"]["failure"] == "no_contexts"
    assert told["correctness"]["value"] > 0.5
    assert told["composite"] is None


def test_any_of_several_references_will_do(tmp_path: Path) -> None:
    given = {**GOOD, "response": "Paris.", "retrieved_contexts": []}
    _, told, _ = run(tmp_path, {**given, "reference": ["Lyon"]}, {**given, "reference": ["Lyon", "Paris"]})
    assert told[0]["correctness"]["value"] < told[1]["correctness"]["value"]


@pytest.mark.parametrize(
    ("line", "identity", "words"),
    [
        (b"{not json", None, "line 2 is not JSON"),
        (b'{"id": "\xff"}', None, "line 2 is not JSON"),
        (b"[1]", None, "line 2: the line"),
        ({"id": 7, "user_input": "q"}, 7, "line 2: response: Field required"),
        ({**GOOD, "retrieved_contexts": "one"}, "a", "line 2: retrieved_contexts"),
        ({**GOOD, "history": [{"role": "user"}]}, "a", "line 2: history.0.content"),
        ({**GOOD, "reference": 3}, "a", "line 2: reference"),
    ],
)
def test_a_line_that_cannot_be_read_costs_the_others_nothing(
    tmp_path: Path, line: object, identity: object, words: str
) -> None:
    status, told, _ = run(tmp_path, GOOD, line, b"", GOOD)
    assert status == 1
    assert [one.get("failure") for one in told] == [None, "invalid_input", None]
    assert told[1]["id"] == identity
    assert words in told[1]["message"]


def test_a_model_judges_after_saying_what_it_will_take(tmp_path: Path) -> None:
    with endpoint(tmp_path, 0.0) as log:
        environment = {"JUDGE_BASE_URL": log.url, "JUDGE_MODEL": "gpt-4o-mini", "JUDGE_API_KEY": "sk-secret"}
        status, told, errors = run(tmp_path, GOOD, {**GOOD, "response": "Nobody knows."}, **environment)
        assert log.counts().total() == 8
    assert status == 0
    assert "gpt-4o-mini: 2 interactions, 8 calls, about " in errors
    assert "USD" in errors
    assert "sk-secret" not in errors
    assert [told[0][name]["source"] for name in ("correctness", "faithfulness")] == ["LLM_JUDGE", "RAGAS"]


def test_a_judge_that_is_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    status, _, errors = run(tmp_path, GOOD, JUDGE_BASE_URL="localhost:11434", JUDGE_MODEL="m")
    assert status == 2
    assert errors.splitlines()[-1].startswith("judge: the address does not start with http://")


def test_a_file_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "include.judge_file", tmp_path / "none.jsonl", tmp_path / "out.jsonl"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.endswith("none.jsonl: No such file or directory\n")
