"""What a call costs by contracts and by the list."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.adapters.yaml_file import load
from include.domain.price import LIST, BillableCall, Price
from include.domain.score import Usage
from include.ledger.contracts import ContractsFile
from include.ledger.pricing import ContractPrices

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
TOKENS = Usage(1_000_000, 1_000_000)


class TenDollars:
    """A list on which every call costs ten dollars, and half of it in a batch; model `new` is not on it."""

    def price(self, call: BillableCall) -> Price | None:
        return None if call.model == "new" else Price(10 * (call.batch_share or Decimal(1)), LIST)


def prices(tmp_path: Path, *contracts: str) -> ContractPrices:
    path = tmp_path / "contracts.yaml"
    lines = "".join(f"  - {{from: 2026-03-01, {one}}}\n" for one in contracts)
    rates = "rates:\n  EUR:\n    - {from: 2026-03-10, usd: 2}\n"
    path.write_text(rates + f"contracts:\n{lines}" * bool(contracts))
    return ContractPrices(load(path, ContractsFile), TenDollars())


def call(**given: Any) -> BillableCall:
    told: dict[str, Any] = {"provider": "openai", "model": "gpt-5", "usage": TOKENS, "at": AT, "project": "bank"}
    return BillableCall(**(told | given))


@pytest.mark.parametrize(
    ("contract", "given", "usd"),
    [
        ("discount: 0.15", {}, "8.5"),
        ("discount: -0.05", {}, "10.5"),
        ("discount: 0.15", {"model": "new"}, None),
        ("discount: 0.2", {"batch_share": Decimal("0.5")}, "4"),
        ("discount: 0.2, batch_discount: 0.75", {"batch_share": Decimal("0.5")}, "2"),
        ("per_million: {input: 1, output: 3}", {}, "4"),
        ("per_million: {input: 1, output: 3}", {"model": "new"}, "4"),
        ("per_million: {input: 1, output: 3}", {"usage": None}, None),
        ("per_million: {input: 1, output: 3}", {"batch_share": Decimal("0.5")}, "2"),
        ("per_million: {input: 1}", {}, None),  # nothing was agreed for the answer
        ("per_million: {input: 1}", {"usage": Usage(1_000_000)}, "1"),
        ("per_million: {input: 1, output: 3}, currency: EUR", {}, "8"),
        ("per_million: {input: 1, output: 3}, currency: EUR", {"at": AT.replace(day=9)}, None),
        ("per_million: {input: 2, cached_input: 1, output: 0}", {"usage": Usage(1_000_000, 0, 500_000)}, "1.5"),
        ("per_million: {input: 2, output: 0}", {"usage": Usage(1_000_000, 0, 500_000)}, "2"),
        ("per_million: {input: 0, output: 2, reasoning: 4}", {"usage": Usage(0, 10**6, 0, 500_000)}, "3"),
        (
            "per_million: {input: 1, cache_write: 2, input_audio: 4, output: 0, output_audio: 8}",
            {"usage": Usage(1_000_000, 1_000_000, 0, 0, 250_000, 250_000, 500_000)},
            "6",  # 0.5 + 0.5 + 1 + 4
        ),
        ("per_request: 0.25", {"usage": None}, "0.25"),
        ("per_image: 0.04", {"usage": None, "images": 3}, "0.12"),
        ("per_image: 0.04", {}, None),
        ("per_image: 0.04, per_million: {input: 1, output: 3}", {"images": 0}, "4"),
        ("per_hour: 36", {"latency_ms": 1500.0, "usage": None}, "0.015"),
        ("per_hour: 36, slots: 3", {"latency_ms": 1500.0}, "0.005"),
        ("per_hour: 36", {}, None),
        ("discount: 0.5, model: claude*", {}, "10"),  # of the others, the list
        ("discount: 0.5, project: clinic", {}, "10"),
        ("discount: 0.5, provider: azure", {}, "10"),
        ("discount: 0.5, provider: OpenAI, model: GPT-*", {}, "5"),
        ("discount: 0.5, until: 2026-03-10", {}, "10"),
        ("discount: 0.5, until: 2026-03-11", {}, "5"),
        ("discount: 0.5", {"at": datetime(2026, 2, 28, 23, 59, tzinfo=UTC)}, "10"),
        ("per_request: 1", {"model": None, "provider": None}, "1"),
    ],
)
def test_a_call_costs_what_its_contract_says(
    tmp_path: Path, contract: str, given: dict[str, Any], usd: str | None
) -> None:
    found = prices(tmp_path, f"name: a, {contract}").price(call(**given))
    assert (found.usd if found else None) == (None if usd is None else Decimal(usd))
    applies = usd != "10"
    assert found is None or found.source == ("a" if applies else LIST)


def test_a_projects_own_contract_goes_before_that_of_all_and_a_narrower_before_a_wider(tmp_path: Path) -> None:
    book = prices(
        tmp_path,
        "name: all, discount: 0.1",
        "name: gpt, model: gpt*, discount: 0.2",
        "name: exactly, model: gpt-5, provider: openai, discount: 0.3",
        "name: bank, project: bank, discount: 0.4",
    )
    sources = [
        found.source
        for one in (call(), call(project="clinic"), call(project="clinic", model="gpt-4"), call(project="", model="x"))
        if (found := book.price(one))
    ]
    assert sources == ["bank", "exactly", "gpt", "all"]


def test_what_was_billed_is_worth_what_it_was_on_the_day_of_the_call(tmp_path: Path) -> None:
    book = prices(tmp_path)
    assert book.in_usd(Decimal(3), "eur", AT) == 6
    assert book.in_usd(Decimal(3), "EUR", AT.replace(day=9)) is None
    assert book.in_usd(Decimal(3), "USD", AT) == 3
    assert book.in_usd(Decimal(3), None, AT) is None
