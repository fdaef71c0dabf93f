"""Sums by day on a real Postgres: whatever they are grouped by, they are the rows' sums to the last digit."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.costs import Costs
from include.domain.interaction import Window
from tests.fakes.store_rows import insert_interaction

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLACES = 2
BY = ("project", "model", "environment", "prompt_version", "provider_name", "price_source")


@dataclass(frozen=True)
class Call:
    """An interaction, so many hours after Monday's midnight, logged `late` hours after it."""

    hour: float = 9.0
    cost: Decimal | None = Decimal(1)
    billed: Decimal | None = None
    late: float = 0.0
    project: str = "bank"
    model: str | None = "m"
    environment: str = "prod"
    prompt_version: str | None = "v1"
    user_group: str | None = None
    provider_name: str | None = "openai"
    tokens: int | None = 100

    @property
    def at(self) -> datetime:
        return MONDAY + self.hour * HOUR

    @property
    def price_source(self) -> str | None:
        return None if self.cost is None else "list"

    def of(self, name: str) -> str:
        return getattr(self, name) or ""


def put(connection: psycopg.Connection, calls: Iterable[Call]) -> None:
    connection.execute("SELECT assay.ensure_partitions(%s, %s)", (MONDAY, MONDAY + 40 * 24 * HOUR))
    (existing,) = connection.execute("SELECT count(*) FROM assay.interactions").fetchone() or (0,)
    for number, call in enumerate(calls, start=existing):
        insert_interaction(
            connection,
            f"i{number}",
            call.at + call.late * HOUR,
            occurred_at=call.at,
            project=call.project,
            environment=call.environment,
            request_model=call.model,
            prompt_version=call.prompt_version,
            provider_name=call.provider_name,
            attributes=Jsonb({} if call.user_group is None else {"user_group": call.user_group}),
            input_tokens=call.tokens,
            reasoning_tokens=call.tokens,
            cost=call.cost,
            billed_cost=call.billed,
            price_source=call.price_source,
        )


def judged(connection: psycopg.Connection, name: str, cost: str | None, **given: object) -> None:
    row = {"request_hash": name, "project": "bank", "dimension": "correctness", "judge": "rubric", "latency_ms": 1}
    row |= {"provider_name": "openai", "request_model": "judge-m", "outcome": "ok", "mode": "live"}
    row |= {"called_at": MONDAY + HOUR, "cost": cost and Decimal(cost), "input_tokens": 10, **given}
    names = ", ".join(row)
    connection.execute(
        f"INSERT INTO assay.judge_calls ({names}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
    )


Sums = tuple[int, int, Decimal | None, int, int, Decimal, Decimal]


def summed(calls: Iterable[Call]) -> Sums:
    """Calls, those unpriced, cost, tokens, those with both costs and what each says of them."""
    every = list(calls)
    priced = [call.cost for call in every if call.cost is not None]
    both = [(call.billed, call.cost) for call in every if call.billed is not None and call.cost is not None]
    return (
        len(every),
        len(every) - len(priced),
        sum(priced, Decimal(0)) if priced else None,
        sum(call.tokens or 0 for call in every),
        len(both),
        sum((billed for billed, _ in both), Decimal(0)),
        sum((cost for _, cost in both), Decimal(0)),
    )


def ledger(connection: psycopg.Connection, by: str) -> dict[tuple[date, str], Sums]:
    rows = connection.execute(
        f"""SELECT day, {by}, sum(calls)::bigint, sum(unpriced)::bigint, sum(cost), sum(input_tokens)::bigint,
                   sum(billed_calls)::bigint, sum(billed_cost), sum(billed_computed)
            FROM assay.costs_daily WHERE kind = 'application' GROUP BY 1, 2"""
    )
    return {(day, value): sums for day, value, *rest in rows if (sums := tuple(rest))}  # type: ignore[misc]


