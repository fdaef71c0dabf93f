"""Judge calls that were paid for, as rows of `assay.judge_calls`, and the claims of those that are being made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from decimal import Decimal
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row

from include.adapters.postgres.text import storable
from include.domain.cost import Spend
from include.domain.llm import CallMode, CallPurpose, JudgeCall, LLMReply, SparedCall
from include.domain.score import Usage

RECORD = """
    INSERT INTO assay.judge_calls (request_hash, project, dimension, judge, provider_name, request_model,
        response_model, outcome, reply, finish_reason, request_id, input_tokens, output_tokens, cached_input_tokens,
        reasoning_tokens, cache_write_tokens, cost, latency_ms, called_at, mode, tail)
    SELECT request_hash, project, dimension, judge, provider_name, request_model, response_model, outcome, reply,
        finish_reason, request_id, input_tokens, output_tokens, cached_input_tokens, reasoning_tokens,
        cache_write_tokens, cost, latency_ms, called_at, mode, tail
    FROM json_populate_recordset(NULL::assay.judge_calls, %s::json) ORDER BY request_hash
    ON CONFLICT (request_hash) DO NOTHING"""

SPARED = """
    INSERT INTO assay.judge_cache_daily AS d (day, project, dimension, judge, model, hits, unpriced, saved)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (day, project, dimension, judge, model) DO UPDATE SET hits = d.hits + excluded.hits,
        unpriced = d.unpriced + excluded.unpriced, saved = d.saved + excluded.saved"""

TOKENS = ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens", "cache_write_tokens")


class JudgeCalls:
    """The call ledger in a store. `connection` is its own for as long as calls are made: it commits by itself.

    A claim is an advisory lock of the session, so that it ends when its worker dies, at once and without a lease.
    A pooler that shares sessions between transactions (PgBouncer in transaction mode) would break that.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        connection.commit()
        connection.autocommit = True  # each statement commits by itself, which saves two round trips out of three
        self._connection = connection

    def claim(self, keys: Sequence[str]) -> dict[str, JudgeCall | None]:
        """See `CallLedger`."""
        locks = self._connection.execute(
            "SELECT key, pg_try_advisory_lock(hashtextextended(key, 0)) FROM unnest(%s::text[]) AS key", (list(keys),)
        ).fetchall()
        # Looked up by a later statement: whoever held a lock before us has committed by now, and it is seen.
        with self._connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute("SELECT * FROM assay.judge_calls WHERE request_hash = ANY(%s)", (list(keys),))
            recorded = {row["request_hash"]: _call(row) for row in rows}
        claimed = [key for key, is_ours in locks if is_ours]
        self.release([key for key in claimed if key in recorded])
        return {**dict.fromkeys(claimed), **recorded}

    def record(self, calls: Sequence[JudgeCall]) -> None:
        """See `CallLedger`; the first record of a key stays."""
        self._connection.execute(RECORD, (orjson.dumps([_row(call) for call in calls]).decode(),))
        self.release([call.key for call in calls])

    def release(self, keys: Sequence[str]) -> None:
        """See `CallLedger`."""
        if keys:
            self._connection.execute(
                "SELECT pg_advisory_unlock(hashtextextended(key, 0)) FROM unnest(%s::text[]) AS key", (list(keys),)
            )

    def spared(self, calls: Mapping[SparedCall, Spend]) -> None:
        """See `CallLedger`."""
        rows = [
            (one.day, *astuple(one.purpose), one.model, spend.calls, spend.unpriced, spend.known)
            for one, spend in calls.items()
        ]
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(SPARED, sorted(rows))  # in order of the key, so that no two workers wait in a circle


def _row(call: JudgeCall) -> dict[str, Any]:
    usage = call.reply.usage
    return {
        "request_hash": call.key,
        "project": call.purpose.project,
        "dimension": call.purpose.dimension,
        "judge": call.purpose.judge,
        "provider_name": call.provider_name,
        "request_model": call.request_model,
        "response_model": _storable(call.reply.response_model),
        "outcome": call.outcome,
        "reply": storable(call.reply.content),
        "finish_reason": _storable(call.reply.finish_reason),
        "request_id": _storable(call.reply.request_id),
        **{name: getattr(usage, name, None) for name in TOKENS},  # unknown is not 0
        "cost": None if call.cost is None else str(call.cost),
        "latency_ms": call.reply.latency_ms,
        "called_at": call.called_at,
        "mode": call.mode.value,
        "tail": [(storable(token), logprob) for token, logprob in call.reply.tail] or None,
    }


def _storable(text: str | None) -> str | None:
    return text if text is None else storable(text)


def _call(row: dict[str, Any]) -> JudgeCall:
    cost: Decimal | None = row["cost"]
    usage = Usage(*(row[name] or 0 for name in TOKENS)) if row["input_tokens"] is not None else None
    return JudgeCall(
        key=row["request_hash"],
        purpose=CallPurpose(row["project"], row["dimension"], row["judge"]),
        provider_name=row["provider_name"],
        request_model=row["request_model"],
        outcome=row["outcome"],
        reply=LLMReply(
            content=row["reply"],
            finish_reason=row["finish_reason"],
            usage=usage,
            response_model=row["response_model"],
            request_id=row["request_id"],
            latency_ms=row["latency_ms"],
            tail=tuple((token, logprob) for token, logprob in row["tail"] or ()),
        ),
        cost=cost,
        called_at=row["called_at"],
        mode=CallMode(row["mode"]),
    )
