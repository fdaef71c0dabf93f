"""Enters: the rows of an hour. Leaves: the same hour after what happens to logs rather than to answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import cycle
from random import Random
from typing import Literal
from uuid import UUID

from demo.world.conversation import Conditions, Conversation
from demo.world.model import Incident, LogRow, Truth

Logged = tuple[LogRow, Truth]
Corruption = Literal["repeated_id", "no_answer", "negative_tokens", "from_the_future"]

CORRUPT_SHARE = 0.65
CORRUPTIONS: tuple[Corruption, ...] = ("repeated_id", "no_answer", "negative_tokens", "from_the_future")
LOOP_PAUSE = timedelta(seconds=50)
LOOP_QUESTIONS = 20
LOOP_GROWTH = 1.075
"""Each call of the loop sends so many times the prompt of the one before: 1,700 tokens become 250,000 in 70 calls."""


def silence(logged: Iterator[Logged], incident: Incident) -> Iterator[Logged]:
    """Drop what would have been logged meanwhile."""
    return ((row, truth) for row, truth in logged if not incident.covers(truth.project, truth.logged_at))


def corrupt(logged: Sequence[Logged], incident: Incident, rng: Random) -> Iterator[Logged]:
    """Corrupt most rows of the incident; the broken client also writes each of those twice."""
    struck = [index for index, (_, truth) in enumerate(logged) if incident.covers(truth.project, truth.logged_at)]
    corrupted = rng.sample(struck, k=max(round(CORRUPT_SHARE * len(struck)), min(len(struck), len(CORRUPTIONS))))
    kinds = dict(zip(sorted(corrupted), cycle(CORRUPTIONS)))
    for index, (row, truth) in enumerate(logged):
        if index not in kinds:
            yield row, truth
            continue
        first = _corrupted(row, kinds[index], rng)
        again = first.copy()
        if kinds[index] != "repeated_id":
            again["interaction_id"] = str(UUID(int=rng.getrandbits(128), version=4))
        for broken in (first, again):
            yield (
                broken,
                Truth(
                    broken["interaction_id"],
                    broken["logged_at"],
                    truth.project,
                    "corrupt",
                    incident.name,
                    correct=False,
                    faithful=False,
                    professional=False,
                ),
            )


def _corrupted(row: LogRow, kind: Corruption, rng: Random) -> LogRow:
    row = row.copy()
    if kind == "no_answer":
        row["response"] = None
    elif kind == "negative_tokens":
        row["input_tokens"], row["output_tokens"] = -rng.randrange(1, 5_000), -1
    elif kind == "from_the_future":
        row["occurred_at"] = row["logged_at"] + timedelta(days=rng.uniform(2, 40))
    return row


def retry_loop(conversation: Conversation, incident: Incident, conditions: Conditions, rng: Random) -> Iterator[Logged]:
    """One conversation that goes on for the whole incident, each prompt longer than the last."""
    moment, growth, attempt = incident.starts_at + LOOP_PAUSE, 1.0, 1
    while moment < incident.ends_at:
        if len(conversation.known) >= LOOP_QUESTIONS:
            conversation.known.clear()
        row, truth = conversation.turn(moment, conditions, rng)
        if row["input_tokens"] is not None:
            row["input_tokens"], row["cached_input_tokens"] = round(row["input_tokens"] * growth), 0
        row["attributes"]["attempt"] = attempt
        yield row, truth
        moment += LOOP_PAUSE * rng.uniform(0.8, 1.2)
        growth *= LOOP_GROWTH
        attempt += 1
