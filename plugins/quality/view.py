"""The address of a page goes in; the stretch of time and the environment that it shows come out, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import HTTPException

from include.domain.interaction import Window

HOUR = timedelta(hours=1)
RANGES = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "14d": timedelta(days=14),
    "28d": timedelta(days=28),
}
USUAL = "7d"
FORMAT = "%Y-%m-%dT%H:%MZ"
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows: so long until `until` (UTC), or until now, of one environment or of all ("")."""

    span: str = USUAL
    environment: str = ""
    until: datetime | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> View:
        """From an address; raises `HTTPException` where it says what cannot be shown."""
        span, until = query.get("range", USUAL), query.get("until", "")
        if span not in RANGES:
            raise HTTPException(400, f"range={span} is not one of {', '.join(RANGES)}.")
        return cls(span, query.get("env", ""), _moment(until) if until else None)

    def window(self, now: datetime) -> Window:
        """Full hours, the last of them the one that has begun."""
        end = self.until or now
        end = end.replace(minute=0, second=0, microsecond=0) + HOUR * bool(end.minute or end.second or end.microsecond)
        return Window(end - RANGES[self.span], end)

    def address(self, **changes: Any) -> str:
        """The query that shows the same, but for what changes; "" of what is usual."""
        view = replace(self, **changes)
        told = {
            "range": view.span if view.span != USUAL else "",
            "env": view.environment,
            "until": view.until.strftime(FORMAT) if view.until else "",
        }
        query = urlencode({name: value for name, value in told.items() if value})
        return f"?{query}" if query else "?"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise HTTPException(400, f"until={text} is not a moment such as 2026-11-20T18:00Z.") from None
    if not FIRST < moment < LAST:
        raise HTTPException(400, f"until={text} is out of range.")
    return moment
