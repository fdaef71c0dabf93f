"""A job file goes in; one line of JSON with what a library took to do the job comes out.

Runs in the library's own environment: standard library only.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict


class Row(TypedDict):
    """One interaction to judge."""

    user_input: str
    response: str
    retrieved_contexts: list[str]
    reference: str


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be judged, by which question and scale, where, and with how many calls at once."""

    base_url: str
    model: str
    concurrency: int
    question: str
    scale: dict[str, str]
    rows: list[Row]

    @property
    def criterion(self) -> str:
        """Question and scale in one text."""
        return "\n".join([self.question, "", *(f"{point}: {text}" for point, text in self.scale.items())])

    def counts(self) -> dict[str, int]:
        """How many completions the endpoint has given so far, and how many requests were under way at most."""
        with urllib.request.urlopen(self.base_url) as response:
            found: dict[str, int] = json.load(response)
            return found


def job() -> Job:
    """The job in the file that the command line names."""
    return Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))


def measure(given: Job, distribution: str, judge: Callable[[list[Row]], Sequence[object]]) -> None:
    """Lets `judge` do one row, so that what it loads lazily is loaded, then times it over the rest, and prints.

    `judge` returns a score for each row, None where it has none.
    """
    judge(given.rows[:1])
    rows, calls = given.rows[1:], given.counts()["given"]
    started, cpu = time.perf_counter(), time.process_time()
    scores = judge(rows)
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    counts = given.counts()
    found = {
        "version": version(distribution),
        "samples": len(rows),
        "scored": sum(score is not None and score == score for score in scores),
        "calls": counts["given"] - calls,
        "most_at_once": counts["most"],
        "seconds": seconds,
        "cpu_s": cpu_s,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(found))
