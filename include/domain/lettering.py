"""Text goes in; what a font of plain Latin letters can draw comes out."""

from __future__ import annotations

import re
import unicodedata

DRAWABLE = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("…·“”‹›")
"""What Pillow's own font has."""
FOLDED = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
    | {"ı": "i", "þ": "th", "ð": "d"}
    | dict.fromkeys("‐‑‒–—−", "-")
    | dict.fromkeys("‘’", "'")
    | {"×": "x", "\ufffd": "?"}
)
OTHERS = re.compile(r"\x00+")


def drawable(text: str) -> str:
    """The text in letters that can be drawn: accents are dropped, and `?` stands for each run of other characters."""
    plain = unicodedata.normalize("NFKD", text.translate(FOLDED)).translate(FOLDED)
    kept = (one if one in DRAWABLE else "\0" for one in plain if not unicodedata.combining(one))
    return OTHERS.sub("?", "".join(kept))
