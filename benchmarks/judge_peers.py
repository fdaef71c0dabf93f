"""The same judging goes to other libraries; the share of the physical limit that each reaches comes out.

The endpoint is a second process on loopback with a fixed latency; the limit is concurrency / latency. Each library has
an environment of its own below the user's cache, made here once, and a runner in `peers/` that uses it as its
documentation says, with its own knob at the same concurrency. `--json` prints one JSON object as the last line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from include.adapters.yaml_file import load  # noqa: E402
from include.judges.rubric import Rubric  # noqa: E402

CONCURRENCY, LATENCY_S = 64, 0.2
MODEL = "gpt-4o-mini"
INSTALL_S, RUN_S = 300, 120
"""How long making an environment, and one run with the imports, may take before it is skipped."""

LEAST = 3 * CONCURRENCY
"""Samples of the slowest: fewer would measure how a run begins and ends."""

TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "RAGAS_DO_NOT_TRACK": "true",
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "0",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "true",
    "ANONYMIZED_TELEMETRY": "false",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to judge: its runner in `peers/`, what its environment holds, and about how fast it is.

    `reply` is what the endpoint answers where the library asks for text, in the form in which it wants it.
    """

    runner: str
    environment: str
    packages: tuple[str, ...]
    samples_per_s: int
    reply: str = ""


RAGAS = ("ragas==0.4.3", "langchain-community==0.3.31", "openai==3.3.0")
PEERS = {
    "ragas evaluate": Peer("ragas_evaluate", "ragas", RAGAS, 150, '{"feedback": "Compared.", "score": 4}'),
    "ragas collections": Peer("ragas_collections", "ragas", RAGAS, 150, '{"feedback": "Compared.", "score": 4}'),
    "deepeval": Peer("deepeval_geval", "deepeval", ("deepeval==4.3.1",), 30, '{"reason": "Compared.", "score": 8}'),
    "phoenix-evals": Peer("phoenix_evals", "phoenix", ("arize-phoenix-evals==3.9.4", "openai==3.54.0"), 150),
    "evidently": Peer(
        "evidently_judge",
        "evidently",
        ("evidently[llm]==0.7.23", "pandas<3"),
        100,
        '{"reasoning": "Compared.", "category": "4"}',
    ),
    "mlflow.genai": Peer("mlflow_genai", "mlflow", ("mlflow==3.17.2", "litellm==1.106.2", "openai==2.54.0"), 8),
    "autoevals": Peer("autoevals_classifier", "autoevals", ("autoevals==0.4.1", "openai==3.54.0"), 200),
    "inspect_ai": Peer("inspect_ai_scorer", "inspect_ai", ("inspect-ai==0.3.285", "openai==3.54.0"), 40, "GRADE: 4"),
}


class Skipped(Exception):
    """A peer that could not be measured; says why."""


def peers(directory: Path, seconds: float) -> dict[str, object]:
    """Each peer in turn for about `seconds`: its share of the limit, or under `skipped` why there is none."""
    found: dict[str, object] = {}
    for name, peer in PEERS.items():
        try:
            row = figures(run(peer, environment(peer), directory, seconds))
        except Skipped as reason:
            row = {"skipped": str(reason)}
        print(line(name, row), flush=True)
        found[name] = row
    return found


def figures(told: dict[str, Any]) -> dict[str, object]:
    """What a runner told, in the words of the JSON object; raises `Skipped` where not every sample has a score."""
    if told["scored"] < told["samples"]:
        raise Skipped(f"{told['samples'] - told['scored']:.0f} of {told['samples']:.0f} samples have no score")
    rate = told["calls"] / told["seconds"]
    return {
        "share": round(rate * LATENCY_S / CONCURRENCY, 4),
        "cpu_ms_per_call": round(told["cpu_s"] * 1000 / told["calls"], 3),
        "calls_per_s": round(rate, 1),
        "calls_per_sample": round(told["calls"] / told["samples"], 2),
        "most_at_once": told["most_at_once"],
        "peak_rss_mb": told["peak_rss_mb"],
        "version": told["version"],
    }


