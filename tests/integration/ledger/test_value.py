"""What a week's money bought, on a real Postgres with planted conversations, models and prompts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.segments import Segments
from include.adapters.postgres.value import ValueOfStore
from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.run import COMPOSITE, Epochs
from include.domain.value import ValueWeek, Verdict
from include.ledger.value import value_week
from tests.fakes.prices import PerToken
from tests.fakes.store_rows import insert_interaction

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
WEEK = Window(MONDAY, MONDAY + 7 * DAY)
FIRST, LAST = date(2026, 11, 9), date(2026, 11, 15)
PRICES = PerToken({"big": ("10", "1", "40"), "small": ("1", "0.5", "4")})


@pytest.fixture
def store(store_dsn: str) -> Iterator[psycopg.Connection]:
    with connect(store_dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (MONDAY - 30 * DAY, WEEK.end))
        yield connection


def judged(store: psycopg.Connection, name: str, at: datetime, value: float | None, **given: object) -> None:
    """An interaction, with a composite where a value is given."""
    insert_interaction(store, name, at, **{"cost": Decimal("0.01"), "response_model": "big", **given})
    if value is not None:
        store.execute("INSERT INTO assay.composites VALUES (%s, %s, 'w', 'SET', %s, '{}')", (name, at, value))


def told(store: psycopg.Connection, good_from: float = 0.6) -> ValueWeek:
    Segments(store).rebuild(Window(MONDAY - 7 * DAY, WEEK.end), Epochs({"": {COMPOSITE: "SET"}}), "w")
    targets = {"": good_from}
    return value_week(ValueOfStore(store).of(WEEK, FIRST, LAST, targets), PRICES, LAST, targets)


def test_a_store_without_anything_tells_nothing(store: psycopg.Connection) -> None:
    assert told(store) == ValueWeek()


def test_a_good_answer_costs_all_that_was_paid_over_those_that_were_good(store: psycopg.Connection) -> None:
    for number in range(100):
        judged(store, f"i{number}", MONDAY + number * MINUTE, 0.6 if number < 80 else 0.59)
    judged(store, "no answer", MONDAY, None, response="", error_type="timeout")
    (good,) = told(store).good
    assert (good.answered, good.judged, good.spend) == (100, 100, Spend(101, 0, Decimal("1.01")))
    assert good.share is not None
    assert good.share.value == Decimal("0.8")
    assert good.cost is not None
    assert good.cost.value == Decimal("1.01") / 80
    assert good.cost.low is not None
    assert good.cost.high is not None
    assert good.cost.low < good.cost.value < good.cost.high


def test_a_judged_answer_stands_for_those_that_sampling_left_out(store: psycopg.Connection) -> None:
    for number in range(40):  # of one language all are good and one in ten is drawn, of the other none and all are
        judged(store, f"de{number}", MONDAY, 0.9, sampling_rate=0.1, attributes=Jsonb({"language": "de"}))
        judged(store, f"en{number}", MONDAY, 0.1, attributes=Jsonb({"language": "en"}))
    for number in range(360):
        judged(store, f"not drawn {number}", MONDAY, None, sampled=False, sampling_rate=0.1)
    (good,) = told(store).good
    assert good.share is not None
    assert float(good.share.value) == pytest.approx(400 / 440)


def test_the_last_word_of_users_tells_which_conversations_were_resolved(store: psycopg.Connection) -> None:
    words = {"a": ["negative", "positive"], "b": ["positive", "negative"], "c": ["Positive"], "d": [None, "maybe"]}
    for conversation, said in words.items():
        for turn, word in enumerate(said):
            attributes = Jsonb({"feedback": word} if word else {})
            judged(
                store,
                f"{conversation}{turn}",
                MONDAY + turn * MINUTE,
                None,
                conversation_id=conversation,
                attributes=attributes,
            )
    (resolved,) = told(store).resolved
    assert (resolved.conversations, resolved.resolved, resolved.spend.known) == (3, 2, Decimal("0.05"))
    assert resolved.cost is not None
    assert resolved.cost.value == Decimal("0.025")


@pytest.mark.parametrize(
    ("quality", "verdict"),
    [(0.9, Verdict.ENOUGH), (0.8, Verdict.MAY_LOSE), (None, Verdict.TOO_FEW)],
)
def test_a_cheaper_model_is_compared_on_comparable_questions(
    store: psycopg.Connection, quality: float | None, verdict: Verdict
) -> None:
    for number in range(120):
        wobble = (number % 5 - 2) / 200
        hard = number % 3 == 0  # the cheap model was given the easy questions more often: the long ones are hard
        question = "x" * (300 if hard else 30)
        judged(store, f"big{number}", MONDAY, (0.85 if hard else 0.9) + wobble, user_input=question)
        if number % 2 or not hard:
            mean = None if quality is None else (quality - 0.05 if hard else quality) + wobble
            cheap = {"response_model": "small", "cost": Decimal("0.002")}
            judged(store, f"small{number}", MONDAY, mean, user_input=question, **cheap)
    (cheaper,) = told(store).cheaper
    assert (cheaper.model, cheaper.cheaper, cheaper.verdict) == ("big", "small", verdict)
    if quality is not None:
        assert cheaper.difference == pytest.approx(quality - 0.9, abs=0.002)
        assert (cheaper.price_ratio, cheaper.saving) == (pytest.approx(0.2), Decimal("0.96"))


def test_models_that_were_asked_other_things_are_not_compared(store: psycopg.Connection) -> None:
    for number in range(60):
        judged(store, f"big{number}", MONDAY, 0.9, attributes=Jsonb({"language": "de"}))
        cheap = {"response_model": "small", "cost": Decimal("0.002"), "attributes": Jsonb({"language": "en"})}
        judged(store, f"small{number}", MONDAY, 0.9, **cheap)
    (cheaper,) = told(store).cheaper
    assert (cheaper.verdict, cheaper.n, cheaper.comparable) == (Verdict.TOO_FEW, (60, 60), 0.0)


def test_what_a_cache_could_have_held_is_told_of_warm_calls_that_say_what_came_from_it(
    store: psycopg.Connection,
) -> None:
    for number in range(10):  # 2,000 constant tokens: 1,920 fit into a cache that counts in steps of 128
        given = {"input_tokens": 2010, "output_tokens": 10, "cached_input_tokens": 1920 if number == 5 else 0}
        judged(store, f"i{number}", MONDAY + number * MINUTE, None, prompt_version="v1", user_input="x" * 21, **given)
    alone = {"input_tokens": 2010, "output_tokens": 10, "cached_input_tokens": 0, "prompt_version": "v1"}
    judged(store, "alone", MONDAY + DAY, None, user_input="x" * 21, **alone)
    judged(store, "silent", MONDAY + 30 * MINUTE, None, prompt_version="v1", input_tokens=2010, user_input="x" * 21)
    week = told(store)
    (cache,) = week.caches
    assert (cache.calls, cache.constant, week.silent) == (11, 1920, 1)
    assert cache.saving == 8 * 1920 * Decimal("0.000009")  # nine calls were warm, one of them was cached
    assert (cache.cached, cache.achievable) == (1920 / 22110, 9 * 1920 / 22110)


def test_the_dearest_conversations_stand_beside_what_is_usual(store: psycopg.Connection) -> None:
    for number in range(12):
        judged(store, f"i{number}", MONDAY, None, conversation_id=f"c{number:02}", cost=Decimal(number) / 100)
    judged(store, "more", MONDAY + MINUTE, None, conversation_id="c11", cost=None)
    dear = told(store).conversations
    assert [one.conversation_id for one in dear] == [f"c{number:02}" for number in range(11, 1, -1)]
    assert (dear[0].spend, dear[0].usual) == (Spend(2, 1, Decimal("0.11")), Decimal("0.05"))
    assert (dear[0].first_at, dear[0].last_at) == (MONDAY, MONDAY + MINUTE)


def test_a_prompt_that_grew_is_told_with_what_it_cost(store: psycopg.Connection) -> None:
    for number in range(50):
        for version, before, now in (("same", 1000, 1000), ("grown", 1000, 1500)):
            given = {"prompt_version": version, "project": version, "provider_name": "openai", "output_tokens": 1}
            judged(store, f"{version} before {number}", MONDAY - DAY, None, input_tokens=before, **given)
            judged(store, f"{version} now {number}", MONDAY + DAY, None, input_tokens=now, **given)
    Costs(store).roll_up([FIRST - DAY, FIRST + DAY])
    (grown,) = told(store).grown
    assert (grown.project, grown.before_version, grown.per_call, grown.per_call_before) == (
        "grown",
        "grown",
        1500,
        1000,
    )
    assert grown.extra == Decimal("0.25")  # 50 x 500 tokens at 10 USD a million