def grouped(calls: Iterable[Call], by: str) -> dict[tuple[date, str], Sums]:
    parts: dict[tuple[date, str], list[Call]] = defaultdict(list)
    for call in calls:
        parts[call.at.date(), call.of(by)].append(call)
    return {key: summed(part) for key, part in parts.items()}


def named_groups(calls: Iterable[Call]) -> dict[tuple[date, str, str], Sums]:
    """By day, project and group: the most expensive of a day and project by themselves, the others together."""
    parts: dict[tuple[date, str], dict[str, list[Call]]] = defaultdict(lambda: defaultdict(list))
    for call in calls:
        parts[call.at.date(), call.project][call.of("user_group")].append(call)
    found: dict[tuple[date, str, str], list[Call]] = defaultdict(list)
    for (day, project), groups in parts.items():
        sums = {name: summed(group) for name, group in groups.items() if name}
        ranked = sorted(sums, key=lambda name: (sums[name][2] is None, -(sums[name][2] or 0), -sums[name][0], name))
        for name, group in groups.items():
            found[day, project, "other" if name in ranked[PLACES:] else name] += group
    return {key: summed(group) for key, group in found.items()}


def groups_of(connection: psycopg.Connection) -> dict[tuple[date, str, str], Sums]:
    rows = connection.execute(
        """SELECT day, project, user_group, sum(calls)::bigint, sum(unpriced)::bigint, sum(cost),
                  sum(input_tokens)::bigint, sum(billed_calls)::bigint, sum(billed_cost), sum(billed_computed)
           FROM assay.costs_daily WHERE kind = 'application' GROUP BY 1, 2, 3"""
    )
    return {(day, project, name): tuple(sums) for day, project, name, *sums in rows}  # type: ignore[misc]


money = st.none() | st.decimals(min_value=0, max_value=1000, places=10)
words = st.sampled_from
call_lists = st.lists(
    st.builds(
        Call,
        hour=st.floats(0, 60),
        cost=money,
        billed=money,
        late=st.floats(0, 400),
        project=words(["bank", "clinic"]),
        model=words(["m", "n", None]),
        environment=words(["prod", "staging"]),
        prompt_version=words(["v1", "v2", None]),
        user_group=words([None, "", "a", "b", "c", "ä", "other"]),
        provider_name=words(["openai", None]),
        tokens=st.none() | st.integers(0, 2**40),
    ),
    max_size=10,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=st.lists(st.tuples(call_lists, st.booleans()), min_size=1, max_size=3))
def test_sums_reconcile_with_the_rows_exactly_whatever_came_when_and_is_summed_how_often(
    store_dsn: str, arrivals: list[tuple[list[Call], bool]]
) -> None:
    calls: list[Call] = []
    with connect(store_dsn) as connection:
        costs = Costs(connection, places=PLACES)
        for arrived, is_repeated in arrivals:
            put(connection, arrived)
            calls += arrived
            days = {call.at.date() for call in arrived}
            for _ in range(1 + is_repeated):
                costs.roll_up(days)
        for by in BY:
            assert ledger(connection, by) == grouped(calls, by)
        assert groups_of(connection) == named_groups(calls)
        connection.rollback()