def line(name: str, row: dict[str, object]) -> str:
    """A line of the table."""
    if "skipped" in row:
        return f"{name:<26}skipped: {row['skipped']}"
    label = f"{name} {row['version']}"
    rest = f"{row['cpu_ms_per_call']:>10.2f}{row['peak_rss_mb']:>8}"
    return f"{label:<26}{row['calls_per_s']:>8.0f}{row['share']:>10.1%}{rest}"


def environment(peer: Peer) -> Path:
    """The interpreter of the peer's environment, which is made where there is none with these packages."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assay-benchmarks"
    home, python = cache / peer.environment, cache / peer.environment / "bin" / "python"
    wanted, made = "\n".join(peer.packages), home / "packages.txt"
    if made.is_file() and made.read_text(encoding="utf-8") == wanted:
        return python
    _call(["venv", "--quiet", "--clear", "--python", sys.executable, str(home)])
    _call(["pip", "install", "--quiet", "--python", str(python), *peer.packages])
    made.write_text(wanted, encoding="utf-8")
    return python


def _call(arguments: list[str]) -> None:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise Skipped(f"not installed within {INSTALL_S} s") from None
    if done.returncode:
        raise Skipped(f"not installed: {' '.join(done.stderr.split())[:200]}")


def run(peer: Peer, python: Path, directory: Path, seconds: float) -> dict[str, Any]:
    """What the runner told; raises `Skipped`."""
    told_to = directory / f"{peer.runner}.json"
    with endpoint(peer.reply) as url:
        told_to.write_text(json.dumps(job(url, max(LEAST, round(seconds * peer.samples_per_s)))), encoding="utf-8")
        try:
            done = subprocess.run(
                [str(python), str(ROOT / "benchmarks" / "peers" / f"{peer.runner}.py"), str(told_to)],
                cwd=directory,
                env={
                    **os.environ,
                    **TELEMETRY_OFF,
                    "HOME": str(directory),
                    "OPENAI_API_KEY": "none",
                    "PYTHONWARNINGS": "ignore",
                },
                capture_output=True,
                text=True,
                timeout=RUN_S + seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Skipped(f"not done within {RUN_S + seconds:.0f} s") from None
    if done.returncode:
        raise Skipped(f"failed: {(done.stderr.splitlines() or ['no word'])[-1][:200]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def job(url: str, samples: int) -> dict[str, object]:
    """Question and scale of our rubric, and as many interactions as `samples` and one to warm up with."""
    rubric = load(ROOT / "include/judges/rubrics/correctness.yaml", Rubric)
    passage = "The branch in Ulm opens at nine in the morning and closes at six in the evening on working days. " * 8
    rows = [
        {
            "user_input": f"When does branch {number} open?",
            "response": f"Branch {number} opens at nine. It closes at six.",
            "retrieved_contexts": [passage, passage],
            "reference": f"Branch {number} opens at nine.",
        }
        for number in range(samples + 1)
    ]
    scale = {str(point): text for point, text in rubric.scale.items()}
    return {
        "base_url": url,
        "model": MODEL,
        "concurrency": CONCURRENCY,
        "question": rubric.question,
        "scale": scale,
        "rows": rows,
    }


@contextmanager
def endpoint(reply: str) -> Iterator[str]:
    """The address of an endpoint in its own process, which answers with that text where text is wanted."""
    command = [sys.executable, "-m", "benchmarks.peers.endpoint", "--latency", str(LATENCY_S), "--reply", reply]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--seconds", type=float, default=8.0, help="about how long each peer shall take")
    given = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="assay-peers-"))
    print(f"{f'{CONCURRENCY} at {LATENCY_S * 1000:.0f} ms':<26}{'calls/s':>8}{'of limit':>10}{'CPU ms':>10}{'MB':>8}")
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > 0.5 * cores:
        print(f"other work keeps this machine busy (load {load:.1f} on {cores} cores): every share is too low")
    try:
        found = peers(directory, given.seconds)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if given.json:
        print(json.dumps({"peers": found}))


if __name__ == "__main__":
    main()
