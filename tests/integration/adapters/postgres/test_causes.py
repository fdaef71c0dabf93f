"""What a cause is looked for in, read from a real Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.causes import Causes
from include.adapters.postgres.rule_results import RuleResults
from include.adapters.postgres.segments import Segments
from include.domain.cause import Arrival
from include.domain.interaction import Window
from include.domain.observation import Observation, Scope, Total
from include.domain.rule import Evidence, RuleOutcome, RuleResult
from include.domain.run import COMPOSITE, Epochs

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW, PAST = Window(NINE, NINE + HOUR), Window(NINE - 3 * DAY, NINE)
JUDGES = Epochs({"": {"correctness": "c1", COMPOSITE: "set1"}})
SHOP = {"project": "shop", "environment": "prod"}
CORRECTNESS = Scope(SHOP, "correctness", ("c1",))


class Store:
    """An empty store, and what is put there."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection, self.causes = connection, Causes(connection)

    def add(self, name: str, at: datetime, value: float | None = 0.5, *, epoch: str = "c1", **given: Any) -> None:
        row = {
            "interaction_id": name,
            "logged_at": at,
            "source": "native",
            "occurred_at": at,
            "user_input": "why?",
            "response": "because",
            "sampled": True,
            "sampling_rate": 1.0,
            **SHOP,
            **{key: Jsonb(one) if isinstance(one, list | dict) else one for key, one in given.items()},
        }
        marks = ", ".join(["%s"] * len(row))
        self.connection.execute(
            f"INSERT INTO assay.interactions ({', '.join(row)}) VALUES ({marks})", list(row.values())
        )
        if value is not None:
            self.connection.execute(
                """INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation,
                                             input_tokens, output_tokens, cached_input_tokens, reasoning_tokens,
                                             scored_at)
                   VALUES (%s, %s, 'correctness', %s, 'LLM_JUDGE', %s, '', 0, 0, 0, 0, now())""",
                (name, at, epoch, value),
            )
            self.connection.execute(
                "INSERT INTO assay.composites VALUES (%s, %s, 'w1', %s, %s, %s)",
                (name, at, f"set{epoch[1:]}", value, Jsonb({"correctness": value})),
            )

    def read(self, scope: Scope = CORRECTNESS, window: Window = NOW, limit: int = 100) -> list[Observation]:
        return self.causes.observations(scope, window, limit)

    def names(self, scope: Scope = CORRECTNESS, window: Window = NOW, limit: int = 100) -> list[str]:
        return [one.interaction_id for one in self.read(scope, window, limit)]

    def count(self) -> None:
        Segments(self.connection).rebuild(Window(NINE - 5 * DAY, NINE + 2 * HOUR), JUDGES, "w1")


@pytest.fixture
def store(store_dsn: str) -> Iterator[Store]:
    with connect(store_dsn) as opened:
        opened.execute("SELECT assay.ensure_partitions(%s, %s)", (NINE - 40 * DAY, NINE + DAY))
        yield Store(opened)


def test_an_interaction_comes_with_its_value_and_all_that_can_be_said_of_it(store: Store) -> None:
    store.add(
        "a",
        NINE,
        0.25,
        sampling_rate=0.5,
        request_model="gpt",
        response_model="gpt-5",
        prompt_version="v7",
        finish_reason="stop",
        user_input="x" * 1000,
        retrieved_contexts=["one", "two"],
        attributes={"tenant": "acme", "tries": 3, "deep": {"a": 1}, "long": "y" * 500, "none": None},
    )
    [one] = store.read()
    assert one == Observation(
        interaction_id="a",
        logged_at=NINE,
        value=0.25,
        weight=2.0,
        project="shop",
        model="gpt-5",
        prompt_version="v7",
        finish_reason="stop",
        question="x" * 400,
        question_chars=1000,
        passages=2,
        attributes={"tenant": "acme", "tries": 3},
    )
    [composite] = store.read(Scope(SHOP, COMPOSITE, ("set1",)))
    assert (composite.value, composite.by_dimension) == (0.25, {"correctness": 0.25})


def test_only_interactions_of_the_segment_the_window_the_judge_and_the_sample_are_read(store: Store) -> None:
    store.add("in", NINE)
    store.add("other-project", NINE, project="bank")
    store.add("other-environment", NINE, environment="staging")
    store.add("too-early", NINE - timedelta(seconds=1))
    store.add("too-late", NINE + HOUR)
    store.add("other-judge", NINE, epoch="c2")
    store.add("unscored", NINE, None)
    store.add("not-drawn", NINE, None, sampled=False)
    assert store.names() == ["in"]


