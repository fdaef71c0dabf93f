"""The tasks of `summarize_costs`, in order: what was spent is summed, and told. Each may run again at any time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from include import settings as configuration
from include.adapters.postgres.costs import Costs
from include.assembly import open_store
from include.domain.interaction import Window
from include.reports.cost_summary import cost_message, first_day_needed, summarize
from include.telling import tell_digests, tell_message

SUMMED_BACK = timedelta(days=62)
"""How far back a day that a backfill brought is noticed: this month and the last."""


def roll_up(start: datetime, end: datetime) -> int:
    """Sum what was spent on every day to which a row of `[start, end)` belongs, and on days that nobody summed yet."""
    settings = configuration.from_airflow()
    with open_store(settings) as store:
        costs = Costs(store)
        late = Window(start - timedelta(days=settings.retry_days), end)  # rows released from quarantine lie back
        return costs.roll_up({*costs.days_of(late), *costs.never_summed(start - SUMMED_BACK)})


def tell(start: datetime) -> str:
    """Tell of the day that begins at `start` what was spent, and what routes want told once a day; returns lines."""
    settings = configuration.from_airflow()
    day = start.astimezone(UTC).date()
    with open_store(settings) as store:
        spend = summarize(day, Costs(store).between(first_day_needed(day), day))
    told = tell_message(settings, cost_message(spend, settings.ui_url))
    return "\n".join([told, *tell_digests(settings, Window(start, start + timedelta(days=1)))])
