"""An address is asked once; what kept it from answering comes out, "" where nothing did."""

from __future__ import annotations

from http.client import HTTPException
from urllib.request import Request, urlopen

TIMEOUT_S = 5.0


def ping(url: str, timeout_s: float = TIMEOUT_S) -> str:
    """GET the address; whatever goes wrong is told in words without the address, which may be a secret."""
    if not url.startswith(("https://", "http://")):
        return "the address is neither http nor https"
    try:
        with urlopen(Request(url, headers={"User-Agent": "assay"}), timeout=timeout_s):  # noqa: S310  checked above
            return ""
    except (OSError, HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {getattr(error, 'reason', '') or 'no answer'}"
