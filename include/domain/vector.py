"""Vectors go in as numbers and come out as text that can be kept, and the other way round."""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from collections.abc import Sequence


def packed(vector: Sequence[float]) -> str:
    """Base64 of the numbers as little-endian 32-bit floats."""
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def unpacked(text: str) -> list[float]:
    """What `packed` was given, to seven digits; raises `ValueError` for anything else."""
    content = b64decode(text, validate=True)
    if len(content) % 4:
        raise ValueError("not a whole number of floats")
    return list(struct.unpack(f"<{len(content) // 4}f", content))