def test_a_segment_may_be_a_model_a_prompt_version_or_an_attribute(store: Store) -> None:
    store.add("a", NINE, request_model="m1", prompt_version="v1", attributes={"tenant": "acme", "language": "DE_at"})
    store.add("b", NINE, request_model="m1", prompt_version="v2", attributes={"tenant": "bolt"})
    store.add("c", NINE)
    assert store.names(Scope({"model": "m1", "prompt_version": "v2"}, "correctness", ("c1",))) == ["b"]
    assert store.names(Scope({"attributes.tenant": "acme", "language": "de"}, "correctness", ("c1",))) == ["a"]
    assert store.names(Scope({"model": "", "prompt_version": ""}, "correctness", ("c1",))) == ["c"]
    assert store.names(Scope({}, "correctness", ("c1",))) == ["a", "b", "c"]


def test_errors_and_amounts_are_of_all_interactions_judged_or_not(store: Store) -> None:
    store.add("a", NINE, None, error_type="timeout", sampled=False, sampling_rate=0.1)
    store.add("b", NINE, latency_ms=900.0)
    assert [(one.value, one.weight) for one in store.read(Scope(SHOP, "error"))] == [(1.0, 1.0), (0.0, 1.0)]
    assert [(one.interaction_id, one.value) for one in store.read(Scope(SHOP, "latency_ms"))] == [("b", 900.0)]
    assert [one.value for one in store.read(Scope(SHOP, "response_chars"))] == [7.0, 7.0]


def test_of_more_than_the_limit_the_same_ones_are_read_each_time(store: Store) -> None:
    for number in range(50):
        store.add(f"i{number}", NINE + number * timedelta(minutes=1))
    some = store.names(limit=20)
    assert len(some) == 20
    assert some == store.names(limit=20)
    assert set(store.names(limit=10)) < set(some)
    assert some != [f"i{number}" for number in range(20)], "not simply the first"


def test_a_busy_segment_is_read_no_further_back_than_it_takes(store: Store) -> None:
    store.causes = Causes(store.connection, scanned=10)
    for day in range(1, 4):
        for number in range(10):
            store.add(f"d{day}-{number}", NINE - day * DAY + number * timedelta(minutes=1))
    store.count()
    assert {name[:2] for name in store.names(window=PAST)} == {"d1"}
    assert {name[:2] for name in store.names(window=Window(NINE - DAY, NINE))} == {"d1"}


def test_texts_of_the_log_that_are_no_arrays_and_no_objects_break_nothing(store: Store) -> None:
    store.connection.execute("ALTER TABLE assay.interactions ALTER COLUMN attributes DROP NOT NULL")
    store.add("a", NINE, retrieved_contexts={"not": "a list"}, attributes=["not", "an", "object"])
    store.add("b", NINE, attributes={"%(x)s": "'; DROP TABLE assay.scores; --"}, user_input="<!channel>")
    a, b = store.read()
    assert (a.passages, a.attributes) == (0, {})
    assert b.attributes == {"%(x)s": "'; DROP TABLE assay.scores; --"}


def arrivals(store: Store, since: datetime = NINE, scope: Scope = CORRECTNESS) -> list[Arrival]:
    store.count()
    return store.causes.arrivals(scope, since, timedelta(days=4))


def days_of(store: Store, **given: Any) -> None:
    for hour in range(1, 80):
        store.add(f"h{hour}", NINE - hour * HOUR, request_model="gpt", prompt_version="v6", **given)


def test_what_came_in_shortly_before_is_told_the_closest_first(store: Store) -> None:
    days_of(store, attributes={"index_version": "2026-10", "tenant": "acme", "app_version": "1"})
    store.add("a", NINE - timedelta(minutes=20), prompt_version="v7", attributes={"tenant": "new"})
    store.add("b", NINE - 3 * HOUR, attributes={"index_version": "2026-11"}, request_model="gpt")
    store.add("c", NINE + timedelta(minutes=5), request_model="claude", attributes={"app_version": "1"})
    store.add("d", NINE + 2 * HOUR, prompt_version="v8")
    assert arrivals(store) == [
        Arrival("prompt_version", "v7", NINE - timedelta(minutes=20)),
        Arrival("index_version", "2026-11", NINE - 3 * HOUR),
        Arrival("model", "claude", NINE + timedelta(minutes=5)),
    ]


