"""What tokens cost beside each other, by a price book."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from include.domain.factors import Rates
from include.token_rates import rates_of
from tests.fakes.prices import PerToken

AT = datetime(2026, 11, 20, tzinfo=UTC)
BOOK = PerToken({"gpt": ("2.5", "0.25", "20"), "free": ("0", "0", "0")})


@pytest.mark.parametrize(
    ("model", "rates"), [("gpt-9", Rates(Fraction(1, 10), Fraction(8))), ("free-1", Rates()), ("unheard-of", Rates())]
)
def test_rates_are_those_of_the_price_book_or_typical(model: str, rates: Rates) -> None:
    assert rates_of(BOOK, AT)(model) == rates
