"""A text goes in, the e-mail addresses in it come out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from include.judges.redaction.span import Span

_HOST = re.compile(r"@((?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63})(?![\w-])")
_MAILBOX_BACKWARDS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-][\w.!#$%&'*+/=?^`{|}~-]*")
_LONGEST_MAILBOX = 64
"""RFC 5321, 4.5.3.1.1."""


def emails(text: str) -> Iterator[Span]:
    """Addresses with a domain that has a dot; the case of letters makes no difference."""
    if "@" not in text:
        return
    last = 0
    for host in _HOST.finditer(text):
        before = text[max(last, host.start() - _LONGEST_MAILBOX) : host.start()]
        if mailbox := _MAILBOX_BACKWARDS.match(before[::-1]):
            start = host.start() - mailbox.end()
            last = host.end()
            yield Span(start, last, text[start:last].lower())
