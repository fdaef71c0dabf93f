"""A file of interactions goes in, JSON object by line; a file with what the judges say of each comes out.

`python -m include.judge_file IN OUT`, without Airflow and database: for the author of a rubric, or a CI job. The judge
is the one in `JUDGE_BASE_URL`, `JUDGE_MODEL` and `JUDGE_API_KEY`, or the offline stand-in; other models that
judging.yaml names are those in `JUDGE_<NAME>_MODEL` and so on. Exit status 0 if every line could be read, else 1; 2 if
the judging could not be done.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from include.adapters.yaml_file import load
from include.assembly import asked, price_book
from include.domain.interaction import Interaction, Turn
from include.domain.run import COMPOSITE
from include.domain.score import Outcome, Score
from include.errors import AssayError
from include.judges.build import Bench, Model, judging_bench, offline_bench
from include.judges.composite import composite
from include.judges.estimate import estimate
from include.judges.judging import MAIN, JudgingFile
from include.judges.ledger import MemoryLedger
from include.judges.pool import score_all
from include.judges.rubric import Rubric
from include.judges.weights import WeightsFile
from include.settings import STAGES, JudgeSettings, judge_from_environment, named_judge_from_environment

CHUNK = 1_000
"""Lines that are judged before the next are read: what bounds the memory."""


class _Turn(BaseModel):
    role: str
    content: str


class Line(BaseModel):
    """One interaction of the file; other keys are ignored. `project` matters only where it has weights of its own."""

    id: str | int
    user_input: str
    response: str | None
    retrieved_contexts: list[str] | None = None
    reference: str | list[str] | None = None
    history: list[_Turn] | None = None
    project: str = ""

    def interaction(self, key: str, now: datetime) -> Interaction:
        """The line in the words of the domain, under a key that no other line has."""
        given = [self.reference] if isinstance(self.reference, str) else self.reference or []
        return Interaction(
            interaction_id=key,
            logged_at=now,
            occurred_at=now,
            project=self.project,
            environment="file",
            user_input=self.user_input,
            response=self.response or "",
            retrieved_contexts=tuple(self.retrieved_contexts or ()),
            reference=given[0] if given else None,
            history=tuple(Turn(turn.role, turn.content) for turn in self.history or ()),
            attributes={"other_references": list(given[1:])},
        )


Invalid = dict[str, Any]
"""What is written for a line that cannot be read."""


def read(lines: Iterable[bytes]) -> Iterator[Line | Invalid]:
    """Each line that is not blank."""
    for number, text in enumerate(lines, start=1):
        if text.strip():
            yield parse(text.removeprefix(b"\xef\xbb\xbf").strip(), number)


def parse(text: bytes, number: int) -> Line | Invalid:
    """One line, or why it cannot be read."""
    given: Any = None
    try:
        given = orjson.loads(text)
        return Line.model_validate(given)
    except orjson.JSONDecodeError as error:
        message = f"line {number} is not JSON: {error}"
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        message = f"line {number}: {'.'.join(map(str, first['loc'])) or 'the line'}: {first['msg']}"
    return {"id": given.get("id") if isinstance(given, dict) else None, "failure": "invalid_input", "message": message}


async def judge(
    lines: Iterable[Line | Invalid], bench: Bench, weights: WeightsFile, concurrency: int, now: datetime
) -> AsyncIterator[dict[str, Any]]:
    """What is written for each line, in order; the bench is weighed."""
    epochs = bench.epochs(weights)
    rest = iter(lines)
    async with bench.shared:
        while chunk := list(islice(rest, CHUNK)):
            outcomes: list[Outcome] = []
            work = (
                (line.interaction(str(number), now), epochs.judges(line.project).values())
                for number, line in enumerate(chunk)
                if isinstance(line, Line)
            )
            await score_all(work, bench.judges, outcomes.extend, concurrency)
            said: dict[str, dict[str, Outcome]] = {}
            for outcome in outcomes:
                said.setdefault(outcome.interaction_id, {})[outcome.dimension] = outcome
            for number, line in enumerate(chunk):
                if isinstance(line, Line):
                    key = str(number)
                    outcomes = [said[key][one.epoch.dimension] for one in bench.of(line.project)]
                    yield _told(line, outcomes, weights, epochs.of(line.project)[COMPOSITE])
                else:
                    yield line


def _told(line: Line, outcomes: Sequence[Outcome], weights: WeightsFile, epochs: str) -> dict[str, Any]:
    values = {outcome.dimension: outcome.value for outcome in outcomes if isinstance(outcome, Score)}
    first = outcomes[0]
    whole = composite(first.interaction_id, first.logged_at, values, weights.of(line.project), epochs)
    return {"id": line.id, **{one.dimension: _outcome(one) for one in outcomes}, "composite": whole.value}


def _outcome(outcome: Outcome) -> Mapping[str, object]:
    if isinstance(outcome, Score):
        return {
            "value": outcome.value,
            "explanation": outcome.explanation,
            "source": outcome.source.value,
            "epoch": outcome.epoch,
        }
    return {"failure": outcome.error_type.value, "message": outcome.message}


async def judge_file(source: Path, target: Path, settings: JudgeSettings, now: datetime) -> bool:
    """Writes `target` line by line; returns whether every line could be read."""
    weights = load(STAGES / "judges/weights.yaml", WeightsFile)
    bench = _bench(settings, source, weights, now)
    all_read = True
    with source.open("rb") as lines, target.open("wb") as out:
        async for told in judge(read(lines), bench, weights, 2 * settings.concurrency, now):
            all_read = all_read and told.get("failure") is None
            out.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
    return all_read


def _bench(settings: JudgeSettings, source: Path, weights: WeightsFile, now: datetime) -> Bench:
    if settings.backend == "offline":
        return offline_bench().weighed(weights)
    rubrics = [load(path, Rubric) for path in sorted((STAGES / "judges/rubrics").glob("*.yaml"))]
    judging, prices = load(STAGES / "judges/judging.yaml", JudgingFile), price_book(STAGES / "ledger/contracts.yaml")
    models = models_of(judging, settings)
    bench = judging_bench(rubrics, judging, models, MemoryLedger(), prices, now=lambda: datetime.now(UTC))
    bench = bench.weighed(weights)
    with source.open("rb") as lines:
        found = (line.interaction("", now) for line in read(lines) if isinstance(line, Line))
        expected = estimate(found, bench.of, prices, at=now)
    sys.stderr.write(f"{settings.model}: {expected}\n")
    return bench


def models_of(judging: JudgingFile, main: JudgeSettings) -> dict[str, Model]:
    """The models that judging.yaml names, as the environment says where they are; raises `ConfigError`."""
    named = {name: main if name == MAIN else named_judge_from_environment(name) for name in sorted(judging.names)}
    return asked(named, judging)


def main(arguments: Sequence[str]) -> int:
    """The command: returns the exit status."""
    if len(arguments) != 2 or not all(arguments):
        sys.stderr.write("usage: python -m include.judge_file IN.jsonl OUT.jsonl (make judge FILE=... OUT=...)\n")
        return 2
    source, target = map(Path, arguments)
    try:
        settings = judge_from_environment()
        return 0 if asyncio.run(judge_file(source, target, settings, datetime.now(UTC))) else 1
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
