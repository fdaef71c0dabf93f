"""Which days `roll_up` of summarize_costs sums anew: those that changed, wherever they lie, and no others."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from include import money, pipeline
from include.assembly import now
from tests.fakes.installation import DAY, HOUR, NINE, Installation, row, rows

MIDNIGHT = NINE.replace(hour=0)
BY_DAY = "SELECT day, sum(calls)::bigint, sum(cost) FROM costs_daily GROUP BY day ORDER BY day"
BY_ROWS = "SELECT occurred_at::date, count(*), sum(cost) FROM interactions GROUP BY 1 ORDER BY 1"


def roll_up(day: datetime = MIDNIGHT) -> int:
    return money.roll_up(day, day + DAY)


def test_a_late_row_corrects_its_own_day_and_a_backfill_is_summed_though_nobody_runs_its_day(
    assay: Installation,
) -> None:
    assay.log(*rows(4, NINE))
    assay.run()
    roll_up()
    assay.log(row(50, NINE + DAY, occurred_at=NINE - 2 * DAY))
    assay.run(NINE + DAY)
    roll_up(MIDNIGHT + DAY)
    assert [calls for _, calls, _ in assay.ask(BY_DAY)] == [1, 4]
    assay.log(*rows(3, NINE - 20 * DAY), *rows(2, NINE - 2 * DAY))
    assay.run(NINE - 20 * DAY, NINE, live=False)
    roll_up(MIDNIGHT + 2 * DAY)
    assert [calls for _, calls, _ in assay.ask(BY_DAY)] == [3, 3, 4]
    assert assay.ask(BY_DAY) == assay.ask(BY_ROWS)


def test_a_row_let_out_of_quarantine_is_in_the_sums_of_its_day_however_old_it_is(assay: Installation) -> None:
    old = NINE - 30 * DAY
    assay.log(*rows(3, old), row(4, old, response=None), *rows(2, NINE))
    assay.run(old, live=False)
    assay.run()
    roll_up()
    moment = now()
    [(key,)] = assay.ask("SELECT row_key FROM quarantine")
    with psycopg.connect(assay.store) as store:  # everything was summed long before
        store.execute("UPDATE assay.runs SET settled_at = %s", (moment - 3 * DAY,))
        store.execute("UPDATE assay.costs_seen SET at = %s", (moment - DAY,))
    assert pipeline.release_rows([key], {"response": "The pool opens at 9:00."}) == 1
    roll_up()
    assert [calls for _, calls, _ in assay.ask(BY_DAY)] == [4, 2]


def test_days_whose_rows_were_dropped_keep_their_sums(assay: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = now() - timedelta(days=200)
    assay.log(*rows(3, long_ago.replace(hour=9, minute=0, second=0, microsecond=0)))
    assay.run(long_ago.replace(hour=0), long_ago.replace(hour=0) + DAY, live=False)
    roll_up()
    before = assay.ask(BY_DAY)
    monkeypatch.setenv("ASSAY_RETENTION_DAYS", "90")
    pipeline.tend_store()
    assert assay.ask("SELECT count(*) FROM interactions") == [(0,)]
    recent = now().replace(minute=0, second=0, microsecond=0)
    assay.log(row(7, recent, occurred_at=long_ago))
    assay.run(recent, recent + HOUR)
    roll_up()
    assert assay.ask(BY_DAY) == before


def test_the_attribute_by_which_users_are_grouped_is_a_setting(
    assay: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assay.log(*[row(number, NINE, attributes={"team": f"team-{number % 2}"}) for number in range(3)])
    assay.run()
    monkeypatch.setenv("ASSAY_USER_GROUP", "team")
    roll_up()
    groups = assay.ask("SELECT user_group, calls, cost FROM costs_daily ORDER BY 1")
    assert [(name, calls) for name, calls, _ in groups] == [("team-0", 2), ("team-1", 1)]
    assert sum((cost for *_, cost in groups), Decimal(0)) == assay.ask("SELECT sum(cost) FROM interactions")[0][0]
