"""Judge calls go in, a batch of OpenAI's is made of them, and its replies come out (platform.openai.com, Batch API)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import aiohttp
import orjson

from include.adapters.llm.batches import Json, ProviderBatches, candidates, no_batches
from include.domain.batch import Batch, WantedCall, Whereabouts
from include.domain.llm import LLMReply

ENDED = ("completed", "failed", "expired", "cancelled")
CALLED = "/v1/chat/completions"
METADATA = "assay_batch"


class OpenAIBatches(ProviderBatches):
    """The Batch API beside a chat completions endpoint: a file of requests, a batch over it, a file of replies."""

    calls_lie = 2  # chat/completions
    most_requests, most_bytes = 50_000, 200_000_000
    """Of one batch (developers.openai.com/api/docs/guides/batch)."""

    price_share = Decimal("0.5")
    """Of the list price ("50% cost discount compared to synchronous APIs", the same page)."""

    def line(self, call: WantedCall) -> bytes:
        """The call as a line of the input file."""
        return orjson.dumps({"custom_id": call.key, "method": "POST", "url": CALLED, "body": self._body(call.request)})

    async def send(self, batch_key: str, lines: Sequence[bytes]) -> str:
        """The id of a new batch; raises `JudgeError`, after which it may exist if the error is retryable."""

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData({"purpose": "batch"})
            file, name = BytesIO(b"\n".join(lines)), f"{batch_key}.jsonl"
            data.add_field("file", file, filename=name, content_type="application/jsonl")
            return data

        order = {"endpoint": CALLED, "completion_window": "24h", "metadata": {METADATA: batch_key}}
        try:
            file = await self._door.post("files", data=form, json=False, again=True)
            made = await self._door.post("batches", data=lambda: orjson.dumps({**order, "input_file_id": file["id"]}))
        except LookupError as error:
            raise no_batches(error) from error
        return str(made["id"])

    async def find(self, batch: Batch, keys: Collection[str]) -> str | Whereabouts:
        """The id of the batch that carries the intended one's key as metadata."""
        async for one in candidates(self._door, ["batches"], "after", _created_at, batch):
            if (one.get("metadata") or {}).get(METADATA) == batch.batch_key:
                return str(one["id"])
        return Whereabouts.ABSENT

    async def ended(self, batch_id: str) -> str | None:
        """How the batch ended, or None while it is under way."""
        try:
            found = await self._door.get("batches", batch_id)
        except LookupError:
            return "no longer there"
        if found["status"] not in ENDED:
            return None
        errors = (found.get("errors") or {}).get("data") or []
        return ": ".join([found["status"], *(str(error.get("message")) for error in errors[:1])])

    async def cancel(self, batch_id: str) -> None:
        """Have it end within minutes, with the replies that it has; it must be under way."""
        await self._door.post("batches", batch_id, "cancel", data=lambda: None, again=True)

    async def replies(self, batch_id: str) -> AsyncGenerator[tuple[str, LLMReply | str], None]:
        """Key and reply of each request, or why there is none, in any order."""
        found = await self._door.get("batches", batch_id)
        for file in (found.get("output_file_id"), found.get("error_file_id")):
            if file:
                async for line in self._door.lines("files", file, "content"):
                    yield str(line["custom_id"]), self._reply(line)

    def _reply(self, line: Json) -> LLMReply | str:
        if error := line.get("error"):
            return str(error.get("message"))
        response = line["response"]
        return self._read(response["status_code"], {"x-request-id": response["request_id"]}, response["body"])


def _created_at(one: Json) -> datetime:
    return datetime.fromtimestamp(one["created_at"], UTC)
