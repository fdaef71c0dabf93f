"""The client against a small Airflow of our own on loopback: tokens, pages, refusals, waiting."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local.airflow_api import AirflowApi, AirflowApiError


class FakeAirflow(ThreadingHTTPServer):
    """Keeps runs and pools; its tokens can be revoked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tokens = 0
        self.valid = ""
        self.runs: list[dict[str, Any]] = []
        self.pools: dict[str, int] = {}
        self.states = iter(["queued", "running", "success"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        match method, path.removeprefix("/api/v2").split("/")[1:]:
            case "POST", ["dags", dag_id, "dagRuns"]:
                if any(run["logical_date"] == body["logical_date"] for run in self.runs):
                    return 409, {"detail": "there is such a run"}
                self.runs.append({"dag_id": dag_id, **body})
                return 200, self.runs[-1]
            case "GET", ["dags", _, "dagRuns"]:
                offset, limit = int(query["offset"][0]), int(query["limit"][0])
                return 200, {"dag_runs": self.runs[offset : offset + limit], "total_entries": len(self.runs)}
            case "GET", ["dags", _, "dagRuns", run_id]:
                return 200, {"dag_run_id": run_id, "state": next(self.states, "running")}
            case "POST", ["pools"]:
                if body["name"] in self.pools:
                    return 409, {"detail": "there is such a pool"}
                self.pools[body["name"]] = body["slots"]
                return 201, body
            case "PATCH", ["pools", name] if set(body) == {"pool", "slots", "description", "include_deferred"}:
                self.pools[name] = body["slots"]
                return 200, body
        return 404, {"detail": "not here"}


class Handler(BaseHTTPRequestHandler):
    server: FakeAirflow

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        url = urlsplit(self.path)
        if url.path == "/auth/token":
            if body != {"username": "admin", "password": "secret"}:
                return self.reply(401, {"detail": "wrong password"})
            self.server.tokens += 1
            self.server.valid = f"token-{self.server.tokens}"
            return self.reply(201, {"access_token": self.server.valid})
        if self.headers.get("Authorization") != f"Bearer {self.server.valid}":
            return self.reply(401, {"detail": "invalid token"})
        return self.reply(*self.server.answer(self.command, url.path, parse_qs(url.query), body))

    do_GET = do_POST = do_PATCH = handle_one  # noqa: N815 (the base class's names)

    def reply(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def airflow() -> Iterator[FakeAirflow]:
    with FakeAirflow() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def api(airflow: FakeAirflow) -> AirflowApi:
    return AirflowApi(airflow.url, "admin", "secret")


def day(number: int) -> datetime:
    return datetime.fromordinal(number).replace(tzinfo=UTC)


def test_one_token_serves_many_calls_and_a_refused_one_is_renewed(airflow: FakeAirflow, api: AirflowApi) -> None:
    api.runs("score")
    api.runs("score")
    assert airflow.tokens == 1
    airflow.valid = "revoked"
    api.runs("score")
    assert airflow.tokens == 2


def test_a_wrong_password_is_an_error_not_a_loop(airflow: FakeAirflow) -> None:
    with pytest.raises(AirflowApiError, match="wrong password") as caught:
        AirflowApi(airflow.url, "admin", "guess").runs("score")
    assert caught.value.status == 401


def test_a_run_carries_its_window(airflow: FakeAirflow, api: AirflowApi) -> None:
    api.trigger("score", logical_date=day(1), data_interval=(day(1), day(2)), conf={"notify": False})
    assert airflow.runs == [
        {
            "dag_id": "score",
            "logical_date": "0001-01-01T00:00:00+00:00",
            "data_interval_start": "0001-01-01T00:00:00+00:00",
            "data_interval_end": "0001-01-02T00:00:00+00:00",
            "conf": {"notify": False},
        }
    ]


def test_a_run_that_exists_is_told_by_its_status(api: AirflowApi) -> None:
    api.trigger("score", logical_date=day(1))
    with pytest.raises(AirflowApiError) as caught:
        api.trigger("score", logical_date=day(1))
    assert caught.value.status == 409


def test_lists_are_whole_however_many_pages_they_take(api: AirflowApi) -> None:
    for number in range(1, 251):
        api.trigger("score", logical_date=day(number))
    assert [run["logical_date"] for run in api.runs("score")] == [day(n).isoformat() for n in range(1, 251)]


def test_waiting_ends_when_the_run_has_ended(api: AirflowApi) -> None:
    pauses: list[float] = []
    assert api.wait("score", "r", timeout_s=10, sleep=pauses.append)["state"] == "success"
    assert pauses == [0.5, 0.5]


def test_waiting_has_an_end(airflow: FakeAirflow, api: AirflowApi) -> None:
    airflow.states = iter(())
    with pytest.raises(TimeoutError, match="still running"):
        api.wait("score", "r", timeout_s=2, sleep=lambda _: None)


def test_a_pool_is_made_once_and_resized_after(airflow: FakeAirflow, api: AirflowApi) -> None:
    api.set_pool("judges", 2, "why")
    api.set_pool("judges", 4, "why")
    assert airflow.pools == {"judges": 4}


def test_no_answer_is_an_error_without_status() -> None:
    with pytest.raises(AirflowApiError, match="refused") as caught:
        AirflowApi("http://127.0.0.1:9", "admin", "secret").health()
    assert caught.value.status is None
