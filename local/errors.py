"""What the local runtime raises on purpose: one line that says what is wrong and what to do."""

from __future__ import annotations


class LocalError(Exception):
    """Base of every error of the local runtime."""
