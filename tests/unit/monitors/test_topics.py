"""Topics of questions, and how unlike the past questions are."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest

from include.monitors.exchanges import terms
from include.monitors.shift import OTHER
from include.monitors.topics import auc, topics, unlikeness

ABOUT = {
    "cards": ["card", "blocked", "payment", "limit", "lost", "pin", "contactless"],
    "loans": ["loan", "mortgage", "interest", "rate", "repay", "instalment", "term"],
    "login": ["password", "login", "reset", "account", "locked", "email", "code"],
    "travel": ["visa", "passport", "flight", "luggage", "insurance", "abroad", "roaming"],
}
ASKED = ["please", "what", "when", "where", "help", "need"]


def asked(rng: Random, *about: str) -> str:
    return " ".join([*rng.choices(ABOUT[rng.choice(about)], k=5), *rng.choices(ASKED, k=2)])


def test_topics_are_found_named_by_their_terms_and_the_same_each_time() -> None:
    rng = Random(1)
    past = [asked(rng, "cards", "loans", "login") for _ in range(400)]
    told = topics(past, past[:50])
    assert told is not None
    named = {name for name in told.past if name != OTHER}
    assert all(any(set(name.split()) <= set(words) for words in ABOUT.values()) for name in named)
    assert len(told.past) == told.held.sum() == 200
    assert topics(past, past[:50]).now == told.now  # type: ignore[union-attr]


def test_questions_on_something_new_have_no_topic() -> None:
    rng = Random(2)
    past = [asked(rng, "cards", "loans", "login") for _ in range(400)]
    told = topics(past, [asked(rng, "travel") for _ in range(100)])
    assert told is not None
    assert Counter(told.now)[OTHER] > 90  # type: ignore[arg-type]
    assert Counter(told.past)[OTHER] < 60  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "past",
    [
        [""] * 200,
        ["a 1 ?"] * 200,
        ["how are you"] * 10,
        [f"w{chr(97 + n // 26)}{chr(97 + n % 26)}z" for n in range(200)],
    ],
    ids=["empty", "no words", "too few", "nothing in common"],
)
def test_where_no_topics_can_be_learned_there_are_none(past: list[str]) -> None:
    assert topics(past, past) is None


def test_chinese_questions_have_topics() -> None:
    rng = Random(3)
    about = (
        ["如何申请退款", "退款多久到账", "退款进度查询"],
        ["忘记登录密码怎么办", "重置登录密码", "登录密码错误"],
        ["物流信息", "查物流在哪里", "物流太慢了"],
    )
    past = [rng.choice(rng.choice(about)) for _ in range(400)]
    told = [topics(past, texts) for texts in about]
    named = [{name for name in one.now if name != OTHER} for one in told if one]
    assert len(named) == 3
    assert all(named)
    assert not named[0] & named[1] | named[1] & named[2] | named[0] & named[2]


def test_a_question_of_two_megabytes_and_one_without_known_words_are_no_trouble() -> None:
    rng = Random(4)
    past = [asked(rng, "cards", "loans") for _ in range(200)]
    told = topics(past, ["card " * 400_000, "", "🙂", "ẅ̈ördlîke"])
    assert told is not None
    assert told.now[1:] == [OTHER] * 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Wo ist MEINE Karte? 42", ["ist", "meine", "karte"]),
        ("退款abc", ["abc", "退款"]),
        ("か", ["か"]),
        ("", []),
    ],
)
def test_terms_are_words_or_pairs_of_letters(text: str, found: list[str]) -> None:
    assert terms(text) == found


def test_a_classifier_tells_vectors_of_now_from_those_of_before_only_if_they_differ() -> None:
    rng = np.random.default_rng(5)
    past = rng.normal(size=(400, 64))
    for shift, low, high in ((0.0, 0.4, 0.6), (0.3, 0.8, 1.0)):
        told = unlikeness(past.tolist(), (rng.normal(size=(300, 64)) + shift).tolist())
        area, least, most = auc(np.array(told.past, float), np.array(told.now, float))
        assert low < area < high
        assert least < area < most
        assert (len(told.now), len(told.past)) == (150, 200)


@pytest.mark.parametrize(
    ("past", "now", "area"), [([1.0, 2.0], [3.0, 4.0], 1.0), ([1.0, 2.0], [1.0, 2.0], 0.5), ([3.0], [1.0], 0.0)]
)
def test_the_area_counts_ties_half(past: list[float], now: list[float], area: float) -> None:
    assert auc(np.array(past), np.array(now))[0] == area
