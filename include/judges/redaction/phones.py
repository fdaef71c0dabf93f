"""A text goes in, the telephone numbers in it come out.

By the shape of numbers and not by the numbering plans: those are data of a package that changes every month, and each
of its versions would be another judge. A number that is no telephone's may be hidden; it can still be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from include.judges.redaction.span import Span

_NUMBER = re.compile(r"[0-9](?<!\w[0-9])(?:[ .\-/\u00a0()]{0,2}[0-9]){6,16}(?!\w)")
_LEADS = ("+(", "+ (", "+", "+ ", "(")
_SHAPES = re.compile(
    r"\+ ?\(?[1-9]\D{0,2}(?:[0-9]\D{0,2}){6,13}[0-9]"  # with the country's code
    r"|00[1-9]\D{0,2}(?:[0-9]\D{0,2}){8,13}[0-9]"  # the same; shorter ones are numbers of orders
    r"|\(?0[1-9](?:\D{0,2}[0-9]){7,10}"  # with a trunk prefix, as in most of Europe
    r"|(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}"  # North American
)
_WORDS = """
    call calling cell dial fax faxnummer fon handy handynummer hotline mobil mobile mobilnummer phone ring sms tel
    telefon telefone telefonnummer telephone telefono teléfono téléphone text whatsapp 电话 電話
"""
_CALLED = frozenset(_WORDS.split())
_BETWEEN = frozenset(["at", "is", "me", "my", "nr", "no", "number", "nummer", "numéro", "on", "the", "unter", "us"])
"""Words that may stand between one of those and the number."""
_DATE = re.compile(
    r"(?:(?:19|20)[0-9]{2}([./-])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])"
    r"|(?:0?[1-9]|[12][0-9]|3[01])([./-])(?:0?[1-9]|[12][0-9]|3[01])\2(?:[0-9]{4}|[0-9]{2}))(?![./-]?[0-9])"
)
_PARTS_OF_NUMBERS = frozenset(".,/-")
_BEFORE = 32
"""How many characters before a number may tell that it is one to be called."""


def phones(text: str) -> Iterator[Span]:
    """Numbers with a country's code, a trunk prefix or North American groups, and those that are said to be one."""
    found = _NUMBER.search(text)
    while found:
        start, end = found.span()
        if date := _DATE.match(text, start):
            end = date.end()
        elif (first := _first(text, start, end)) is not None:
            yield Span(first, end, re.sub(r"\D", "", found[0]).removeprefix("00"))
        else:
            end = start + 1
        found = _NUMBER.search(text, end)


def _first(text: str, start: int, end: int) -> int | None:
    """Where the number begins whose digits stand in `text[start:end]`; None where it is none to be called."""
    first = start
    if text.endswith(_LEADS, 0, start):
        first -= next(len(lead) for lead in _LEADS if text.endswith(lead, 0, start))
    if _SHAPES.fullmatch(text, first, end) and text[first - 1 : first] not in _PARTS_OF_NUMBERS:
        return first
    return first if _is_to_be_called(text[max(0, start - _BEFORE) : start]) else None


def _is_to_be_called(before: str) -> bool:
    for word in reversed(before.lower().split()):
        if (plain := word.strip(".:=#(+")) in _CALLED:
            return True
        if plain and plain not in _BETWEEN:
            return False
    return False
