"""A text goes in, its language comes out as an ISO 639 code; alone imports py3langid, where a plan asks for it."""

from __future__ import annotations

from include.errors import ConfigError

UNKNOWN = "und"
"""What ISO 639 calls a language that is not determined."""
ENOUGH_CHARS = 20
"""Shorter texts are told apart by chance."""


def detect(text: str) -> str:
    """The language of the text, `UNKNOWN` of a short one; 0.04 ms each, and a second and 120 MB for the first.

    Raises `ConfigError` where the library is not installed.
    """
    if len(text.strip()) < ENOUGH_CHARS:
        return UNKNOWN
    try:
        import py3langid  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise ConfigError(
            "sampling by language needs py3langid, which is not installed. Remedy: install it, log the attribute "
            "language with every interaction, or take language out of the sampling plan"
        ) from None
    return str(py3langid.classify(text)[0])
