"""What befalls Airflow's own work is an alert like any other; the heart beats, here and outside."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg
import pytest

from include import watchman
from include.adapters.ping import ping
from include.notify.machinery import TaskEnd
from tests.fakes.installation import Installation

STARTED = datetime(2026, 11, 20, 9, tzinfo=UTC)
EXTRACT = TaskEnd("score_interactions", "extract", "run-1", -1, STARTED, "http://ui/log", "source db:5432: refused")
SHARD = replace(EXTRACT, task_id="score", map_index=3)
CLOSED = "http://127.0.0.1:9"


def messages(assay: Installation) -> list[dict[str, object]]:
    return [json.loads(path.read_bytes()) for path in sorted((assay.home / "outbox").glob("*.json"))]


def text(assay: Installation) -> str:
    (message,) = messages(assay)
    return json.dumps(message)


def states(assay: Installation) -> list[tuple[object, ...]]:
    return assay.ask("SELECT labels->>'alertname', state FROM alerts ORDER BY 1, starts_at")


def test_a_failed_task_is_told_at_once_and_points_to_its_log(assay: Installation) -> None:
    watchman.task_failed(EXTRACT)
    assert "Task extract of score_interactions failed: source db:5432: refused" in text(assay)
    assert "http://ui/log" in text(assay)
    assert "Critical: Assay: task extract of score_interactions failed" in text(assay)


def test_a_task_that_fails_again_and_again_is_one_message_that_ends_when_it_succeeds(assay: Installation) -> None:
    watchman.task_failed(EXTRACT)
    watchman.task_failed(replace(EXTRACT, run_id="run-2", cause="source db:5432: timeout"))
    assert "timeout" in text(assay)
    watchman.task_succeeded(replace(EXTRACT, run_id="run-2", log_url="http://ui/other"), is_last=False)
    assert "Resolved" in text(assay)
    assert "http://ui/log" in text(assay)
    assert states(assay) == [("task-failed", "resolved")]


def test_a_killed_task_is_told_by_the_failure_of_its_run_and_any_other_is_not_told_again(assay: Installation) -> None:
    watchman.task_failed(EXTRACT)
    watchman.run_failed(replace(EXTRACT, cause=""))
    assert "refused" in text(assay)
    watchman.run_failed(replace(SHARD, cause=""))
    assert assay.ask("SELECT sentence FROM alerts ORDER BY sentence") == [
        ("Task extract of score_interactions failed: source db:5432: refused",),
        ("Task score[3] of score_interactions failed: it was killed, or ended without a word",),
    ]


def test_all_that_befalls_airflow_at_once_is_one_incident(assay: Installation) -> None:
    watchman.task_failed(EXTRACT)
    watchman.task_failed(replace(EXTRACT, dag_id="summarize_costs", task_id="roll_up"))
    watchman.run_missed_deadline("watch_quality", "run-1", STARTED)
    assert len(messages(assay)) == 1


def test_another_piece_of_the_same_mapped_task_ends_nothing_and_another_run_does(assay: Installation) -> None:
    watchman.task_failed(SHARD)
    watchman.task_succeeded(replace(SHARD, map_index=4), is_last=False)
    assert states(assay) == [("task-failed", "firing")]
    watchman.task_succeeded(replace(SHARD, map_index=0, run_id="run-2"), is_last=False)
    assert states(assay) == [("task-failed", "resolved")]


def test_a_missed_deadline_ends_with_the_last_task_of_a_run(assay: Installation) -> None:
    watchman.run_missed_deadline("score_interactions", "run-1", STARTED)
    assert "is not done" in text(assay)
    watchman.task_succeeded(replace(EXTRACT, task_id="settle"), is_last=True)
    assert states(assay) == [("deadline-missed", "resolved")]


def test_a_success_of_which_nothing_was_wrong_writes_nothing(assay: Installation) -> None:
    before = assay.contents()
    watchman.task_succeeded(EXTRACT, is_last=True)
    assert assay.contents() == before


def test_a_failure_whose_store_is_away_is_a_line_in_the_log(
    assay: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ASSAY_STORE", "postgres://nobody@127.0.0.1:9/nothing")
    watchman.task_failed(EXTRACT)
    watchman.task_succeeded(EXTRACT, is_last=True)
    assert caplog.text.count("no alert of this: store 127.0.0.1:9/nothing") == 2


def settled(assay: Installation, end: datetime) -> None:
    with psycopg.connect(assay.store) as connection:
        connection.execute(
            """INSERT INTO assay.runs (run_id, source, window_start, window_end, live, status, started_at)
               VALUES (%(end)s::text, 'native', %(end)s::timestamptz - interval '1 hour', %(end)s, true, 'settled',
                       now())""",
            {"end": end},
        )


def test_windows_that_are_due_and_not_settled_are_told_and_the_alert_ends_when_they_are(assay: Installation) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    settled(assay, hour - timedelta(hours=5))
    (told,) = watchman.watch()
    assert told == "first: Assay: windows are late"
    assert "Nothing that was logged after" in text(assay)
    settled(assay, hour)
    assert watchman.watch() == ["all_resolved: Assay: windows are late"]


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(hours=2)])
def test_a_window_that_has_just_ended_is_not_late(assay: Installation, ago: timedelta) -> None:
    settled(assay, datetime.now(UTC) - ago)
    assert watchman.watch() == []


def test_nothing_is_due_before_the_first_run_nor_after_the_last_one(assay: Installation) -> None:
    assert watchman.watch() == []
    settled(assay, STARTED - timedelta(days=20))
    assert watchman.watch(end_date=STARTED - timedelta(days=21)) == []
    assert watchman.watch(end_date=STARTED) != []


def test_the_heart_beats_in_the_store(assay: Installation) -> None:
    watchman.notify("watch_quality")
    ((name, at, pinged, failure),) = assay.ask("SELECT name, at, pinged_at, failure FROM heartbeats")
    assert (name, pinged, failure) == ("watch_quality", None, None)
    assert datetime.now(UTC) - at < timedelta(minutes=1)


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[str]]]:
    """An address on loopback that answers so; the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Tests are quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_heart_beats_outside_once_a_run(assay: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(200) as (url, asked):
        monkeypatch.setenv("ASSAY_HEARTBEAT_URL", f"{url}/ping/secret")
        watchman.watch()
    assert asked == ["/ping/secret"]
    assert assay.ask("SELECT pinged_at IS NOT NULL, failure FROM heartbeats") == [(True, None)]


def test_an_address_that_does_not_answer_fails_nothing_and_is_not_told_in_the_log(
    assay: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ASSAY_HEARTBEAT_URL", f"{CLOSED}/ping/secret")
    assert watchman.watch() == []
    ((pinged, failure),) = assay.ask("SELECT pinged_at, failure FROM heartbeats")
    assert pinged is None
    assert "URLError" in failure
    assert "secret" not in caplog.text + failure


def test_an_address_that_stalls_is_given_up_in_time() -> None:
    with pytest.MonkeyPatch.context(), HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        assert ping(f"http://127.0.0.1:{server.server_address[1]}", timeout_s=0.2) != ""


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "nonsense"])
def test_only_http_is_asked(url: str) -> None:
    assert ping(url) == "the address is neither http nor https"


def test_an_address_that_refuses_is_a_failure() -> None:
    with answering(500) as (url, _):
        assert ping(url).startswith("HTTPError")
