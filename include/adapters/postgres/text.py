"""Any text goes in; text that Postgres can hold comes out."""

from __future__ import annotations


def storable(text: str) -> str:
    """The text with what no Postgres text can hold (NUL, lone surrogates) shown as U+FFFD and `?`."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
