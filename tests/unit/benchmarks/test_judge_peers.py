"""The figures of a peer, the reasons for which it is skipped, and the endpoint's answers in the form that is wanted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.judge_peers import PEERS, ROOT, Peer, Skipped, endpoint, environment, figures, job, line
from benchmarks.peers.endpoint import completion, instance

TOLD: dict[str, Any] = {
    "version": "1.0",
    "samples": 640,
    "scored": 640,
    "calls": 640,
    "most_at_once": 64,
    "seconds": 4.0,
    "cpu_s": 1.6,
    "peak_rss_mb": 100,
}


def test_the_share_is_that_of_the_calls_which_concurrency_and_latency_allow() -> None:
    row = figures(TOLD)
    assert (row["share"], row["cpu_ms_per_call"], row["calls_per_sample"]) == (0.5, 2.5, 1.0)
    assert "50.0%" in line("peer", row)


def test_a_peer_that_leaves_samples_without_a_score_has_no_share() -> None:
    with pytest.raises(Skipped, match="40 of 640 samples have no score"):
        figures({**TOLD, "scored": 600})


def test_a_skipped_peer_is_shown_with_its_reason() -> None:
    assert line("peer", {"skipped": "no network"}).split() == ["peer", "skipped:", "no", "network"]


def test_an_environment_that_cannot_be_made_is_a_reason_to_skip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(Skipped, match="not installed"):
        environment(Peer("none", "none", ("not a requirement",), 1))


def test_each_peer_has_a_runner_that_compiles() -> None:
    runners = {ROOT / "benchmarks" / "peers" / f"{peer.runner}.py" for peer in PEERS.values()}
    assert runners == {*(ROOT / "benchmarks" / "peers").glob("*_*.py")} - {
        ROOT / "benchmarks" / "peers" / "__init__.py"
    }
    for runner in runners:
        compile(runner.read_text(encoding="utf-8"), str(runner), "exec")


def test_peers_that_share_an_environment_ask_for_the_same_packages() -> None:
    packages: dict[str, set[tuple[str, ...]]] = {}
    for peer in PEERS.values():
        packages.setdefault(peer.environment, set()).add(peer.packages)
    assert all(len(wanted) == 1 for wanted in packages.values())


def test_a_schema_is_filled_in() -> None:
    schema = {
        "$defs": {"Grade": {"enum": ["good", "bad"]}},
        "properties": {
            "grade": {"$ref": "#/$defs/Grade"},
            "score": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "sure": {"type": "boolean"},
            "parts": {"type": "array", "items": {"type": "number"}},
        },
    }
    assert instance(schema) == {"grade": "good", "score": 4, "sure": True, "parts": [4.0]}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "GRADE: 4"),
        ({"response_format": {"type": "json_object"}}, "GRADE: 4"),
        (
            {"response_format": {"json_schema": {"schema": {"properties": {"score": {"type": "integer"}}}}}},
            '{"score":4}',
        ),
    ],
)
def test_text_is_answered_in_the_form_that_was_asked_for(asked: dict[str, Any], said: str) -> None:
    answer = json.loads(completion(json.dumps({"model": "m", **asked}).encode(), "GRADE: 4"))
    assert answer["choices"][0]["message"]["content"] == said


def test_a_tool_is_called_with_arguments_that_it_takes() -> None:
    tool = {"function": {"name": "choose", "parameters": {"properties": {"choice": {"enum": ["1", "2"]}}}}}
    answer = json.loads(completion(json.dumps({"model": "m", "tools": [tool]}).encode(), ""))
    call = answer["choices"][0]["message"]["tool_calls"][0]["function"]
    assert (call["name"], json.loads(call["arguments"])) == ("choose", {"choice": "1"})


def test_the_endpoint_counts_what_it_answered(tmp_path: Path) -> None:
    script = tmp_path / "runner.py"
    script.write_text(
        "import json, sys, urllib.request\n"
        f"sys.path.insert(0, {str(ROOT / 'benchmarks' / 'peers')!r})\n"
        "import meter\n"
        "given = meter.job()\n"
        "def ask(row):\n"
        "    body = json.dumps({'model': 'm'}).encode()\n"
        "    url = given.base_url + '/chat/completions'\n"
        "    return json.load(urllib.request.urlopen(url, body))['choices'][0]['message']['content']\n"
        "meter.measure(given, 'orjson', lambda rows: [ask(row) for row in rows])\n",
        encoding="utf-8",
    )
    told_to = tmp_path / "job.json"
    with endpoint("fine") as url:
        told_to.write_text(json.dumps(job(url, 2)), encoding="utf-8")
        told = json.loads(subprocess.check_output([sys.executable, str(script), str(told_to)], text=True))
    assert (told["samples"], told["scored"], told["calls"], told["most_at_once"]) == (2, 2, 2, 1)
