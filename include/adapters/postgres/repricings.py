"""Acts of repricing go in; interactions get other prices, batch by batch, and `assay.repricings` keeps who did it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from include.domain.interaction import Window
from include.domain.price import BillableCall
from include.domain.repricing import Act, CallCost, PastCall, Place, Progress, Repriced
from include.domain.score import Usage
from include.errors import RepricingRefused

BATCH = 2_000
"""Calls priced in one transaction."""

WHICH = """occurred_at >= %(start)s AND occurred_at < %(end)s AND (%(project)s::text IS NULL OR project = %(project)s)
           AND logged_at >= %(start)s - interval '1 day'"""
"""As in the sums by day, nothing is taken to be logged more than a day before its own time."""

CALLS = f"""
    SELECT interaction_id, logged_at, occurred_at, project, provider_name,
           coalesce(response_model, request_model) AS model, input_tokens, output_tokens, cached_input_tokens,
           reasoning_tokens, cache_write_tokens, input_audio_tokens, output_audio_tokens, images, latency_ms,
           cost, price_source, billed_amount, billed_currency, billed_cost
    FROM assay.interactions
    WHERE {WHICH} AND occurred_at >= %(since)s
      AND (%(at)s::timestamptz IS NULL
           OR (occurred_at, interaction_id, logged_at) > (%(at)s, %(id)s, %(logged)s))
    ORDER BY occurred_at, interaction_id, logged_at LIMIT %(limit)s"""  # noqa: S608

TOKENS = ("cached_input_tokens", "reasoning_tokens", "cache_write_tokens", "input_audio_tokens", "output_audio_tokens")

UNFINISHED = """
    SELECT repricing_id, interactions, changed, cost_before, cost_after, unpriced_before, unpriced_after, reached
    FROM assay.repricings
    WHERE finished_at IS NULL AND (window_start, window_end, prices) = (%(start)s, %(end)s, %(prices)s)
      AND project IS NOT DISTINCT FROM %(project)s
    ORDER BY repricing_id DESC LIMIT 1"""


class Repricings:
    """The acts in a store; `connection` is its own, and committed at the end of each batch."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def begin(self, act: Act, now: datetime) -> Progress:
        """A new act, or where the same act stopped if it was broken off; nobody else reprices meanwhile.

        Raises `RepricingRefused` where somebody does.
        """
        lock = "SELECT pg_try_advisory_lock(hashtextextended('assay.repricings', 0))"
        if self._connection.execute(lock).fetchone() == (False,):
            raise RepricingRefused("somebody else reprices just now. Remedy: wait until that is done, and ask again")
        found = self._connection.execute(UNFINISHED, _names(act)).fetchone()
        if found:
            number, *counts, reached = found
            return Progress(number, Repriced(*counts), _place(reached) if reached else None)
        (number,) = self._connection.execute(
            """INSERT INTO assay.repricings (at, who, why, window_start, window_end, project, prices, interactions,
                                             changed, cost_before, cost_after, unpriced_before, unpriced_after)
               VALUES (%(now)s, %(who)s, %(why)s, %(start)s, %(end)s, %(project)s, %(prices)s, 0, 0, 0, 0, 0, 0)
               RETURNING repricing_id""",
            {**_names(act), "now": now},
        ).fetchone() or (0,)
        self._connection.commit()
        return Progress(number)

    def calls(self, act: Act, after: Place | None, *, locked: bool, limit: int = BATCH) -> list[PastCall]:
        """The next calls after that place, in order; `locked` keeps others from changing them until the batch ends."""
        at, name, logged = after or (None, None, None)
        since = at or act.window.start  # by which the index is entered, whatever comes after it
        arguments = {**_names(act), "since": since, "at": at, "id": name, "logged": logged, "limit": limit}
        query = f"{CALLS} FOR NO KEY UPDATE" if locked else CALLS
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return [_past(row) for row in cursor.execute(query.encode(), arguments)]

    def save(self, progress: Progress, changed: Iterable[tuple[PastCall, CallCost]]) -> None:
        """Give calls their prices, and note how far the act has come, in one transaction."""
        rows = [
            (past.interaction_id, past.logged_at, after.cost, after.price_source, after.billed_cost)
            for past, after in changed
        ]
        if rows:
            ids, logged, costs, sources, billed = (list(column) for column in zip(*rows, strict=True))
            self._connection.execute(
                """UPDATE assay.interactions i SET cost = n.cost, price_source = n.source, billed_cost = n.billed
                   FROM unnest(%s::text[], %s::timestamptz[], %s::numeric[], %s::text[], %s::numeric[])
                        AS n (id, logged, cost, source, billed)
                   WHERE (i.interaction_id, i.logged_at) = (n.id, n.logged)
                     AND i.logged_at BETWEEN %s AND %s""",
                (ids, logged, costs, sources, billed, min(logged), max(logged)),
            )
        total = progress.total
        self._connection.execute(
            """UPDATE assay.repricings SET interactions = %s, changed = %s, cost_before = %s, cost_after = %s,
                   unpriced_before = %s, unpriced_after = %s, reached = %s WHERE repricing_id = %s""",
            (
                *(total.interactions, total.changed, total.cost_before, total.cost_after),
                *(total.unpriced_before, total.unpriced_after),
                [str(part) for part in progress.reached or ()],
                progress.number,
            ),
        )
        self._connection.commit()

    def give_up(self) -> None:
        """Undo what the batch has done so far."""
        self._connection.rollback()

    def logged_hours(self, act: Act) -> list[Window]:
        """The hours in which the act's calls were logged, those that follow each other on one day as one."""
        query = f"SELECT DISTINCT date_trunc('hour', logged_at, 'UTC') FROM assay.interactions WHERE {WHICH} ORDER BY 1"  # noqa: S608
        spans: list[Window] = []
        for (hour,) in self._connection.execute(query.encode(), _names(act)):
            end = hour + timedelta(hours=1)
            if spans and spans[-1].end == hour and hour.hour:
                spans[-1] = Window(spans[-1].start, end)
            else:
                spans.append(Window(hour, end))
        return spans

    def finish(self, progress: Progress, now: datetime) -> None:
        """Note that everything that follows from the act is done, too."""
        self._connection.execute(
            "UPDATE assay.repricings SET finished_at = %s WHERE repricing_id = %s", (now, progress.number)
        )
        self._connection.commit()


def _names(act: Act) -> dict[str, Any]:
    return {
        "who": act.who,
        "why": act.why,
        "start": act.window.start,
        "end": act.window.end,
        "project": act.project,
        "prices": act.prices,
    }


def _place(reached: list[str]) -> Place:
    at, name, logged = reached
    return datetime.fromisoformat(at), name, datetime.fromisoformat(logged)


def _past(row: dict[str, Any]) -> PastCall:
    usage = None
    if row["input_tokens"] is not None and row["output_tokens"] is not None:
        usage = Usage(row["input_tokens"], row["output_tokens"], *(row[kind] or 0 for kind in TOKENS))
    return PastCall(
        interaction_id=row["interaction_id"],
        logged_at=row["logged_at"],
        call=BillableCall(
            row["provider_name"],
            row["model"],
            usage,
            row["occurred_at"],
            row["project"],
            row["latency_ms"],
            row["images"],
        ),
        billed_amount=row["billed_amount"],
        billed_currency=row["billed_currency"],
        cost=CallCost(row["cost"], row["price_source"], row["billed_cost"]),
    )
