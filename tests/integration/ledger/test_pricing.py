"""Interactions cost what contracts and the list say, to the last digit; what is past changes when somebody says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import genai_prices
import psycopg
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row
from pydantic import SecretStr

from include.adapters.postgres import connect
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.intake import PostgresIntake
from include.adapters.postgres.repricings import Repricings
from include.adapters.postgres.segments import Segments
from include.adapters.prices import GenaiPrices
from include.adapters.yaml_file import load
from include.assembly import price_book
from include.domain.intake import Findings
from include.domain.interaction import Window
from include.domain.price import BillableCall, Price
from include.domain.run import Epochs
from include.errors import RepricingRefused
from include.ingest.extract import normalize
from include.ingest.intake import Desk, take_in
from include.ingest.strata import SamplingPlan
from include.ledger.contracts import ContractsFile
from include.ledger.pricing import ContractPrices
from include.repricing import asked, main, rehearse, reprice, told
from include.settings import Settings

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST, LAST = date(2026, 11, 18), date(2026, 11, 20)
WORDS = {"from": "2026-11-18", "to": "2026-11-20", "project": "", "by": "ann", "why": "signed"}

Row = Mapping[str, Any]


def agreed(path: Path, contracts: object = (), rates: object = ()) -> None:
    path.write_text(yaml.safe_dump({"contracts": list(contracts), "rates": dict(rates)}))  # type: ignore[call-overload]


def installed(store_dsn: str, path: Path) -> Settings:
    return Settings(store_dsn=SecretStr(store_dsn), source_dsn=SecretStr(""), contracts=path)


def take(store_dsn: str, rows: Sequence[Row], path: Path, run_id: str = "r") -> None:
    """Rows come in at the prices of that file."""
    prices = price_book(path)
    desk = Desk(lambda rows, bounds: Findings({}), prices, prices.in_usd, SamplingPlan())
    with connect(store_dsn) as store:
        intake = PostgresIntake(store)
        intake.stage(run_id, (normalize(row) for row in rows))
        take_in(run_id, "native", intake, desk, NOON + DAY)


def row(number: int, **given: Any) -> Row:
    return {
        "row_key": f"{number}",
        "interaction_id": f"i{number}",
        "project": "bank",
        "environment": "production",
        "user_input": "why?",
        "response": "because",
        "request_model": "own",
        "input_tokens": 1000,
        "output_tokens": 100,
        "occurred_at": NOON.isoformat(),
        "logged_at": NOON,
        **given,
    }


def stored(
    store_dsn: str, query: str = "SELECT * FROM assay.interactions ORDER BY row_key::int"
) -> list[dict[str, Any]]:
    with psycopg.connect(store_dsn, row_factory=dict_row, options="-c timezone=UTC") as store:
        return store.execute(query.encode()).fetchall()


def summed(store_dsn: str) -> None:
    """What runs and the daily DAG sum, of all that is there."""
    with connect(store_dsn) as store:
        Costs(store).roll_up([FIRST + n * DAY for n in range(3)])
        Segments(store).rebuild(Window(NOON - 3 * DAY, NOON + DAY), Epochs({"": {"composite": "e"}}), "w")


MODELS = st.sampled_from(["own", "gpt-4.1-mini", "nobody-knows", None])
COUNT = st.none() | st.integers(0, 5000)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "request_model": MODELS,
            "project": st.sampled_from(["bank", "clinic"]),
            "input_tokens": COUNT,
            "output_tokens": COUNT,
            "cached_input_tokens": COUNT,
            "reasoning_tokens": COUNT,
            "latency_ms": st.none() | st.integers(0, 9000).map(lambda ms: ms / 8),
            "images": st.none() | st.integers(0, 3),
            "occurred_at": st.integers(-72, 0).map(lambda hours: (NOON + timedelta(hours=hours)).isoformat()),
            "billed_cost": st.none() | st.integers(0, 10**6).map(lambda millionths: millionths / 10**6),
            "billed_currency": st.sampled_from(["EUR", "USD", "XAU", None]),
        }
    ),
    min_size=1,
    max_size=12,
)
MONEY = st.integers(0, 10_000).map(lambda cents: cents / 100)
OWN = st.sampled_from([{}, {"project": "clinic"}]).flatmap(
    lambda scope: st.one_of(
        st.fixed_dictionaries(
            {"per_million": st.fixed_dictionaries({"input": MONEY, "output": MONEY, "reasoning": MONEY})}
        ),
        st.fixed_dictionaries({"per_hour": MONEY, "slots": st.integers(1, 9)}),
        st.fixed_dictionaries({"per_request": MONEY, "per_image": MONEY, "currency": st.sampled_from(["USD", "EUR"])}),
    ).map(lambda price: {"name": "own", "model": "own", **scope, **price})
)
DISCOUNT = st.integers(-5, 100).map(lambda percent: {"name": "off", "model": "gpt*", "discount": percent / 100})
DAYS = st.sampled_from([FIRST, LAST - DAY, LAST])
FILES = st.fixed_dictionaries(
    {
        "rates": DAYS.map(lambda day: {"EUR": [{"from": day, "usd": 1.25}]}),
        "contracts": st.tuples(OWN, DISCOUNT, DAYS, DAYS).map(
            lambda some: [{**some[0], "from": some[2]}, {**some[1], "from": FIRST - DAY, "until": some[3] + DAY}]
        ),
    }
)


def of_day(file: Any, currency: str | None, day: date) -> Decimal | None:
    if currency == "USD":
        return Decimal(1)
    return Decimal("1.25") if currency == "EUR" and file["rates"]["EUR"][0]["from"] <= day else None


def expected(one: Row, file: Any) -> tuple[Decimal | None, str | None]:
    """The cost of a row and where it comes from, worked out once more and otherwise."""
    own, off = file["contracts"]
    day = datetime.fromisoformat(one["occurred_at"]).date()
    tokens = None not in (one["input_tokens"], one["output_tokens"])
    cached = min(one["cached_input_tokens"] or 0, one["input_tokens"] or 0)
    thought = min(one["reasoning_tokens"] or 0, one["output_tokens"] or 0)

    def rate(told: float) -> Decimal:
        return Decimal(str(told))

    if one["request_model"] == "own" and own["from"] <= day and own.get("project", one["project"]) == one["project"]:
        usd = None
        if "per_million" in own and tokens:
            per = own["per_million"]
            said = one["output_tokens"] - thought
            usd = (
                one["input_tokens"] * rate(per["input"]) + said * rate(per["output"]) + thought * rate(per["reasoning"])
            )
            usd /= 1_000_000
        elif "per_hour" in own and one["latency_ms"] is not None:
            usd = rate(own["per_hour"]) * rate(one["latency_ms"]) / 3_600_000 / own["slots"]
        elif "per_request" in own and one["images"] is not None and (worth := of_day(file, own["currency"], day)):
            usd = (rate(own["per_request"]) + one["images"] * rate(own["per_image"])) * worth
        return (None, None) if usd is None else (usd, "own")
    if one["request_model"] != "gpt-4.1-mini" or not tokens:
        return None, None
    used = genai_prices.Usage(
        input_tokens=one["input_tokens"], output_tokens=one["output_tokens"], cache_read_tokens=cached
    )
    at = datetime.fromisoformat(one["occurred_at"])
    listed = genai_prices.calc_price(used, "gpt-4.1-mini", genai_request_timestamp=at).total_price
    return (listed * (1 - rate(off["discount"])), "off") if day < off["until"] else (listed, "list")


def exact(usd: Decimal | None) -> Decimal | None:
    return None if usd is None else usd.quantize(Decimal("1e-10"), ROUND_HALF_UP)


def agree(store_dsn: str, rows: Sequence[Row], file: Any) -> None:
    found = stored(store_dsn)
    assert [(one["cost"], one["price_source"]) for one in found] == [
        (exact(usd), source) for usd, source in (expected(one, file) for one in rows)
    ]
    for one, given_row in zip(found, rows, strict=True):
        worth = of_day(file, given_row["billed_currency"], one["occurred_at"].date())
        billed = given_row["billed_cost"]
        assert one["billed_cost"] == (None if billed is None or worth is None else exact(Decimal(str(billed)) * worth))


def sums_agree(store_dsn: str) -> None:
    """Whatever is summed is what the rows add up to, and what has no price is counted."""
    query = (
        """SELECT project, count(*) - count(cost) AS unpriced, sum(cost) AS cost FROM {} GROUP BY project ORDER BY 1"""
    )
    by_day = stored(
        store_dsn,
        """SELECT project, sum(unpriced)::bigint AS unpriced, sum(cost) AS cost FROM assay.costs_daily
           WHERE kind = 'application' GROUP BY project ORDER BY 1""",
    )
    assert by_day == stored(store_dsn, query.format("assay.interactions WHERE occurred_at >= '2026-11-18Z'"))
    tallies = stored(
        store_dsn,
        """SELECT measure, sum(n)::int AS n, sum(total)::float8 AS total FROM assay.segments_hourly
           WHERE measure IN ('spend', 'unpriced', 'bill_differs') GROUP BY measure ORDER BY measure""",
    )
    (own,) = stored(
        store_dsn,
        """SELECT count(cost) AS priced, sum(cost)::float8 AS cost,
                  count(*) FILTER (WHERE input_tokens IS NOT NULL OR output_tokens IS NOT NULL
                                      OR request_model IS NOT NULL) AS calls,
                  count(*) FILTER (WHERE cost IS NULL AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL
                                      OR request_model IS NOT NULL)) AS unpriced
           FROM assay.interactions""",
    )
    found = {one["measure"]: (one["n"], one["total"]) for one in tallies}
    assert found.get("spend", (0, None)) == (own["priced"], pytest.approx(own["cost"]) if own["priced"] else None)
    assert found.get("unpriced", (0, 0)) == (own["calls"], own["unpriced"])


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, before=FILES, after=FILES)
def test_whatever_is_agreed_rows_cost_exactly_that_and_sums_are_those_of_the_rows(
    store_dsn: str, tmp_path: Path, rows: list[Row], before: Any, after: Any
) -> None:
    with psycopg.connect(store_dsn) as store:
        store.execute("TRUNCATE assay.interactions, assay.segments_hourly, assay.costs_daily, assay.repricings")
    path, told_rows = tmp_path / "contracts.yaml", [row(number, **one) for number, one in enumerate(rows)]
    agreed(path, **before)
    take(store_dsn, told_rows, path)
    summed(store_dsn)
    agree(store_dsn, told_rows, before)
    agreed(path, **after)
    take(store_dsn, told_rows, path)
    agree(store_dsn, told_rows, before)  # another contract alone changes nothing, nor does running the window again
    untouched = stored(store_dsn, "SELECT * FROM assay.interactions WHERE occurred_at < '2026-11-18Z'")

    act, prices = asked(installed(store_dsn, path), WORDS)
    rehearsed = rehearse(installed(store_dsn, path), act, prices)
    outcome = reprice(installed(store_dsn, path), act, prices, size=3)
    assert rehearsed == outcome
    assert stored(store_dsn, "SELECT * FROM assay.interactions WHERE occurred_at < '2026-11-18Z'") == untouched
    inside = [one for one in told_rows if one["occurred_at"] >= "2026-11-18"]
    with psycopg.connect(store_dsn) as store:
        store.execute("DELETE FROM assay.interactions WHERE occurred_at < '2026-11-18Z'")
    agree(store_dsn, inside, after)
    if len(inside) == len(told_rows):
        sums_agree(store_dsn)
    assert reprice(installed(store_dsn, path), act, prices).total.changed == 0


class Dies(ContractPrices):
    """A price book whose process is killed at the fifth call."""

    left = 5

    def price(self, call: BillableCall) -> Price | None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt
        return super().price(call)


PRICED = [{"name": "own", "model": "own", "from": FIRST, "per_request": 2}]


def test_an_act_that_was_broken_off_goes_on_where_it_stopped_and_is_one_act(store_dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "contracts.yaml"
    agreed(path, [{**PRICED[0], "per_request": 1}])
    take(store_dsn, [row(number) for number in range(10)], path)
    summed(store_dsn)
    agreed(path, PRICED)
    home = installed(store_dsn, path)
    act, prices = asked(home, WORDS)
    with pytest.raises(KeyboardInterrupt):
        reprice(home, act, Dies(load(path, ContractsFile), GenaiPrices()), size=2)
    assert sum(one["cost"] for one in stored(store_dsn)) == 10 + 4
    outcome = reprice(home, act, prices, size=2)
    (kept,) = stored(store_dsn, "SELECT * FROM assay.repricings")
    assert (kept["interactions"], kept["changed"], kept["cost_before"], kept["cost_after"]) == (10, 10, 10, 20)
    assert (kept["who"], kept["why"], kept["project"]) == ("ann", "signed", None)
    assert kept["finished_at"]
    assert stored(store_dsn, "SELECT cost FROM assay.costs_daily") == [{"cost": 20}]
    assert told(act, outcome, dry=False)[-1].startswith("2026-11-18 to 2026-11-20, all projects, by genai-prices ")
    assert (
        "10 of 10 calls change, $10.000000 -> $20.000000 (+$10.000000); repriced by ann"
        in told(act, outcome, dry=False)[-1]
    )


def test_rows_that_come_in_meanwhile_are_neither_lost_nor_counted_twice(store_dsn: str, tmp_path: Path) -> None:
    path, old = tmp_path / "contracts.yaml", tmp_path / "old.yaml"
    agreed(old, [{**PRICED[0], "per_request": 1}])
    agreed(path, PRICED)
    take(store_dsn, [row(number) for number in range(40)], old)
    home = installed(store_dsn, path)
    act, prices = asked(home, WORDS)

    def come_in() -> None:
        for start in range(40, 100, 5):
            take(store_dsn, [row(number) for number in range(start - 20, start + 5)], old, f"r{start}")

    arrivals = Thread(target=come_in)
    arrivals.start()
    reprice(home, act, prices, size=3)
    arrivals.join(60)
    assert not arrivals.is_alive()
    found = stored(store_dsn)
    assert [one["interaction_id"] for one in found] == [f"i{number}" for number in range(100)]
    assert {one["cost"] for one in found[:40]} == {2}
    assert {one["cost"] for one in found} <= {1, 2}
    again = reprice(home, act, prices).total  # those that came in behind its back at the old price
    assert again.changed == sum(one["cost"] == 1 for one in found)
    assert {one["cost"] for one in stored(store_dsn)} == {2}
    assert [one["cost"] for one in stored(store_dsn, "SELECT cost FROM assay.costs_daily")] == [200]


def test_two_cannot_reprice_at_once(store_dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "contracts.yaml"
    agreed(path)
    home = installed(store_dsn, path)
    act, prices = asked(home, WORDS)
    with connect(store_dsn) as store:
        Repricings(store).begin(act, NOON)
        with pytest.raises(RepricingRefused, match="somebody else"):
            reprice(home, act, prices)
    reprice(home, act, prices)


@pytest.mark.parametrize(
    ("given_words", "told_words"),
    [
        ({"from": ""}, "say which days"),
        ({"to": "tomorrow"}, "say which days"),
        ({"to": "2026-11-01"}, "exchange FROM and TO"),
        ({"by": " "}, "signs it"),
        ({"why": ""}, "signs it"),
    ],
)
def test_an_act_without_days_or_name_or_reason_is_refused(
    tmp_path: Path, given_words: dict[str, str], told_words: str
) -> None:
    agreed(tmp_path / "contracts.yaml")
    with pytest.raises(RepricingRefused, match=told_words):
        asked(installed("", tmp_path / "contracts.yaml"), WORDS | given_words)


def test_the_command_rehearses_and_acts_and_tells_what_changed(
    store_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, address = tmp_path / "contracts.yaml", store_dsn.replace("postgresql://", "postgres://", 1)
    for name, value in (("STORE", address), ("SOURCE", address)):
        monkeypatch.setenv(f"AIRFLOW_CONN_ASSAY_{name}", value)
    monkeypatch.setenv("ASSAY_CONTRACTS", str(path))
    agreed(path)
    take(store_dsn, [row(1), row(2, project="clinic")], path)
    agreed(path, PRICED)
    words = ["--from=2026-11-20", "--project=bank", "--by=ann", "--why=signed"]
    assert main([*words, "--dry"]) == 0
    changed = "1 of 1 calls change, $0.000000 -> $2.000000 (+$2.000000), without a price 1 -> 0"
    by = asked(installed(store_dsn, path), WORDS)[0].prices
    assert capsys.readouterr().out.splitlines() == [
        f"bank / own: {changed}",
        f"2026-11-20 to 2026-11-20, bank, by {by}: {changed}; a rehearsal, nothing is changed",
    ]
    assert [one["cost"] for one in stored(store_dsn)] == [None, None]
    assert main(words) == 0
    assert capsys.readouterr().out.endswith("repriced by ann\n")
    assert [one["cost"] for one in stored(store_dsn)] == [2, None]
    assert main(words[:-1]) == 1
    assert "signs it" in capsys.readouterr().err
