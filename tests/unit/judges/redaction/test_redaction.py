"""What a judge need not see is hidden, what it must see stays, and its words are put back into the log's."""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.interaction import Interaction, Turn
from include.errors import ConfigError
from include.judges.redaction import KINDS, Redactor
from include.judges.redaction.accounts import _LENGTH, cards, iban, ibans, luhn
from include.judges.redaction.names import names_by

AT = datetime(2026, 11, 20, tzinfo=UTC)
ASKED = Interaction("a", AT, AT, "bank", "prod", "Hello?", "Good morning.")


def hidden(*texts: str, kinds: tuple[str, ...] = tuple(KINDS)) -> list[str]:
    """The texts as passages of one interaction, redacted."""
    shown, _ = Redactor(kinds)(replace(ASKED, retrieved_contexts=texts))
    return list(shown.retrieved_contexts)


def card(prefix: str, length: int) -> str:
    digits = prefix + "".join(random.Random(prefix).choices("0123456789", k=length - len(prefix) - 1))
    return next(digits + last for last in "0123456789" if luhn(digits + last))


def account(country: str, rest: str) -> str:
    checksum = 98 - int("".join(str(int(one, 36)) for one in f"{rest}{country}00")) % 97
    return f"{country}{checksum:02}{rest}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Write to a.b+c@shop.example.com, or call.", "Write to <email-1>, or call."),
        ("<mailto:ann@shop.example>", "<mailto:<email-1>>"),
        ("Müller: jörg@müller.de", "Müller: <email-1>"),
        ("call +49 (0)30 123 4567 now", "call <phone-1> now"),
        ("+1 (555) 123-4567", "<phone-1>"),
        ("(212) 555-0199 or 212-555-0199", "<phone-1> or <phone-1.2>"),
        ("030/1234567, 06 12 34 56 78", "<phone-1>, <phone-2>"),
        ("0044 20 7946 0958", "<phone-1>"),
        ("tel: 1234567", "tel: <phone-1>"),
        ("call us on 555 1234", "call us on <phone-1>"),
        ("٠٣٠ ١٢٣٤٥٦٧", "<phone-1>"),
        ("4111 1111 1111 1111 123", "<card-1> 123"),
        ("8888 4111-1111-1111-1111", "8888 <card-1>"),
        ("3782 822463 10005", "<card-1>"),
        ("４１１１１１１１１１１１１１１１", "<card-1>"),
        ("DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX", "<iban-1> BIC COBADEFFXXX"),
        ("gb82west12345698765432.", "<iban-1>."),
        ("key=sk-abcdefghijklmnop1234 ok", "key=<secret-1> ok"),
        ("sk-proj-abc_DEF-0123456789abcdef", "<secret-1>"),
        ("ghp_" + "a1B2" * 9, "<secret-1>"),
        ("AKIAIOSFODNN7EXAMPLE", "<secret-1>"),
        ("xoxb-1234567890-abcdefghij", "<secret-1>"),
        ("sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "<secret-1>"),
        ("Authorization: Bearer abc.def.ghi12345678", "Authorization: Bearer <secret-1>"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def_123", "<secret-1>"),
        ('api_key = "a8f5f167f44f4964e6c998dee827110c"', 'api_key = "<secret-1>"'),
        ("password: hunter22!", "password: <secret-1>"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nab+/=\n-----END RSA PRIVATE KEY-----\nok", "<secret-1>\nok"),
        ("-----BEGIN PRIVATE KEY-----\n" + "A1b/" * 16 + "\nThis is cut off.", "<secret-1>\nThis is cut off."),
    ],
)
def test_what_is_hidden(text: str, shown: str) -> None:
    assert hidden(text) == [shown]


@pytest.mark.parametrize(
    "text",
    [
        "It costs 1,234.56 EUR, or 12 345 678 in all, at +3.5 % (0.1234567890).",
        "On 2026-11-20 09:15, 20.11.2026, 11/20/2026 and from 01.02.2026 09:15 on.",
        "Your order 1234567890 (no. 2026-00123, ticket #0012345678, EAN 4006381333931).",
        "ISBN 978-3-16-148410-0, 192.168.100.200, version 10.12.2026.1, epoch 1700000000000.",
        "52 31 44 12 99 10 23 45 67 81 90 12 33 41",
        "key: understanding, token = something, the secret: patience_and_time",
        "4111111111111112 is no card, nor is 41111111111111111111",
        "DE12 3456 7890 1234 5678 91 and DE89 3704 are no accounts",
        "write @ noon, a@b, user@localhost, 5 @ 3.50",
        "sk-8 and sk-learn and eyJ are not keys",
        "550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_what_stays(text: str) -> None:
    assert hidden(text) == [text]


CARDS = st.sampled_from([("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("36", 14), ("6011", 16), ("62", 19)])
SEPARATORS = st.sampled_from(["", " ", "-"])


@given(
    CARDS, SEPARATORS, st.sampled_from(["", "x ", "1 ", "5 ", "Card: ", "\n"]), st.sampled_from(["", " 123", ".", " 1"])
)
def test_no_card_number_with_a_right_checksum_survives(
    kind: tuple[str, int], separator: str, before: str, after: str
) -> None:
    number = card(*kind)
    groups = {14: (4, 6, 4), 15: (4, 6, 5), 16: (4, 4, 4, 4), 19: (4, 4, 4, 4, 3)}[len(number)]
    written = separator.join(number[sum(groups[:n]) : sum(groups[: n + 1])] for n in range(len(groups)))
    (shown,) = hidden(f"{before}{written}{after}")
    assert shown == f"{before}<card-1>{after}"
    assert not list(cards(shown))


@given(
    st.sampled_from(sorted(_LENGTH)),
    st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=40, max_size=40),
    st.booleans(),
    st.sampled_from(["", "IBAN: ", "ab "]),
    st.sampled_from(["", " BIC X", ", thanks", "."]),
)
def test_no_iban_with_a_right_checksum_survives(
    country: str, rest: str, grouped: bool, before: str, after: str
) -> None:
    number = account(country, rest[: _LENGTH[country] - 4])
    assert iban(number)
    written = " ".join(re.findall(".{1,4}", number)) if grouped else number
    shown = hidden(f"{before}{written}{after}")
    assert shown == [f"{before}<iban-1>{after}"]
    assert not list(ibans(shown[0]))


@given(
    st.lists(
        st.one_of(
            st.decimals(0, 10**7, places=2).map("{:,} EUR".format),
            st.dates(date(1990, 1, 1), date(2060, 1, 1)).map(str),
            st.dates(date(1990, 1, 1), date(2060, 1, 1)).map("{:%d.%m.%Y}".format),
            st.dates(date(1990, 1, 1), date(2060, 1, 1)).map("{:%m/%d/%Y}".format),
            st.times().map("at {:%H:%M}".format),
            st.integers(10**5, 10**10 - 1).map("order {}".format),
            st.integers(1, 999).map("{} pieces".format),
            st.floats(0, 100).map("{:.3f} %".format),
        ),
        max_size=6,
    )
)
def test_prices_dates_and_numbers_of_orders_survive(said: list[str]) -> None:
    text = "; ".join(said)
    assert hidden(text) == [text]


VALUES = st.sampled_from(
    [
        "ann@shop.example",
        "Ann@Shop.example",
        "+49 30 1234567",
        "+49301234567",
        "4111 1111 1111 1111",
        "4111111111111111",
        "DE89370400440532013000",
        "sk-abcdefghijklmnop1234",
        "<email-1>",
        "<phone-1.2>",
        "<card-",
        ">",
        "<",
    ]
)


@settings(max_examples=300)
@given(st.lists(st.lists(st.one_of(VALUES, st.text(max_size=12)), max_size=8).map("".join), min_size=2, max_size=6))
def test_what_was_hidden_can_be_put_back(texts: list[str]) -> None:
    asked = replace(
        ASKED,
        user_input=texts[0],
        response=texts[1],
        retrieved_contexts=tuple(texts[2:]),
        reference=texts[0] + texts[1],
        history=(Turn("user", texts[1]),),
        attributes={"other_references": [texts[0], 5], "language": "en"},
    )
    shown, restore = Redactor(tuple(KINDS))(asked)
    assert restore(shown.user_input) == asked.user_input
    assert restore(shown.response) == asked.response
    assert [*map(restore, shown.retrieved_contexts)] == [*asked.retrieved_contexts]
    assert restore(shown.reference or "") == asked.reference
    assert restore(shown.history[0].content) == asked.history[0].content
    assert [restore(str(one)) for one in shown.attributes["other_references"]] == [texts[0], "5"]  # type: ignore[union-attr]
    assert Redactor(tuple(KINDS))(asked)[0] == shown, "always the same"


def test_a_judge_still_sees_which_values_are_the_same_in_all_texts_of_an_interaction() -> None:
    asked = replace(
        ASKED,
        user_input="My address is ann@shop.example. Where do I write to?",
        response="Write to help@shop.example.",
        retrieved_contexts=("Customers write to service@shop.example.",),
        reference="To SERVICE@shop.example.",
        history=(Turn("user", "I am ann@shop.example"),),
        attributes={"other_references": ["service@shop.example"]},
    )
    shown, restore = Redactor(["email"])(asked)
    assert shown.user_input == "My address is <email-1>. Where do I write to?"
    assert shown.response == "Write to <email-2>."
    assert shown.retrieved_contexts == ("Customers write to <email-3>.",)
    assert shown.reference == "To <email-3.2>."
    assert shown.history[0].content == "I am <email-1>"
    assert shown.attributes["other_references"] == ["<email-3>"]
    assert restore("The answer names <email-2> and not <email-3>; <email-9> is nobody's.") == (
        "The answer names help@shop.example and not service@shop.example; <email-9> is nobody's."
    )


def test_a_placeholder_that_the_log_holds_is_never_given_out() -> None:
    (first, second) = hidden(
        "<email-1> is ann@shop.example", "<email-2>, <email-3.2>: bob@shop.example, Bob@shop.example"
    )
    assert first == "<email-1> is <email-3>"
    assert second == "<email-2>, <email-3.2>: <email-4>, <email-4.2>"


def test_only_the_kinds_that_are_wanted_are_hidden_and_counted() -> None:
    redactor = Redactor(["email", "card"])
    asked = replace(ASKED, response="ann@shop.example, ann@shop.example, b@shop.example, +49 30 1234567")
    shown, _ = redactor(asked)
    assert shown.response == "<email-1>, <email-1>, <email-2>, +49 30 1234567"
    redactor(asked)
    assert redactor.counts == {"email": 2}, "values, and an interaction that several judges see counts once"


def test_without_a_kind_nothing_happens() -> None:
    redactor = Redactor([])
    shown, restore = redactor(replace(ASKED, response="ann@shop.example"))
    assert (shown.response, restore("<email-1>")) == ("ann@shop.example", "<email-1>")
    assert (redactor.parts, redactor.notice) == ({}, "")


def test_what_is_hidden_is_part_of_the_identity_of_a_judge() -> None:
    parts = [Redactor(kinds).parts for kinds in ([], ["email"], ["email", "card"])]
    assert len({str(one) for one in parts}) == 3
    assert Redactor(["card", "email"]).parts == parts[2], "in whatever order they are named"


def test_a_kind_that_nobody_knows_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="redact: mail: choose of secret, email, iban, card, phone, name"):
        Redactor(["mail", "card"])


def test_names_need_presidio() -> None:
    with pytest.raises(ConfigError, match=r"redact: names need Presidio .* pip install presidio-analyzer"):
        Redactor(["name"])


def test_names_that_an_analyser_finds_are_hidden_after_all_else() -> None:
    def analyze(text: str) -> list[SimpleNamespace]:
        found = [*re.finditer(r"Ann  ?Lee|<email-1>|Lee", text, re.IGNORECASE)]
        return [SimpleNamespace(start=one.start(), end=one.end()) for one in found]

    redactor = Redactor(["email", "name"], names=(names_by(analyze), "analyser 1"))
    shown, restore = redactor(replace(ASKED, response="Ann Lee (ann.lee@shop.example), Ann  Lee and ANN LEE"))
    assert shown.response == "<name-1> (<email-1>), <name-1.2> and <name-1.3>"
    assert restore("<name-1.2>") == "Ann  Lee"
    assert redactor.parts != Redactor(["email", "name"], names=(names_by(analyze), "analyser 2")).parts


HOSTILE = (
    *("4", "4 ", "4111 ", "4111 1111 1111 1112 ", "@", "a@", "a", "a@a.", "eyJ", "eyJ-", "eyJabcdef.", "sk-", "key="),
    *("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----a-", "token: ", "key=a1b2c3d4e5", "Bearer ", "DE89"),
    *("DE89 37", "+4", "+1 ", "(0", "00", "0 ", "-1", "1.", "1()", "01.02.2026 ", ": ", "SG.aaaaaaaaaaaaaaaaa.", "<"),
    *(
        "tel 1234567 ",
        "a@b.de ",
        "4111111111111111 ",
        "<email-1>",
        "٤",
        "password=",
        "AKIA",
        "xoxb-",
        "_live_",
        "sk_live_",
    ),
)


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_grows_with_the_text_and_not_with_its_square(unit: str) -> None:
    def taken(length: int) -> float:
        asked = replace(ASKED, response=(unit * length)[:length])
        start = time.process_time()
        Redactor(tuple(KINDS))(asked)
        return time.process_time() - start

    small = min(taken(25_000) for _ in range(2))
    assert taken(200_000) < 8 * 3 * small + 0.2
