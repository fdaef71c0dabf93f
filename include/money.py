"""The tasks of `summarize_costs`, in order: what was spent is summed, foretold and told. Each may run again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from include import settings as configuration
from include.adapters.postgres.costs import Costs
from include.assembly import now, open_store
from include.domain.interaction import Window
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

    What was told of the days of the week before is brought up to date where late rows changed it.
    """
    settings = configuration.from_airflow()
    day = start.astimezone(UTC).date()
    with open_store(settings) as store:
        earlier = [one for back in range(TOLD_AGAIN, 0, -1) for one in summaries(settings, store, day - back * DAY)]
        messages = summaries(settings, store, day)
    told = tell_messages(settings, messages) + tell_messages(settings, earlier, edits_only=True)
    return "\n".join([*told, *tell_digests(settings, Window(start, start + DAY))])
