"""The tasks of `summarize_costs`, in order: what was spent is summed, foretold and told. Each may run again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from include import settings as configuration
from include.adapters.postgres.budget_months import BudgetMonths
from include.adapters.postgres.cost_summaries import CostSummaries
from include.adapters.postgres.costs import Costs
from include.assembly import now, open_store
from include.domain.interaction import Window
from include.ledger.forecast import HISTORY
from include.spend_of_days import foretell, summaries
from include.telling import tell_digests, tell_messages

DAY = timedelta(days=1)
TOLD_AGAIN = 7
"""So many days before the one that is told are looked at again."""


def roll_up(start: datetime, end: datetime) -> int:
    """Sum what was spent on every day to which a row of `[start, end)` belongs, or of a window that settled meanwhile.

    Returns how many rows stand for the days.
    """
    settings = configuration.from_airflow()
    moment = now()
    with open_store(settings) as store:
        costs = Costs(store, settings.user_group)
        days = {day for window in (Window(start, end), *costs.unseen(moment)) for day in costs.days_of(window)}
        rows = 0
        for day in sorted(days):
            rows += costs.roll_up([day])
            store.commit()
        costs.saw(moment)
    return rows


def forecast(start: datetime) -> int:
    """Foretell what the month will cost by the end of the day that begins at `start`; returns for how many projects.

    So for the days of the week before where late rows changed what the month had cost until then.
    """
    settings = configuration.from_airflow()
    day = start.astimezone(UTC).date()
    with open_store(settings) as store:
        for back in range(TOLD_AGAIN, 0, -1):
            foretell(store, day - back * DAY, only_again=True)
        return foretell(store, day)


def tell(start: datetime) -> str:
    """Tell of the day that begins at `start` what was spent, and what routes want told once a day; returns lines.

    What was told of the days of the week before is made again, and edited, where what it was made from has changed.
    """
    settings = configuration.from_airflow()
    day = start.astimezone(UTC).date()
    days = [day - back * DAY for back in range(TOLD_AGAIN, -1, -1)]
    with open_store(settings) as store:
        log = CostSummaries(store)
        made_from = log.made_from(days, BudgetMonths(store).whole_days(days[0] - HISTORY, day), HISTORY)
        before = log.told(days[:-1])
        changed = [one for one in days[:-1] if made_from[one] != before.get(one)]
        earlier = [message for one in changed for message in summaries(settings, store, one)]
        messages = summaries(settings, store, day)
    told = tell_messages(settings, messages) + tell_messages(settings, earlier, edits_only=True)
    with open_store(settings) as store:
        CostSummaries(store).tell({one: made_from[one] for one in (*changed, day)})
    return "\n".join([*told, *tell_digests(settings, Window(start, start + DAY))])
