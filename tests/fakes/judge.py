"""The endpoint of `openai_server` as a process of its own, and an endpoint that refuses every key."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).parents[2]
CLOSED = "http://127.0.0.1:1/v1"
"""Where nobody listens."""


def connection(address: str, **extra: object) -> str:
    """The Airflow connection `assay_judge` to that address, as Airflow reads it from the environment."""
    settings = {"model": "gpt-4.1-mini", "concurrency": 8, **extra}
    return json.dumps({"conn_type": "generic", "host": address, "password": "sk-for-tests", "extra": settings})


@contextmanager
def judging(log: Path, *, latency_s: float = 0.0, faults: str = "") -> Iterator[str]:
    """The address of a model that answers; `log` tells what was answered (see `openai_server`)."""
    command = [sys.executable, "-m", "tests.fakes.openai_server", "--latency", str(latency_s), "--faults", faults]
    server = subprocess.Popen([*command, "--log", str(log)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


class _RefusesEveryKey(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}).encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def refusing() -> Iterator[str]:
    """The address of an endpoint that answers 401 to everybody."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _RefusesEveryKey) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()
