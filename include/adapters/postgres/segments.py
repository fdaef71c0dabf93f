"""Interactions, scores and failures go in, hourly tallies of every measure come out, by segment and by attribute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from include.adapters.postgres import tallies
from include.domain.interaction import Window
from include.domain.run import Epochs
from include.domain.score import FailureType, ScoreSource
from include.domain.segment import AMOUNT_EDGES, AMOUNTS, SCORE_BINS, whole_hours
from include.domain.series import SegmentRows

*EITHER, QUARANTINE = Path(__file__).with_name("segments.sql").read_text().rstrip(";\n ").split(";\n")
"""Statements that count segments and slices alike, and the one that rows in quarantine take, which have no model."""
COUNT_LOGGED = [one for one in EITHER if "${sums}" in one]
FORGET_MONEY = "DELETE FROM ${table} WHERE hour >= %(start)s AND hour < %(end)s AND measure = ANY(%(money)s) ${only}"
PLACES = Path(__file__).with_name("slices.sql").read_text()
PLACES_OF_A_PROJECT = 20
"""How many values of an attribute are counted by themselves; the others are `other`."""
JUDGES = [source.value for source in ScoreSource if source not in (ScoreSource.HUMAN, ScoreSource.END_USER)]
"""What people say is compared with the judges; it is no part of what is watched."""
REFUSALS = ["content_filter", "content_filtered", "refusal", "safety", "prohibited_content", "blocklist", "spii"]
REFUSALS += ["guardrail_intervened", "guardrails", "error_toxic"]
"""`finish_reason` of an answer that the model, its provider or a guardrail refused: OpenAI's, Anthropic's, Gemini's,
Bedrock's and Cohere's words, in small letters. What an assistant declines in words of its own is not told apart."""
LOGGED = (
    *("volume", "error", "refusal", "feedback", "negative_feedback", "spend", "unpriced", "bill_differs"),
    *(*AMOUNTS, "user_input_chars", "cached_input_tokens"),
)
UNBINNED = {*LOGGED, "quarantine", "failure"} - {*AMOUNTS}
"""Measures of which only sums are kept."""
MONEY = ("spend", "unpriced", "bill_differs")
"""Those of them that another price changes."""


def sums(measures: Sequence[str]) -> dict[str, str]:
    """What the statement that counts logged measures is told of them."""
    parts, rows = [], []
    for one in measures:
        parts.append(
            f"count({one}) AS {one}_n, sum({one}) AS {one}_total, sum({one} * {one}) AS {one}_sq, "
            f"min({one}) AS {one}_low, max({one}) AS {one}_high"
        )
        if one in AMOUNTS:
            parts.append(f"array_agg(width_bucket({one}, %(edges)s)) FILTER (WHERE {one} IS NOT NULL) AS {one}_places")
        places = f"{one}_places" if one in AMOUNTS else "NULL::int[]"
        rows.append(f"('{one}', {one}_n, {one}_total, {one}_sq, {one}_low, {one}_high, {places})")
    return {"sums": ", ".join(parts), "measured": ", ".join(rows)}


BY_SEGMENT = {
    "table": "assay.segments_hourly",
    "model": "coalesce(response_model, request_model, '')",
    "version": "coalesce(prompt_version, '')",
    "only": "",
    **sums(LOGGED),
}
VALUE = "coalesce(left(attributes ->> %(name)s, 100), '')"
LANGUAGE = "coalesce(left(split_part(replace(lower(trim(attributes ->> 'language')), '_', '-'), '-', 1), 20), '')"
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""A midnight from which steps are counted."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('assay.segments_daily', 0))"
"""As in `assay.sum_days`, but before hours are written: two that write hours of one day could wait for each other."""


class Segments:
    """The segments in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def hold(self) -> None:
        """Keep others from computing tallies, until the transaction ends: before what they are made of is read."""
        self._connection.execute(LOCK)

    def rebuild(self, window: Window, epochs: Epochs, weights_version: str, attributes: Sequence[str] = ()) -> None:
        """Compute all tallies of the hours that the window touches anew; safe to call again.

        `epochs` and `weights_version` say whose scores; those of other judges stay as they are. `attributes` are the
        columns (`language`, `attributes.<name>`) by which tallies are kept as well.
        """
        hours = whole_hours(window)
        arguments = {
            "start": hours.start,
            "end": hours.end,
            "epochs": Jsonb(epochs.to_json()),
            "ids": [*epochs.ids],
            "weights_version": weights_version,
            "judges": JUDGES,
            "judges_faults": [error.value for error in FailureType if error.is_judges_fault],
            "bins": SCORE_BINS,
            "edges": [*AMOUNT_EDGES],
            "refusals": REFUSALS,
        }
        self._connection.execute(LOCK)
        self._count([*EITHER, QUARANTINE], BY_SEGMENT, arguments)
        for attribute in attributes:
            words, own = self._slice(attribute, arguments)
            self._count([PLACES], words, {**own, "places": PLACES_OF_A_PROJECT})
            self._count(EITHER, *self._slice(attribute, arguments))  # with the places that were given just now
        self._connection.execute("SELECT assay.sum_days(%s, %s)", (hours.start, hours.end))

    def recount_money(self, window: Window, attributes: Sequence[str] = ()) -> None:
        """Compute the tallies of `MONEY` anew, of the hours that the window touches, after prices have changed."""
        hours = whole_hours(window)
        arguments = {"start": hours.start, "end": hours.end, "refusals": REFUSALS, "money": [*MONEY]}
        self._connection.execute(LOCK)
        for words, given in [(BY_SEGMENT, arguments), *(self._slice(one, arguments) for one in attributes)]:
            self._count([FORGET_MONEY, *COUNT_LOGGED], {**words, **sums(MONEY)}, given)
        self._connection.execute("SELECT assay.sum_days(%s, %s)", (hours.start, hours.end))

    def _slice(self, attribute: str, arguments: Mapping[str, object]) -> tuple[dict[str, str], dict[str, object]]:
        """What the statements are told to count by an attribute, and their arguments."""
        value = LANGUAGE if attribute == "language" else VALUE
        known = self._connection.execute(
            """SELECT project, jsonb_object_agg(value, value) FROM assay.slice_places
               WHERE attribute = %s GROUP BY project""",
            (attribute,),
        )
        own = f"coalesce(%(places)s::jsonb -> project ->> {value}, CASE {value} WHEN '' THEN '' ELSE 'other' END)"
        by_slice = {
            **BY_SEGMENT,
            "table": "assay.slices_hourly",
            "model": "%(attribute)s::text",
            "version": own,
            "only": "AND attribute = %(attribute)s",
            "value": value,
        }
        places, name = Jsonb(dict(known.fetchall())), attribute.removeprefix("attributes.")
        return by_slice, {**arguments, "attribute": attribute, "name": name, "places": places}

    def _count(self, statements: Sequence[str], words: Mapping[str, str], arguments: Mapping[str, object]) -> None:
        with self._connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(Template(statement).substitute(words).encode(), arguments)

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> SegmentRows:
        """The tallies of the hours of the window, added up by `by`, epoch and `step`, counted from midnight (UTC).

        `by` may name one attribute that is counted, beside project and environment.
        """
        attribute = next((column for column in by if column == "language" or column.startswith("attributes.")), None)
        columns = ["value" if column == attribute else column for column in by]
        number = len(AMOUNT_EDGES) + 1 if measure in AMOUNTS else 0 if measure in UNBINNED else SCORE_BINS
        by_day = step == DAY and not any((moment - BEGINNING) % DAY for moment in (window.start, window.end))
        at = sql.Identifier("day" if by_day else "hour")
        starts_at: sql.Composable = (
            at if by_day or step == HOUR else sql.SQL("date_bin({}, hour, {})").format(step, BEGINNING)
        )
        # Of a project there is about one row for each line: those are added up here, twenty of many projects there.
        as_kept = "project" in by
        query = sql.SQL(
            """SELECT segment, epoch, array_agg(line)
               FROM (SELECT ARRAY[{by}]::text[] AS segment, epoch, {line} AS line
                     FROM {table}
                     WHERE measure = %(measure)s AND {at} >= %(start)s AND {at} < %(end)s {only}
                     {grouped}) AS lines
               GROUP BY segment, epoch"""
        ).format(
            by=_columns(columns),
            line=(tallies.kept if as_kept else tallies.summed)(starts_at, number),
            at=at,
            table=sql.Identifier("assay", f"{'slices' if attribute else 'segments'}_{'daily' if by_day else 'hourly'}"),
            only=sql.SQL("AND attribute = %(attribute)s" if attribute else ""),
            grouped=sql.SQL("" if as_kept else "GROUP BY {starts_at}, {group} epoch").format(
                starts_at=starts_at, group=_columns(columns, trailing=True)
            ),
        )
        arguments = {"measure": measure, "start": window.start, "end": window.end, "attribute": attribute}
        return tallies.read(self._connection, query, arguments)

    def read_each(self, measure: str, windows: Sequence[Window], by: Sequence[str]) -> SegmentRows:
        """The tallies of whole windows, without bins, by `by` and epoch; a row starts when its window does."""
        attribute = next((column for column in by if column == "language" or column.startswith("attributes.")), None)
        columns = ["value" if column == attribute else column for column in by]
        query = sql.SQL(
            """SELECT segment, epoch, array_agg(line)
               FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS w (begins, ends), LATERAL (
                   SELECT ARRAY[{by}]::text[] AS segment, epoch, {line} AS line FROM {table}
                   WHERE measure = %(measure)s AND hour >= begins AND hour < ends {only}
                   GROUP BY {group} epoch) AS each_window
               GROUP BY segment, epoch"""
        ).format(
            by=_columns(columns),
            line=tallies.summed(sql.SQL("begins"), 0),
            table=sql.SQL("assay.slices_hourly" if attribute else "assay.segments_hourly"),
            only=sql.SQL("AND attribute = %(attribute)s" if attribute else ""),
            group=_columns(columns, trailing=True),
        )
        starts, ends = [one.start for one in windows], [one.end for one in windows]
        return tallies.read(
            self._connection, query, {"measure": measure, "starts": starts, "ends": ends, "attribute": attribute}
        )

    def settled_hours(self, window: Window) -> set[datetime]:
        """The hours of the window that lie in a settled run, so that an empty one means that nothing was logged."""
        rows = self._connection.execute(
            """SELECT DISTINCT hour
               FROM assay.runs, generate_series(date_trunc('hour', greatest(window_start, %(start)s), 'UTC'),
                                                least(window_end, %(end)s) - interval '1 us', interval '1 hour') hour
               WHERE status = 'settled' AND window_start < %(end)s AND window_end > %(start)s""",
            {"start": window.start, "end": window.end},
        )
        return {hour for (hour,) in rows}


def _columns(by: Sequence[str], *, trailing: bool = False) -> sql.Composable:
    joined = sql.SQL(", ").join(map(sql.Identifier, by))
    return joined + sql.SQL(",") if trailing and by else joined
