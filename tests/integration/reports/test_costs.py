"""The cost rollup on a real Postgres: it says what the rows say, to the last digit, however often and however late."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.adapters.postgres import connect
from include.adapters.postgres.costs import Costs
from include.domain.cost import CostKind, Spend
from include.domain.interaction import Window

MIDNIGHT = datetime(2026, 11, 9, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 11, 9), date(2026, 11, 10)
HOUR = timedelta(hours=1)
ALWAYS = Window(MIDNIGHT - timedelta(days=40), MIDNIGHT + timedelta(days=40))


@dataclass(frozen=True)
class Call:
    """An interaction, or a judge's call, at an hour after Monday's midnight; logged `late` hours after it."""

    hour: float
    cost: Decimal | None
    project: str = "clinic"
    model: str | None = "m"
    late: float = 0
    by_judge: bool = False

    @property
    def at(self) -> datetime:
        return MIDNIGHT + self.hour * HOUR


def store(connection: psycopg.Connection, calls: list[Call]) -> None:
    (existing,) = connection.execute("SELECT count(*) FROM assay.interactions").fetchone() or (0,)
    connection.execute("SELECT assay.ensure_partitions(%s, %s)", (ALWAYS.start, ALWAYS.end))
    for number, call in enumerate(calls, start=existing):
        if call.by_judge:
            connection.execute(
                """INSERT INTO assay.judge_calls (request_hash, project, dimension, judge, provider_name, request_model,
                       outcome, cost, latency_ms, called_at)
                   VALUES (%s, %s, 'd', 'j', 'openai', %s, 'ok', %s, 1, %s)""",
                (f"{number}", call.project, call.model or "asked", call.cost, call.at),
            )
        else:
            connection.execute(
                """INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment,
                       user_input, response, response_model, input_tokens, cost, sampled, sampling_rate)
                   VALUES (%s, %s, 'native', %s, %s, 'e', 'q', 'a', %s, 100, %s, true, 1)""",
                (f"{number}", call.at + call.late * HOUR, call.at, call.project, call.model, call.cost),
            )


def roll_up(connection: psycopg.Connection) -> dict[tuple[date, str, str, CostKind], Spend]:
    costs = Costs(connection)
    costs.roll_up(costs.days_of(ALWAYS))
    rows = costs.between(ALWAYS.start.date(), ALWAYS.end.date())
    return {(row.day, row.project, row.model, row.kind): row.spend for row in rows}


def expected(calls: list[Call]) -> dict[tuple[date, str, str, CostKind], Spend]:
    sums: dict[tuple[date, str, str, CostKind], Spend] = defaultdict(Spend)
    for call in calls:
        kind = CostKind.JUDGE if call.by_judge else CostKind.APPLICATION
        key = call.at.date(), call.project, call.model or ("asked" if call.by_judge else ""), kind
        sums[key] += Spend(1, int(call.cost is None), call.cost or Decimal(0))
    return dict(sums)


def test_unknown_prices_are_counted_and_no_zero(store_dsn: str) -> None:
    calls = [Call(1, Decimal("0.25")), Call(2, None), Call(3, None, model="in-house"), Call(4, None, model=None)]
    with connect(store_dsn) as connection:
        store(connection, calls)
        assert roll_up(connection) == expected(calls)
        costs = dict(connection.execute("SELECT model, cost FROM assay.costs_daily").fetchall())
    assert costs == {"m": Decimal("0.25"), "in-house": None, "": None}


def test_a_late_row_corrects_the_day_on_which_it_happened(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        costs = Costs(connection)
        store(connection, [Call(1, Decimal(1)), Call(30, Decimal(2))])
        roll_up(connection)
        store(connection, [Call(23, Decimal(4), late=40)])
        logged = Window(MIDNIGHT + 60 * HOUR, MIDNIGHT + 70 * HOUR)
        assert costs.days_of(logged) == [MONDAY]
        assert costs.roll_up([MONDAY]) == 1
        assert [(row.day, row.spend.known) for row in costs.between(MONDAY, TUESDAY)] == [(MONDAY, 5), (TUESDAY, 2)]


def test_rolling_up_a_day_leaves_other_days_alone_and_no_day_does_nothing(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        costs = Costs(connection)
        store(connection, [Call(1, Decimal(1)), Call(30, Decimal(2)), Call(60, Decimal(3))])
        roll_up(connection)
        connection.execute("UPDATE assay.interactions SET cost = 7")
        assert costs.roll_up([]) == 0
        assert costs.roll_up([TUESDAY]) == 1
        assert [row.spend.known for row in costs.between(MONDAY, date(2026, 11, 12))] == [1, 7, 3]


def test_a_day_whose_rows_were_dropped_keeps_its_sums(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        costs = Costs(connection)
        store(connection, [Call(1, Decimal(1)), Call(2, Decimal(2)), Call(30, Decimal(4))])
        roll_up(connection)
        connection.execute("DELETE FROM assay.interactions")
        store(connection, [Call(3, Decimal(8), late=500)])
        assert costs.roll_up([MONDAY, TUESDAY]) == 0
        assert [row.spend.known for row in costs.between(MONDAY, TUESDAY)] == [3, 4]


def test_days_that_lie_apart_do_not_take_in_the_days_between(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        costs = Costs(connection)
        store(connection, [Call(1, Decimal(1)), Call(30, Decimal(2)), Call(60, Decimal(3))])
        assert costs.roll_up([date(2026, 11, 11), MONDAY]) == 2
        assert [row.day.day for row in costs.between(MONDAY, date(2026, 11, 12))] == [9, 11]


def settled(connection: psycopg.Connection, start: datetime, at: datetime) -> None:
    connection.execute(
        """INSERT INTO assay.runs (run_id, source, window_start, window_end, live, status, started_at, settled_at)
           VALUES (%(start)s, 'native', %(start)s, %(end)s, false, 'settled', %(at)s, %(at)s)""",
        {"start": start, "end": start + HOUR, "at": at},
    )


def test_what_was_never_summed_is_all_that_was_logged(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        store(connection, [Call(1, Decimal(1)), Call(30, Decimal(2)), Call(54, None, by_judge=True)])
        (window,) = Costs(connection).unseen(ALWAYS.end)
        assert [day.day for day in Costs(connection).days_of(window)] == [9, 10, 11]


def test_a_window_that_settles_after_the_sums_were_made_is_found_once_wherever_it_lies(
    store_dsn: str,
) -> None:
    summed, next_time = MIDNIGHT + 60 * HOUR, MIDNIGHT + 84 * HOUR
    with connect(store_dsn) as connection:
        costs = Costs(connection)
        settled(connection, MIDNIGHT, summed - 5 * HOUR)
        settled(connection, MIDNIGHT - 30 * HOUR, summed + 2 * HOUR)
        settled(connection, MIDNIGHT - 29 * HOUR, summed + 3 * HOUR)
        costs.saw(summed)
        backfilled = Window(MIDNIGHT - 30 * HOUR, MIDNIGHT - 28 * HOUR)
        assert costs.unseen(next_time) == [backfilled, Window(summed - HOUR, next_time)]
        costs.saw(next_time)
        costs.saw(summed)
        assert costs.unseen(next_time) == [Window(next_time - HOUR, next_time)]


money = st.none() | st.decimals(min_value=0, max_value=1000, places=10)
calls_ = st.builds(
    Call,
    hour=st.floats(0, 60),
    cost=money,
    project=st.sampled_from(["clinic", "bank"]),
    model=st.sampled_from(["m", "n", None]),
    late=st.floats(0, 30),
    by_judge=st.booleans(),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(calls_, max_size=12), later=st.lists(calls_, max_size=6))
def test_the_rollup_reconciles_with_the_rows_exactly_and_again_after_more_came(
    store_dsn: str, first: list[Call], later: list[Call]
) -> None:
    with connect(store_dsn) as connection:
        store(connection, first)
        assert roll_up(connection) == expected(first)
        assert roll_up(connection) == expected(first)
        connection.execute("UPDATE assay.judge_calls SET request_hash = request_hash || 'first'")
        store(connection, later)
        assert roll_up(connection) == expected(first + later)
        connection.rollback()
