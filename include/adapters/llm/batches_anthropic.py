"""Judge calls go in, a Message Batch of Anthropic's is made of them, and its replies come out (platform.claude.com)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from datetime import datetime
from decimal import Decimal
from io import BytesIO

import orjson

from include.adapters.llm.batches import Json, ProviderBatches, candidates, no_batches
from include.domain.batch import Batch, WantedCall, Whereabouts
from include.domain.llm import LLMReply

PATH = ("messages", "batches")


class AnthropicBatches(ProviderBatches):
    """The Message Batches API beside the Messages API: requests go in one body, results come as a file.

    Its batches carry no metadata. What tells ours from others is the `custom_id` of their requests, which are the
    ledger's keys; but those are shown only with the results, when a batch has ended.
    """

    most_requests, most_bytes = 100_000, 256_000_000
    """Of one batch (platform.claude.com/docs/en/build-with-claude/batch-processing)."""

    price_share = Decimal("0.5")
    """Of the list price ("reducing costs by 50%", the same page)."""

    def line(self, call: WantedCall) -> bytes:
        """The call as one of the batch's requests; the key fits the 64 characters that a `custom_id` may have."""
        return orjson.dumps({"custom_id": call.key, "params": self._body(call.request)})

    async def send(self, batch_key: str, lines: Sequence[bytes]) -> str:
        """The id of a new batch; raises `JudgeError`, after which it may exist if the error is retryable."""
        body = b'{"requests":[' + b",".join(lines) + b"]}"
        try:
            made = await self._door.post(*PATH, data=lambda: BytesIO(body))
        except LookupError as error:
            raise no_batches(error) from error
        return str(made["id"])

    async def find(self, batch: Batch, keys: Collection[str]) -> str | Whereabouts:
        """The id of the batch whose results bear our keys; unclear while one of the right age and size goes on."""
        found: str | Whereabouts = Whereabouts.ABSENT
        async for one in candidates(self._door, PATH, "after_id", _created_at, batch):
            if sum(one["request_counts"].values()) != len(keys):
                continue
            if one["processing_status"] != "ended":
                found = Whereabouts.UNCLEAR
                continue
            async with aclosing(self._door.lines(*PATH, one["id"], "results")) as lines:
                if (await anext(lines))["custom_id"] in keys:
                    return str(one["id"])
        return found

    async def ended(self, batch_id: str) -> str | None:
        """How the batch ended, or None while it is under way."""
        try:
            found = await self._door.get(*PATH, batch_id)
        except LookupError:
            return "no longer there"
        if found["processing_status"] != "ended":
            return None
        return ", ".join(f"{count} {what}" for what, count in found["request_counts"].items() if count)

    async def cancel(self, batch_id: str) -> None:
        """Have it end soon, with the replies that it has; it must be under way."""
        await self._door.post(*PATH, batch_id, "cancel", data=lambda: None, again=True)

    async def replies(self, batch_id: str) -> AsyncGenerator[tuple[str, LLMReply | str], None]:
        """Key and reply of each request, or why there is none, in any order."""
        async for line in self._door.lines(*PATH, batch_id, "results"):
            yield str(line["custom_id"]), self._reply(line["result"])

    def _reply(self, result: Json) -> LLMReply | str:
        if result["type"] == "errored":
            return str(result["error"])
        return self._read(200, {}, result["message"]) if result["type"] == "succeeded" else str(result["type"])


def _created_at(one: Json) -> datetime:
    return datetime.fromisoformat(one["created_at"])
