"""A shard goes in; it comes out when providers' batches have answered what its judges ask, or were given up.

The wait is the triggerer's and holds no slot of a worker. All that it has to know travels with the trigger, in
identifiers and times, so that it goes on after any restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from airflow.sdk import BaseOperator, Context
from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.errors import AssayError
from include.judges.batch import GRACE
from include.schedule import POOL

ROUNDS = 3
"""Of batches: RAGAS's second step needs the answers of its first, and a malformed reply is asked for again."""


class BatchWait(BaseOperator):
    """Has a shard's calls answered in batches; returns how many rounds of them there were.

    `poll_s` is how often the provider is asked. It never fails for what a batch leaves out: scoring calls that live.
    """

    template_fields: Sequence[str] = ("shard",)

    def __init__(self, *, shard: Mapping[str, Any], poll_s: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shard = shard
        self.poll_s = poll_s

    def execute(self, context: Context) -> int:
        """Send the first round."""
        return self._send(1, None)

    def collect(self, context: Context, event: dict[str, Any]) -> int:
        """Fetch what came back, then wait on or send the next round."""
        from include import pipeline

        waited, number = event["waited"], event["number"]
        if left := pipeline.collect_batches(waited["batches"]):
            self._wait({**waited, "batches": left}, number)
        if number == ROUNDS:
            return ROUNDS
        return self._send(number + 1, waited["due_at"])

    def _send(self, number: int, due_at: str | None) -> int:
        from include import pipeline

        sent = pipeline.submit_batches(self.shard, due_at)
        if sent["batches"]:
            self._wait(sent, number)
        return number - 1

    def _wait(self, waited: Mapping[str, Any], number: int) -> NoReturn:
        self.log.info("round %d waits for %d batches, due at %s", number, len(waited["batches"]), waited["due_at"])
        self.defer(trigger=BatchesEnd(dict(waited), number, self.poll_s), method_name="collect")


def batched(shards: Any) -> Any:
    """A task `batch` for each shard that waits for its batches; none where there is no shard."""
    waits = BatchWait.partial(task_id="batch", pool=POOL, map_index_template="{{ task.shard['label'] }}")
    return waits.expand(shard=shards)


class BatchesEnd(BaseTrigger):
    """Fires when all batches have ended, when they are due and have to be cancelled, and when they were due long ago.

    `waited` names the `batches` and says when they are `due_at` (ISO 8601); it comes back with the event.
    """

    def __init__(self, waited: dict[str, Any], number: int, poll_s: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.waited, self.number, self.poll_s = waited, number, poll_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger`."""
        return f"{__name__}.BatchesEnd", {"waited": self.waited, "number": self.number, "poll_s": self.poll_s}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """See `BaseTrigger`; the store and the connections are asked in a thread, off the triggerer's event loop."""
        due_at = datetime.fromisoformat(self.waited["due_at"])
        until = due_at if datetime.now(UTC) < due_at else due_at + GRACE  # what was due is cancelled, and yet to end
        while True:
            await asyncio.sleep(self.poll_s)
            if datetime.now(UTC) >= until or await asyncio.to_thread(self._have_ended):
                yield TriggerEvent({"waited": self.waited, "number": self.number})  # type: ignore[no-untyped-call]
                return

    def _have_ended(self) -> bool:
        from include import pipeline

        try:
            return pipeline.batches_have_ended(self.waited["batches"])
        except AssayError as error:  # the store is away, or a connection is being mended: the batches do not mind
            self.log.warning("%s", error)
            return False
