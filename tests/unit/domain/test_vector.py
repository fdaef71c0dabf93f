"""Vectors on their way through text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.vector import packed, unpacked


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_a_vector_comes_back_as_it_was(vector: list[float]) -> None:
    assert unpacked(packed(vector)) == vector


@pytest.mark.parametrize("text", ["no vector", "AAA=", "AAAA!"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        unpacked(text)
