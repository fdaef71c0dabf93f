"""How many calls may be under way, as answers come."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.adapters.llm.window import Change, Window


def test_it_starts_as_wide_as_it_may_be_and_stays_so_while_all_is_well() -> None:
    window = Window(64)
    assert {window.answered(0) for _ in range(1000)} == {Change.NONE}
    assert window.limit == 64


def test_a_named_wait_halves_it_once_for_all_that_were_under_way() -> None:
    window = Window(64)
    changes = [window.crowded(0, told=True) for _ in range(64)]
    assert changes == [Change.TOLD] + [Change.NONE] * 63
    assert window.limit == 32
    assert window.crowded(window.cuts, told=True) is Change.TOLD
    assert window.limit == 16


def test_it_grows_by_one_for_a_window_of_successes() -> None:
    window = Window(64)
    window.crowded(0, told=True)
    for _ in range(33):
        assert window.answered(1) is Change.GREW
    assert window.limit == 33


def test_what_was_sent_before_a_cut_does_not_make_it_grow() -> None:
    window = Window(64)
    window.crowded(0, told=True)
    for _ in range(64):
        window.answered(0)
    assert window.limit == 32


def test_it_never_closes() -> None:
    window = Window(4)
    for _ in range(20):
        window.crowded(window.cuts, told=True)
    assert window.limit == 1


@pytest.mark.parametrize(
    ("share", "least", "most"),
    [(0.15, 64, 64), (0.3, 50, 64), (0.7, 1, 8)],
)
def test_refusals_that_name_no_wait_count_only_where_they_crowd(share: float, least: int, most: int) -> None:
    window, lot = Window(64), random.Random(0)
    for _ in range(20_000):
        if lot.random() < share:
            window.crowded(window.cuts, told=False)
        else:
            window.answered(window.cuts)
    assert least <= window.limit <= most


def test_the_textbook_rule_would_collapse_where_this_one_stands() -> None:
    """Half for every refusal: what 15 % of random ones make of 64, by the formula in the module's docstring."""
    size, lot, sizes = 64.0, random.Random(0), []
    for _ in range(20_000):
        size = max(1.0, size / 2) if lot.random() < 0.15 else min(64.0, size + 1 / size)
        sizes.append(size)
    assert sum(sizes[1000:]) / len(sizes[1000:]) < 4


@pytest.mark.parametrize(
    ("cut", "resized", "limit"),
    [(False, 32, 32), (False, 128, 128), (True, 16, 16), (True, 128, 32)],
)
def test_another_ceiling_is_followed_up_only_by_a_window_that_was_full(cut: bool, resized: int, limit: int) -> None:
    window = Window(64)
    if cut:
        window.crowded(0, told=True)
    window.resize(resized)
    assert window.limit == limit


@given(st.lists(st.sampled_from(["ok", "crowded", "told", "grow", "shrink"]), max_size=300))
def test_whatever_comes_it_stays_between_one_and_its_ceiling(events: list[str]) -> None:
    window = Window(10)
    for event in events:
        match event:
            case "ok":
                window.answered(window.cuts)
            case "grow":
                window.resize(20)
            case "shrink":
                window.resize(3)
            case _:
                window.crowded(window.cuts, told=event == "told")
        assert 1 <= window.limit <= window.ceiling
