"""Enters: the address and account of a running Airflow. Leaves: what its REST API (v2) says and does."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from local.errors import LocalError

TIMEOUT_S = 60
PAGE = 100
FINISHED = frozenset({"success", "failed"})

Json = dict[str, Any]


class AirflowApiError(LocalError):
    """Airflow refused a request or did not answer; `status` is HTTP's, None where there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class AirflowApi:
    """One account's access to one Airflow; the token is fetched when it is first needed and renewed when refused."""

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._account = {"username": user, "password": password}
        self._token: str | None = None

    def health(self) -> Json:
        """State of each component (`metadatabase`, `scheduler`, `triggerer`, `dag_processor`)."""
        return self._send("GET", "/api/v2/monitor/health", None, {})

    def dags(self) -> list[Json]:
        """All DAGs that are parsed."""
        return list(self._pages("/api/v2/dags", "dags"))

    def import_errors(self) -> list[Json]:
        """DAG files that do not parse: `filename` and `stack_trace`."""
        return list(self._pages("/api/v2/importErrors", "import_errors"))

    def pause(self, dag_id: str, *, paused: bool = True) -> None:
        """Keep the scheduler from starting runs, or let it again."""
        self.request("PATCH", f"/api/v2/dags/{_quoted(dag_id)}", {"is_paused": paused})

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler start runs."""
        self.pause(dag_id, paused=False)

    def trigger(
        self,
        dag_id: str,
        *,
        run_id: str | None = None,
        logical_date: datetime | None = None,
        data_interval: tuple[datetime, datetime] | None = None,
        conf: Mapping[str, Any] | None = None,
    ) -> Json:
        """A new run, queued. Status 409 says that the run or its logical date exists."""
        body: Json = {"logical_date": logical_date and logical_date.isoformat(), "conf": dict(conf or {})}
        if run_id:
            body["dag_run_id"] = run_id
        if data_interval:
            start, end = data_interval
            body |= {"data_interval_start": start.isoformat(), "data_interval_end": end.isoformat()}
        return self.request("POST", f"/api/v2/dags/{_quoted(dag_id)}/dagRuns", body)

    def runs(self, dag_id: str = "~", **filters: str) -> list[Json]:
        """Runs of a DAG (`~`: of all), oldest first; filters as in the API: `state`, `logical_date_gte`, ..."""
        return list(self._pages(f"/api/v2/dags/{_quoted(dag_id)}/dagRuns", "dag_runs", filters))

    def run(self, dag_id: str, run_id: str) -> Json:
        """One run."""
        return self.request("GET", _run_path(dag_id, run_id))

    def task_instances(self, dag_id: str = "~", run_id: str = "~", **filters: str) -> list[Json]:
        """Task instances of a run (`~`: of all), mapped ones each."""
        return list(self._pages(f"{_run_path(dag_id, run_id)}/taskInstances", "task_instances", filters))

    def log(self, dag_id: str, run_id: str, task_id: str, *, attempt: int = 1, map_index: int = -1) -> str:
        """A task's log, a line for each event."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{_quoted(task_id)}/logs/{attempt}"
        content = self.request("GET", f"{path}?map_index={map_index}&full_content=true")["content"]
        return "\n".join(event if isinstance(event, str) else str(event.get("event", "")) for event in content)

    def clear(self, dag_id: str, run_id: str, *, only_failed: bool = False) -> None:
        """Let a run's tasks run again."""
        self.request("POST", f"{_run_path(dag_id, run_id)}/clear", {"dry_run": False, "only_failed": only_failed})

    def wait(
        self,
        dag_id: str,
        run_id: str,
        *,
        timeout_s: float,
        poll_s: float = 0.5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Json:
        """The run once it has succeeded or failed; raises `TimeoutError`."""
        for _ in range(max(1, round(timeout_s / poll_s))):
            run = self.run(dag_id, run_id)
            if run["state"] in FINISHED:
                return run
            sleep(poll_s)
        raise TimeoutError(f"run {run_id} of {dag_id} is still {run['state']} after {timeout_s:.0f} s")

    def set_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool or change its size."""
        size: Json = {"slots": slots, "description": description, "include_deferred": False}
        try:
            self.request("POST", "/api/v2/pools", {"name": name, **size})
        except AirflowApiError as error:
            if error.status != 409:
                raise
            self.request("PATCH", f"/api/v2/pools/{_quoted(name)}", {"pool": name, **size})

    def request(self, method: str, path: str, body: Json | None = None) -> Json:
        """Any call of the API, as this account; raises `AirflowApiError`."""
        for attempt in (1, 2):
            if self._token is None:
                self._token = self._send("POST", "/auth/token", self._account, {})["access_token"]
            try:
                return self._send(method, path, body, {"Authorization": f"Bearer {self._token}"})
            except AirflowApiError as error:
                if error.status != 401 or attempt == 2:
                    raise
                self._token = None
        raise AssertionError

    def _pages(self, path: str, key: str, filters: Mapping[str, str] | None = None) -> Iterator[Json]:
        offset = 0
        while True:
            query = urllib.parse.urlencode({**(filters or {}), "limit": PAGE, "offset": offset})
            page = self.request("GET", f"{path}?{query}")
            yield from page[key]
            offset += len(page[key])
            if not page[key] or offset >= page["total_entries"]:
                return

    def _send(self, method: str, path: str, body: Json | None, headers: Mapping[str, str]) -> Json:
        request = urllib.request.Request(  # noqa: S310 (the address is our own server's)
            self.base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json", **headers},
        )
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as response:
                answer: Json = json.loads(response.read() or b"{}")
                return answer
        except urllib.error.HTTPError as error:
            with error:
                told = error.read().decode(errors="replace")[:500]
            raise AirflowApiError(f"{method} {path}: HTTP {error.code} {told}", error.code) from None
        except OSError as error:
            raise AirflowApiError(f"{method} {self.base_url}{path}: {error}") from None


# A proxy of the environment has no business between us and loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="~")


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{_quoted(dag_id)}/dagRuns/{_quoted(run_id)}"
