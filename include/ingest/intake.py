"""A staged window goes in; each of its rows ends as an interaction or in quarantine, priced and drawn by lot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from include.domain.intake import Admitted, Decision, Facts, Findings
from include.domain.ports import Intake, PriceBook
from include.domain.price import BillableCall
from include.domain.score import Usage
from include.errors import BatchRefused
from include.ingest.language import detect
from include.ingest.sample import lot
from include.ingest.strata import SamplingPlan

WHOLE_BATCH = 20
"""From this many rows on, an expectation that refuses every one says that the log has changed, not the rows."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Who decides on a row: the suite (see `validate.Suite.check`), the price book, and who is judged.

    `in_usd` tells what a sum in a currency was worth at a moment, None where nobody knows. `detect` tells the language
    of an answer, where the plan asks for it and the application did not log it.
    """

    check: Callable[[Sequence[Facts], dict[str, float]], Findings]
    prices: PriceBook
    in_usd: Callable[[Decimal, str | None, datetime], Decimal | None]
    plan: SamplingPlan
    detect: Callable[[str], str] = detect


def take_in(run_id: str, source: str, intake: Intake, desk: Desk, now: datetime) -> tuple[Admitted, tuple[str, ...]]:
    """Decide on every staged row of the run; returns how many went where, and what the suite warned of.

    Raises `BatchRefused` where one expectation refuses every row of a window of `WHOLE_BATCH` rows or more; the
    caller's transaction then ends with nothing written.
    """
    bounds = volume_bounds(intake.usual_volume(run_id))
    rows, refusals, warnings = 0, Counter[str](), dict[str, str]()
    for facts in intake.facts(run_id, source, excerpts=desk.plan.reads_language):
        findings = desk.check(facts, bounds)
        intake.decide(decide(facts, findings, desk))
        rows += len(facts)
        refusals.update(name for names in findings.refused.values() for name in names)
        refusals.update(f"wrong type of {field}" for row in facts for field in row.malformed.split(", ") if field)
        for warning in findings.warnings:  # of each expectation the first, however long the window is
            warnings.setdefault(warning.partition(":")[0], warning)
    _refuse_whole_batch(run_id, rows, refusals)
    return intake.admit(run_id, source, now, desk.plan.floor), tuple(warnings.values())


def decide(facts: Sequence[Facts], findings: Findings, desk: Desk) -> Iterator[Decision]:
    """What becomes of each row."""
    for row in facts:
        if refused_by := findings.refused.get(row.row_key):
            yield Decision(row.row_key, refused_by)
        else:
            assert row.interaction_id is not None, "the suite refuses a row without an id"
            assert row.occurred_at is not None, "and one without its time"
            part = desk.plan.part(row, desk.detect)
            price = desk.prices.price(billable(row, row.occurred_at))
            billed = row.billed_cost
            yield Decision(
                row.row_key,
                cost=price.usd if price else None,
                price_source=price.source if price else None,
                billed_cost=None if billed is None else desk.in_usd(billed, row.billed_currency, row.occurred_at),
                stratum=part.stratum,
                always=part.always is not None,
                rate=part.rate,
                lot=lot(row.interaction_id),
            )


def billable(row: Facts, at: datetime) -> BillableCall:
    """The row's call, with the model that answered, or where that was not logged the one that was asked.

    A kind of tokens that was not logged is not told apart from the others of its prompt or answer.
    """
    usage = None
    if row.input_tokens is not None and row.output_tokens is not None:
        usage = Usage(
            row.input_tokens,
            row.output_tokens,
            row.cached_input_tokens or 0,
            row.reasoning_tokens or 0,
            row.cache_write_tokens or 0,
            row.input_audio_tokens or 0,
            row.output_audio_tokens or 0,
        )
    model = row.response_model or row.request_model
    return BillableCall(row.provider_name, model, usage, at, row.project or "", row.latency_ms, row.images)


def volume_bounds(past: Sequence[int]) -> dict[str, float]:
    """From half the smallest to twice the largest count of the same hours in past weeks; {} with fewer than two."""
    if len(past) < 2:
        return {}
    return {"volume_low": min(past) / 2, "volume_high": max(past) * 2}


def _refuse_whole_batch(run_id: str, rows: int, refusals: Counter[str]) -> None:
    everywhere = sorted(name for name, count in refusals.items() if count == rows >= WHOLE_BATCH)
    if everywhere:
        raise BatchRefused(
            f"window {run_id} refused: all {rows} rows fail {', '.join(everywhere)}. Remedy: the log's schema or its "
            "mapping has changed; mend either and clear the task (nothing of the window was stored)"
        )
