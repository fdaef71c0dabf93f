"""What the run against a small model tells of its outcomes, and its manner where there is no model."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.small_model import Skipped, answered, measure, outcomes, table


def test_outcomes_are_counted_by_dimension_and_type() -> None:
    lines = [
        {"id": 1, "correctness": {"value": 1.0}, "professionalism": {"failure": "malformed"}, "composite": None},
        {"id": 2, "correctness": {"value": 0.5}, "professionalism": {"value": 0.0}, "composite": 0.4},
    ]
    assert outcomes(lines) == {
        "correctness": Counter(scored=2),
        "professionalism": Counter(malformed=1, scored=1),
    }


def test_the_servers_log_tells_how_often_it_refused() -> None:
    log = 'INFO: 127.0.0.1:1 - "POST /v1/chat/completions HTTP/1.1" 500 Internal Server Error\n'
    log += 'INFO: 127.0.0.1:1 - "POST /v1/chat/completions HTTP/1.1" 200 OK\n"GET /v1/models HTTP/1.1" 200 OK\n'
    assert answered(log) == Counter({"500": 1, "200": 1})


def test_a_machine_without_the_model_is_skipped_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(Skipped, match="--build"):
        measure(tmp_path, tmp_path / "in.jsonl")
    assert table({"skipped": "not built"}) == "small model: skipped: not built"
