"""A rubric's file goes in; what a judge is asked by it, at what cost, and what it says of three interactions comes out.

`python -m include.rubric_check FILE [STORE_DSN]` (`make rubric-check FILE=...`), for the author of a rubric. The
interactions are the last ones of the store, or where there is none the rubric's own examples. The judge is the one of
`make judge`; without one, what would be sent is shown and nothing is. Exit status 0; 1 if the file is wrong or the
judge cannot be asked.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from include.adapters.postgres import connect
from include.adapters.postgres.scores import Scores
from include.adapters.yaml_file import load
from include.assembly import price_book
from include.domain.interaction import Interaction
from include.domain.score import Outcome, Score
from include.errors import AssayError, StoreError
from include.judge_file import models_of
from include.judges.build import judging_bench
from include.judges.estimate import CHARACTERS_PER_TOKEN, estimate
from include.judges.judging import JudgingFile
from include.judges.ledger import MemoryLedger
from include.judges.prompt import system, user
from include.judges.redaction import Redactor
from include.judges.rubric import Example, Rubric, normalised
from include.settings import STAGES, JudgeSettings, judge_from_environment

TRIED = 3
NO_JUDGE = "no judge is configured (JUDGE_BASE_URL and JUDGE_MODEL): nothing was sent, and no price is known"

_UNPRINTABLE = re.compile(r"[^\n\t\x20-\x7e\xa0-\U0010ffff]|[\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Tried:
    """Interactions to try a rubric on, and where they are from."""

    origin: str
    interactions: Sequence[Interaction]
    deserved: Sequence[float | None]


def from_store(dsn: str) -> Tried | None:
    """The last ones of the store; None where it cannot be read or holds none."""
    try:
        with connect(dsn) as connection:
            found = Scores(connection).latest(TRIED)
    except StoreError:
        return None
    return Tried("interactions of the store", found, [None] * len(found)) if found else None


def from_examples(rubric: Rubric, now: datetime) -> Tried:
    """The rubric's own examples, with the values that they deserve. A judge has read them: it ought to agree."""
    shown = rubric.examples[:TRIED]
    interactions = [_interaction(number, example, now) for number, example in enumerate(shown, start=1)]
    return Tried("examples of the rubric", interactions, [normalised(example.score) for example in shown])


def _interaction(number: int, example: Example, now: datetime) -> Interaction:
    return Interaction(
        interaction_id=f"example {number}",
        logged_at=now,
        occurred_at=now,
        project="",
        environment="file",
        user_input=example.user_input,
        response=example.response,
        retrieved_contexts=example.retrieved_contexts,
        reference=example.reference,
    )


def rendered(rubric: Rubric, tried: Tried, redactor: Redactor) -> list[str]:
    """The prompt, and how much of it is the same for every interaction."""
    constant = system(rubric, redactor.notice).content
    logged = [user(rubric, redactor(one)[0], b"").content for one in tried.interactions]
    lines = ["--- system, the same for every interaction", constant]
    if logged:
        lines += ["", f"--- user, the first of the {tried.origin}", logged[0]]
    length = len(constant) + (fmean(map(len, logged)) if logged else 0)
    return [
        *lines,
        "",
        f"prompt: about {length / CHARACTERS_PER_TOKEN:,.0f} tokens ({CHARACTERS_PER_TOKEN} characters each), of which "
        f"{len(constant) / length:.0%} are the same for every interaction: a provider's prompt cache can hold them",
    ]


async def check(
    rubric: Rubric, tried: Tried, judging: JudgingFile, settings: JudgeSettings, now: datetime
) -> list[str]:
    """What 1,000 such interactions cost, and what the judge says of these; raises `AssayError`."""
    prices = price_book(STAGES / "ledger/contracts.yaml")
    bench = judging_bench([rubric], judging, models_of(judging, settings), MemoryLedger(), prices, now=lambda: now)
    judge = bench.of("")[0]
    cost = estimate(tried.interactions, lambda _: [judge], prices, at=now).cost
    many = len(tried.interactions)
    told = "unknown, since a model's price is" if cost is None or not many else f"about {cost / many * 1000:.2f} USD"
    lines = [f"cost of 1,000 interactions with {settings.model}: {told}", "", f"tried on {many} {tried.origin}:"]
    async with bench.shared:
        outcomes = await asyncio.gather(*(judge.score(one) for one in tried.interactions))
    return lines + [_told(one, deserved) for one, deserved in zip(outcomes, tried.deserved, strict=True)]


def _told(outcome: Outcome, deserved: float | None) -> str:
    if not isinstance(outcome, Score):
        return f"  {outcome.interaction_id}: no score, {outcome.error_type.value}: {outcome.message}"
    against = "" if deserved is None else f" (deserves {deserved:.2f})"
    return f"  {outcome.interaction_id}: {outcome.value:.2f}{against} {outcome.explanation}"


def printable(text: str) -> str:
    """Text for a terminal: logged text may hold what moves its cursor or turns its lines around."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def run(path: Path, dsn: str | None, tell: Callable[[str], object], now: datetime) -> None:
    """The whole check, told line by line; raises `AssayError`."""
    rubric = load(path, Rubric)
    judging = load(STAGES / "judges/judging.yaml", JudgingFile)
    settings = judge_from_environment()
    tried = (from_store(dsn) if dsn else None) or from_examples(rubric, now)
    tell(f"{path}: {rubric.name}, version {rubric.version}\n")
    for line in rendered(rubric, tried, Redactor(judging.judging.redact)):
        tell(printable(line))
    if settings.backend == "offline":
        tell(NO_JUDGE)
        return
    for line in asyncio.run(check(rubric, tried, judging, settings, now)):
        tell(printable(line))


def main(arguments: Sequence[str]) -> int:
    """The command: returns the exit status."""
    if not arguments or not arguments[0]:
        sys.stderr.write("name the rubric: make rubric-check FILE=include/judges/rubrics/correctness.yaml\n")
        return 1
    try:
        run(Path(arguments[0]), arguments[1] if len(arguments) > 1 else None, print, datetime.now(UTC))
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