def test_two_rollups_at_once_leave_what_one_leaves(store_dsn: str) -> None:
    calls = [Call(number / 10, Decimal(number) / 7 if number % 3 else None) for number in range(60)]
    calls = [Call(call.hour, call.cost and round(call.cost, 10)) for call in calls]
    with connect(store_dsn) as connection:
        put(connection, calls)
        judged(connection, "one", "0.25")
    started = threading.Barrier(3)

    def again_and_again() -> None:
        with connect(store_dsn) as connection:
            started.wait(timeout=10)
            for _ in range(5):
                Costs(connection).roll_up([MONDAY.date()])
                connection.commit()

    threads = [threading.Thread(target=again_and_again) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    with connect(store_dsn) as connection:
        assert ledger(connection, "project") == grouped(calls, "project")
        assert connection.execute("SELECT sum(calls) FROM assay.judge_costs_daily").fetchone() == (1,)


def test_a_million_users_make_no_more_rows_than_there_are_places(store_dsn: str) -> None:
    cheap = [Call(cost=Decimal(1), user_group=f"user-{number}") for number in range(30)]
    dear = [Call(cost=Decimal(5), user_group="dear"), Call(cost=Decimal(4), user_group="next")]
    with connect(store_dsn) as connection:
        put(connection, [*cheap, *dear, Call(cost=None, user_group="unpriced"), Call(user_group=None)])
        Costs(connection, places=PLACES).roll_up([MONDAY.date()])
        found = connection.execute(
            "SELECT user_group, sum(calls), sum(unpriced), sum(cost) FROM assay.costs_daily GROUP BY 1"
        )
        assert set(found) == {("dear", 1, 0, 5), ("next", 1, 0, 4), ("other", 31, 1, 30), ("", 1, 0, 1)}


def test_the_attribute_that_names_the_group_can_be_chosen(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        put(connection, [Call(user_group="a"), Call(user_group="b")])
        connection.execute("""UPDATE assay.interactions SET attributes = '{"team": 7, "user_group": "a"}'""")
        Costs(connection, user_group="team").roll_up([MONDAY.date()])
        assert connection.execute("SELECT user_group, calls FROM assay.costs_daily").fetchall() == [("7", 2)]


def test_what_judges_cost_is_summed_by_dimension_judge_and_mode_and_both_ledgers_agree(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        judged(connection, "a", "0.5")
        judged(connection, "b", None)
        judged(connection, "c", "0.25", mode="batch")
        judged(connection, "d", None, dimension="professionalism", request_model="in-house", input_tokens=None)
        Costs(connection).roll_up([MONDAY.date()])
        by_judge = "SELECT dimension, mode, model, calls, unpriced, input_tokens, cost FROM assay.judge_costs_daily"
        assert set(connection.execute(by_judge)) == {
            ("correctness", "live", "judge-m", 2, 1, 20, Decimal("0.5")),
            ("correctness", "batch", "judge-m", 1, 0, 10, Decimal("0.25")),
            ("professionalism", "live", "in-house", 1, 1, 0, None),
        }
        whole = "SELECT model, calls, unpriced, cost FROM assay.costs_daily WHERE kind = 'judge'"
        assert set(connection.execute(whole)) == {("judge-m", 3, 1, Decimal("0.75")), ("in-house", 1, 1, None)}


def test_lines_are_the_whole_ledger_and_leave_out_other_days(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        costs = Costs(connection)
        put(connection, [Call(), Call(hour=30, cost=None), Call(hour=50, billed=Decimal(3), user_group="a")])
        judged(connection, "a", "0.5")
        costs.roll_up(costs.days_of(Window(MONDAY, MONDAY + 72 * HOUR)))
        lines = list(costs.lines(MONDAY.date(), date(2026, 11, 10)))
    assert [(line.day.day, line.kind, line.cost, line.unpriced) for line in lines] == [
        (9, "application", 1, 0),
        (9, "judge", Decimal("0.5"), 0),
        (10, "application", None, 1),
    ]
    assert (lines[1].dimension, lines[1].judge, lines[1].mode) == ("correctness", "rubric", "live")


@pytest.mark.parametrize(("hour", "day"), [(0.0, 9), (23.9999, 9), (24.0, 10)])
def test_a_day_is_half_open_and_utc(store_dsn: str, hour: float, day: int) -> None:
    with connect(store_dsn) as connection:
        connection.execute("SET timezone = 'America/New_York'")
        put(connection, [Call(hour=hour)])
        costs = Costs(connection)
        assert costs.days_of(Window(MONDAY, MONDAY + 48 * HOUR)) == [date(2026, 11, day)]
        costs.roll_up([date(2026, 11, 9), date(2026, 11, 10)])
        assert connection.execute("SELECT day FROM assay.costs_daily").fetchall() == [(date(2026, 11, day),)]
