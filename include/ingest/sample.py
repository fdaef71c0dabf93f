"""An interaction's id goes in; whether it is judged comes out, the same each time and for every larger rate."""

from __future__ import annotations

import hashlib


def is_sampled(interaction_id: str, rate: float, *, salt: str = "assay") -> bool:
    """Whether the interaction is among the share `rate` (0 < rate <= 1) that is judged.

    The id's hash is a number in [0, 1); it is judged if that lies below the rate. So the sample is the same whoever
    draws it and however often, and a larger rate keeps whom a smaller one chose.
    """
    number = int.from_bytes(hashlib.sha256(f"{salt}\0{interaction_id}".encode("utf-8", "surrogatepass")).digest()[:8])
    return number < rate * 2**64
