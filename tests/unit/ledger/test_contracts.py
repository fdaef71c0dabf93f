"""contracts.yaml: what it may say, which contract applies, and how mistakes are told."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from include.adapters.yaml_file import load
from include.errors import ConfigError
from include.ledger.contracts import Contract, ContractsFile, clash, matches
from include.settings import STAGES

SHIPPED = STAGES / "ledger/contracts.yaml"


def read(tmp_path: Path, text: str) -> ContractsFile:
    path = tmp_path / "contracts.yaml"
    path.write_text(text)
    return load(path, ContractsFile)


def test_the_shipped_file_holds_no_contract_and_its_example_is_one(tmp_path: Path) -> None:
    text = SHIPPED.read_text()
    assert load(SHIPPED, ContractsFile) == ContractsFile()
    _, example = text.rsplit("# For example:\n", 1)
    lines = [line.removeprefix("#").removeprefix(" ") for line in example.splitlines() if line.startswith("#")]
    file = read(tmp_path, "\n".join(lines))
    assert len(file.contracts) == len(re.findall("- name:", example))
    assert set(file.rates) == {"EUR"}
    assert next(one.name for one in file.by_precedence()) == "bank-haiku"


A = "contracts:\n  - {name: a, from: 2026-01-01, discount: 0.1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{A}, discont: 0.2}}\n", "contracts.yaml:2: contracts.1.discont: Extra inputs"),
        ("contract: []\n", "contracts.yaml:1: contract: Extra inputs are not permitted; known: rates, contracts"),
        ("contracts:\n  - {name: a, from: 2026-01-01}\n", "says no price. Remedy: give either discount"),
        (f"{A}, per_hour: 3}}\n", "says discount and per_hour"),
        (f"{A}, per_request: 3}}\n", "says per_request and discount"),
        (f"{A}, until: 2026-01-01}}\n", "ends before it begins. Remedy: until is the first day"),
        (f"{A}, until: soon}}\n", "contracts.yaml:2: contracts.1.until: is no day (found 'soon'). Remedy: write a day"),
        (f"{A}, slots: 4}}\n", "slots share the price of an hour"),
        (f"{A}, currency: EUR}}\n", "Remedy: leave currency out"),
        (f"{A}, model: 'gpt-[45]'}}\n", "contracts.1.model"),
        ("contracts:\n  - {name: list, from: 2026-01-01, discount: 0.1}\n", "list is the public price list"),
        ("contracts:\n  - {name: a, from: 2026-01-01, per_million: {input: -1}}\n", "contracts.1.per_million.input"),
        (
            "contracts:\n  - {name: a, from: 2026-01-01, per_hour: 3, currency: EUR}\n",
            "contracts.yaml:2: contracts.1: a is in EUR, whose worth nobody knows. Remedy: add EUR to rates",
        ),
        (
            f"{A}}}\n  - {{name: a, from: 2027-01-01, per_hour: 1}}\n",
            "yaml:3: contracts.2: a second contract a (see line 2)",
        ),
        (
            f"{A}}}\n  - {{name: b, from: 2027-01-01, per_hour: 1}}\n",
            "contracts.yaml:3: contracts.2: b and a apply to the same calls, and neither is narrower (see line 2)",
        ),
        (
            f"{A}, model: gpt-5*}}\n  - {{name: b, model: '*mini', from: 2026-05-01, per_hour: 1}}\n",
            "contracts.yaml:3: contracts.2: b and a apply to the same calls",
        ),
        (
            "rates:\n  EUR:\n    - {from: 2026-01-01, usd: 1.1}\n    - {from: 2026-01-01, usd: 1.2}\n",
            "contracts.yaml:4: rates.EUR.2: the same day twice (see line 3)",
        ),
        ("rates:\n  USD: []\n", "contracts.yaml:2: rates.USD: a dollar is a dollar"),
        ("rates:\n  Euro: []\n", "contracts.yaml:2: rates.Euro"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_remedy(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert told in str(caught.value)
    assert "Remedy: " in str(caught.value)


@pytest.mark.parametrize(
    "second",
    [
        "{name: b, from: 2026-06-01, until: 2026-07-01, model: gpt-5-mini, discount: 0}",  # narrower
        "{name: b, from: 2026-06-01, provider: openai, model: gpt*, discount: 0}",
        "{name: b, from: 2026-06-01, project: bank, discount: 0}",  # goes before
        "{name: b, from: 2026-06-01, model: claude*, discount: 0}",  # shares no call
        "{name: b, from: 2025-06-01, until: 2026-01-01, model: gpt*, discount: 0}",  # over
    ],
)
def test_contracts_that_cannot_be_confused_stand_side_by_side(tmp_path: Path, second: str) -> None:
    first = "{name: a, model: gpt*, from: 2026-01-01, discount: 0.1}"
    assert len(read(tmp_path, f"contracts:\n  - {first}\n  - {second}\n").contracts) == 2


RATES = "rates:\n  EUR:\n    - {from: 2026-07-01, usd: 1.2}\n    - {from: 2026-01-01, usd: 1.1}\n"


@pytest.mark.parametrize(
    ("currency", "day", "usd"),
    [
        ("USD", date(1999, 1, 1), Decimal(10)),
        ("EUR", date(2025, 12, 31), None),
        ("EUR", date(2026, 1, 1), Decimal("11.0")),
        ("EUR", date(2026, 6, 30), Decimal("11.0")),
        ("EUR", date(2026, 7, 1), Decimal("12.0")),
        ("CHF", date(2026, 7, 1), None),
        (None, date(2026, 7, 1), None),
    ],
)
def test_a_currency_is_worth_what_it_was_that_day(
    tmp_path: Path, currency: str | None, day: date, usd: Decimal | None
) -> None:
    assert read(tmp_path, RATES).usd(Decimal(10), currency, day) == usd


PATTERN = st.text("ab*", min_size=1, max_size=5)
NAME = st.text("ab", max_size=6)


def contract(name: str, model: str, provider: str | None) -> Contract:
    told = {"name": name, "model": model, "provider": provider, "from": date(2026, 1, 1), "discount": 0}
    return Contract.model_validate(told)


@given(PATTERN, PATTERN, st.sampled_from([None, "p"]), st.sampled_from([None, "p"]), st.lists(NAME, max_size=20))
@example("*", "**", None, "p", [""])
def test_two_that_apply_to_one_call_have_an_order_or_clash(
    model: str, other_model: str, provider: str | None, other_provider: str | None, names: list[str]
) -> None:
    """Whichever call both apply to, one is narrower: it applies to nothing that the other does not."""
    one, other = contract("one", model, provider), contract("other", other_model, other_provider)
    calls = [(who, name) for who in ("p", "q") for name in names]
    both = [call for call in calls if one.applies("", *call) and other.applies("", *call)]
    if both and not clash(one, other):
        first, second = ContractsFile(contracts=(one, other)).by_precedence()
        assert not [call for call in calls if first.applies("", *call) and not second.applies("", *call)]


@pytest.mark.parametrize(
    ("pattern", "name", "is_one"),
    [
        ("gpt-5*", "gpt-5", True),
        ("gpt-5*", "gpt-5-mini", True),
        ("gpt-5*", "xgpt-5", False),
        ("*haiku*", "claude-haiku-4-5", True),
        ("a.b", "axb", False),
        ("*", "", True),
    ],
)
def test_a_star_stands_for_any_letters(pattern: str, name: str, is_one: bool) -> None:
    assert matches(pattern, name) is is_one
