"""An interaction's id goes in, its lot comes out: a number in [0, 1), always the same, that a rate is held against."""

from __future__ import annotations

import hashlib

SALT = "assay"


def lot(interaction_id: str) -> float:
    """The first 53 bits of SHA-256 over salt, NUL and id. An interaction is judged if its lot lies below its rate.

    So the sample is the same whoever draws it and however often, and a larger rate keeps whom a smaller one chose.
    `adapters/postgres/intake.py` has the same in SQL.
    """
    digest = hashlib.sha256(f"{SALT}\0{interaction_id}".encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8]) >> 11) / 2**53


def is_sampled(interaction_id: str, rate: float) -> bool:
    """Whether the interaction is judged where everybody has the same rate."""
    return lot(interaction_id) < rate
