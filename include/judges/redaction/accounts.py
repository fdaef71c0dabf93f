"""A text goes in, the card numbers and IBANs in it come out: those whose checksum is right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from include.judges.redaction.span import Span

_CARD = re.compile(
    r"[0-9](?<![0-9]{2})(?:[0-9]{3}([ .\-\u00a0])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:(\1)[0-9]{1,3})?"
    r"|[0-9]{3}([ .\-\u00a0])[0-9]{6}\3[0-9]{4,5}"
    r"|[0-9]{13,18})(?![0-9])"
)
_BRANDS = re.compile(
    r"4(?:.{15}|.{18})|5[1-5].{14}|(?:222[1-9]|22[3-9].|2[3-6]..|27[01].|2720).{12}|3[47].{13}"
    r"|3(?:0[0-5]|[689].).{11}|(?:6011|64[4-9].|65..|62..|35[2-8].|5[0678]..|6[37]..).{12,15}"
)
"""Who issues cards of which length (ISO/IEC 7812). Visa's of 13 digits are long gone, and EAN codes look like them."""

_DOUBLED = str.maketrans("0123456789", "0246813579")
"""Each digit doubled, and the digits of that added up."""

_IBAN = re.compile(r"[0-9](?<=[A-Za-z]{2}[0-9])[0-9](?<![A-Za-z0-9]{5})")
_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
_LENGTH = {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split()}
"""Characters of an IBAN by country, from the registry of SWIFT (ISO 13616)."""


def cards(text: str) -> Iterator[Span]:
    """Card numbers in one piece or in the groups that are printed on cards."""
    found = _CARD.search(text)
    while found:
        whole, without_last_group = found.end(), found.start(2)
        for end in (whole, without_last_group):
            digits = "".join(filter(str.isdecimal, text[found.start() : end])) if end > 0 else ""
            if _BRANDS.fullmatch(digits) and luhn(digits):
                yield Span(found.start(), end, digits)
                break
        else:
            end = found.start() + 1  # the next group may begin one
        found = _CARD.search(text, end)


def ibans(text: str) -> Iterator[Span]:
    """IBANs in one piece or in groups."""
    last = 0
    for head in _IBAN.finditer(text):
        start = head.start() - 2
        length = _LENGTH.get(text[start : start + 2].upper())
        if length and start >= last and (rest := _rest(length - 4).match(text, head.end())):
            written = re.sub(r"[ \u00a0-]", "", text[start : rest.end()]).upper()
            if written.isascii() and iban(written):
                last = rest.end()
                yield Span(start, last, written)


def luhn(digits: str) -> bool:
    """The checksum of card numbers (ISO/IEC 7812-1, annex B)."""
    return sum(map(int, digits[-1::-2] + digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def iban(written: str) -> bool:
    """The checksum of IBANs without spaces, in capitals (ISO 7064, MOD 97-10)."""
    return int("".join(str(int(character, 36)) for character in written[4:] + written[:4])) % 97 == 1


@cache
def _rest(length: int) -> re.Pattern[str]:
    return re.compile(rf"(?:[ \u00a0-]?[A-Za-z0-9]){{{length}}}(?![A-Za-z0-9])")
