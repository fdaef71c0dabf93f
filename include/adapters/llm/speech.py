"""What one vendor's endpoint is told and how it answers: all that a client has to know of a vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from yarl import URL

from include.adapters.llm.refusals import Refusal
from include.domain.llm import LLMReply, LLMRequest
from include.domain.score import FailureType
from include.errors import JudgeMisconfigured

ADDRESS_REMEDY = "mend the address of connection assay_judge (JUDGE_BASE_URL, which often ends in /v1)"


class Dialect(Protocol):
    """What one model at one endpoint accepts; learned from complaints, never changed in place."""

    def body(self, model: str, request: LLMRequest) -> bytes:
        """The JSON of a call."""
        ...

    def learn(self, complaint: str) -> Dialect | None:
        """What to speak after a 400 or 422 that says `complaint`; None where it is not about the dialect."""
        ...


class Reader(Protocol):
    """Tells a reply from what stands in its place."""

    def __call__(
        self, status: int, headers: Mapping[str, str], body: bytes, *, latency_ms: float, now: datetime
    ) -> LLMReply | Refusal:
        """The reply, or why there is none; `now` is only there for dates in headers."""
        ...


@dataclass(frozen=True, slots=True)
class Speech:
    """An endpoint's address, the headers with the key, the first dialect, and the reader of its answers."""

    url: URL
    endpoint: str
    headers: Mapping[str, str]
    dialect: Dialect
    read: Reader


def address(base_url: str) -> URL:
    """The address that a person gave; raises `JudgeMisconfigured` where it is none."""
    try:
        base = URL(base_url)
    except ValueError:
        base = URL()
    if base.scheme not in ("http", "https") or not base.host:
        message = f"judge: the address does not start with http:// or https://. Remedy: {ADDRESS_REMEDY}"
        raise JudgeMisconfigured(message, error_type=FailureType.MISCONFIGURED.value, retryable=False)
    return base


def shown(base: URL) -> str:
    """The address without credentials and query."""
    return str(base.with_user(None).with_query(None)).rstrip("/")
