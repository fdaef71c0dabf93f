"""A text goes in, the keys, tokens and passwords in it come out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from heapq import merge
from math import log2

from include.judges.redaction.span import Span

_KNOWN = {
    "-----BEGIN ": r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:[^-]|-(?!----)){0,16384}-----END [A-Z0-9 ]{0,40}-----|(?:\s{0,4}[A-Za-z0-9+/=]{40,80})*)",
    "eyJ": r"(?<![\w-])eyJ[\w-]{5,}\.eyJ[\w-]{5,}(?:\.[\w-]+)?",
    "sk-": r"(?<![\w-])sk-[\w-]{16,}",
    "_live_": r"(?<![\w-])[srp]k_live_\w{10,}",
    "_test_": r"(?<![\w-])[srp]k_test_\w{10,}",
    "ghp_": r"(?<![\w-])ghp_\w{30,}",
    "gho_": r"(?<![\w-])gho_\w{30,}",
    "ghs_": r"(?<![\w-])ghs_\w{30,}",
    "github_pat_": r"(?<![\w-])github_pat_\w{22,}",
    "glpat-": r"(?<![\w-])glpat-[\w-]{20,}",
    "AKIA": r"(?<![\w-])AKIA[A-Z0-9]{16}(?!\w)",
    "ASIA": r"(?<![\w-])ASIA[A-Z0-9]{16}(?!\w)",
    "AIza": r"(?<![\w-])AIza[\w-]{35}(?!\w)",
    "xox": r"(?<![\w-])xox[a-z]-[\w-]{10,}",
    "hf_": r"(?<![\w-])hf_\w{30,}",
    "SG.": r"(?<![\w-])SG\.[\w-]{16,}\.[\w-]{16,}",
    "earer ": r"(?<=[Bb]earer )[\w.~+/-]{16,}={0,2}",
}
_RARE = ("_", "-", "")
"""Most texts lack the first two, so that they need not be searched for the literals that hold one of them."""
_PATTERNS = {
    rare: [
        (literal, re.compile(pattern, re.ASCII))
        for literal, pattern in _KNOWN.items()
        if next(one for one in _RARE if one in literal) == rare
    ]
    for rare in _RARE
}

_ASSIGNED = re.compile(r"[=:]\s{0,3}[\"'`]?([\w.~+/!@#$%^&*-]{8,512}={0,2})", re.ASCII)
_NAMED = re.compile(
    r"(?:key|secret|token|passw(?:or)?d|passwor[td]|pwd|credentials?|contraseña|mot de passe)[\"'`\]]?\s{0,3}$",
    re.IGNORECASE,
)
_BEFORE = 32
_ENTROPY_BITS = 3.0
"""Of a character of a key; words and dates have less or no digits."""


def credentials(text: str) -> Iterator[Span]:
    """What has the form of a known kind of key, and what looks like chance after `key=`, `token:` or `password=`."""
    known = [
        pattern.finditer(text)
        for rare, patterns in _PATTERNS.items()
        if rare in text
        for literal, pattern in patterns
        if literal in text
    ]
    if not known:
        yield from _assigned(text)
        return
    found = (Span(*one.span(), one[0]) for one in merge(*known, key=lambda one: one.start()))
    last = 0
    for span in merge(found, _assigned(text), key=lambda span: (span.start, -span.end)):
        if span.start >= last:
            last = span.end
            yield span


def _assigned(text: str) -> Iterator[Span]:
    if "=" not in text and ":" not in text:
        return
    for one in _ASSIGNED.finditer(text):
        named = _NAMED.search(text[max(0, one.start() - _BEFORE) : one.start()])
        if named and _looks_like_chance(one[1]):
            yield Span(*one.span(1), one[1])


def _looks_like_chance(value: str) -> bool:
    if not any(map(str.isdigit, value)) or not any(map(str.isalpha, value)):
        return False
    counts = Counter(value).values()
    return -sum(count / len(value) * log2(count / len(value)) for count in counts) >= min(
        _ENTROPY_BITS, 0.8 * log2(len(value))
    )