def test_what_was_there_before_or_belongs_to_others_has_not_come_in(store: Store) -> None:
    days_of(store)
    store.add("a", NINE - 30 * HOUR, prompt_version="v7")
    store.add("b", NINE - HOUR, prompt_version="v7")
    store.add("c", NINE - HOUR, prompt_version="v9", environment="staging")
    assert arrivals(store) == []


def test_where_everything_is_new_nothing_has_come_in(store: Store) -> None:
    store.add("a", NINE - HOUR, prompt_version="v1", request_model="gpt")
    assert arrivals(store) == []


def test_an_attribute_that_names_each_request_has_not_come_in(store: Store) -> None:
    days_of(store)
    for number in range(60):
        store.add(f"n{number}", NINE - HOUR, attributes={"build": f"b{number}"})
    assert arrivals(store) == []


def test_another_judge_has_come_in(store: Store) -> None:
    for hour in range(1, 48):
        store.add(f"h{hour}", NINE - hour * HOUR, epoch="c0")
    store.add("a", NINE)
    for judge in ("0", "1"):
        Segments(store.connection).rebuild(
            Window(NINE - 3 * DAY, NINE + HOUR), Epochs({"": {"correctness": f"c{judge}"}}), "w1"
        )
    assert store.causes.arrivals(CORRECTNESS, NINE, timedelta(days=4)) == [Arrival("judge of correctness", "c1", NINE)]


def test_the_last_breach_that_was_over_by_then_is_found_again(store: Store) -> None:
    def result(hour: int, outcome: RuleOutcome, n: int) -> None:
        window = Window(NINE + hour * HOUR, NINE + (hour + 1) * HOUR)
        found = RuleResult("drop", window, outcome, {"alertname": "drop"}, Evidence(n=n, details={"cause": {}}), "")
        RuleResults(store.connection).replace(window, [found], NINE)

    result(0, RuleOutcome.BREACHED, 1)
    result(1, RuleOutcome.BREACHED, 2)
    result(2, RuleOutcome.OK, 3)
    result(3, RuleOutcome.BREACHED, 4)
    name = RuleResult("drop", NOW, RuleOutcome.OK, {"alertname": "drop"}, Evidence(), "").fingerprint
    found = store.causes.previous("drop", name, NINE + 3 * HOUR)
    assert found
    assert (found.n, found.details) == (2, {"cause": {}})
    assert store.causes.previous("drop", name, NINE) is None
    assert store.causes.previous("drop", "another", NINE + 9 * HOUR) is None


def test_a_search_that_takes_too_long_leaves_the_transaction_whole(store: Store, store_dsn: str) -> None:
    store.causes = Causes(store.connection, patience_ms=50)
    store.add("a", NINE)
    store.connection.commit()
    usual = store.connection.execute("SHOW statement_timeout").fetchone()
    with connect(store_dsn) as other:
        other.execute("LOCK TABLE assay.interactions IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(psycopg.errors.QueryCanceled):
            store.read()
    assert store.names() == ["a"]
    assert store.connection.execute("SHOW statement_timeout").fetchone() == usual


def test_spend_and_volume_are_added_up_by_label_now_and_in_the_past(store: Store) -> None:
    store.add("a", NINE, None, cost=0.5, request_model="m1", conversation_id="c1", attributes={"channel": "web"})
    store.add("b", NINE + timedelta(minutes=5), None, cost=0.25, request_model="m1", sampled=False)
    store.add("c", NINE - DAY, None, cost=1.0, request_model="m2", attributes={"channel": "web", "deep": {}})
    store.add("d", NINE - 2 * DAY, None, request_model="m2")
    store.add("e", NINE, None, cost=9.0, project="bank")
    past = [Window(NOW.start - days * DAY, NOW.end - days * DAY) for days in (1, 2, 3)]
    spend, volume = (
        {(one.column, one.value): one for one in store.causes.totals(Scope(SHOP, measure), NOW, past)}
        for measure in ("spend", "volume")
    )
    assert next(iter(spend)) == ("", "")
    assert spend["", ""] == Total("", "", 2, 0.75, 0.3125, 1, 1.0, 1.0, 1), "what has no price is not counted"
    assert spend["model", "m2"] == Total("model", "m2", 0, 0.0, 0.0, 1, 1.0, 1.0, 1)
    assert volume["", ""] == Total("", "", 2, 2.0, 2.0, 2, 2.0, 2.0, 2)
    assert volume["channel", "web"] == Total("channel", "web", 1, 1.0, 1.0, 1, 1.0, 1.0, 2)
    assert ("conversation_id", "c1") in volume
    assert not any(column == "deep" for column, _ in volume)
    assert store.causes.totals(Scope({"project": "nobody"}, "volume"), NOW, past) == []
