"""Numbers and times go in, the words that people read in a message come out."""

from __future__ import annotations

from datetime import datetime, timedelta

from include.domain.rule import Evidence

NOT_KNOWN = "not known"


def figure(value: float | None, unit: str = "") -> str:
    """Three significant digits in the unit of the measure: "share" as percent, "USD" as money, else as it is."""
    if value is None:
        return NOT_KNOWN
    if unit == "share":
        return f"{_digits(value * 100)} %"
    if unit == "USD":
        return f"${value:,.2f}" if abs(value) >= 1 else f"${_digits(value)}"
    return f"{_digits(value)} {unit}".rstrip()


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def interval(evidence: Evidence, unit: str = "") -> str:
    """How far the value can be trusted: its interval, how many interactions it stands on, and p where one was made."""
    parts = []
    if evidence.low is not None and evidence.high is not None:
        level = f"{evidence.confidence * 100:.0f} % " if evidence.confidence is not None else ""
        parts.append(f"{level}interval {figure(evidence.low, unit)} to {figure(evidence.high, unit)}")
    against = f" against {evidence.reference_n:,}" if evidence.reference_n is not None else ""
    parts.append(f"n = {evidence.n:,}{against}")
    p_value = evidence.p_value if evidence.adjusted_p_value is None else evidence.adjusted_p_value
    if p_value is not None:
        parts.append(f"p = {p_value:.2g}" if p_value >= 0.0001 else "p < 0.0001")
    return ", ".join(parts)


def moment(at: datetime) -> str:
    """A time of day in UTC: `20 Nov 2026, 10:00 UTC`."""
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def span(start: datetime, end: datetime) -> str:
    """From one time to another, the day named once where it is the same."""
    if start.date() == end.date():
        return f"{start.day} {start:%b %Y, %H:%M} to {end:%H:%M} UTC"
    return f"{start.day} {start:%b, %H:%M} to {moment(end)}"


def duration(length: timedelta) -> str:
    """In the two largest units: `2 days 3 h`, `1 h 30 min`, `40 min`."""
    minutes = round(length.total_seconds() / 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{days} day{'s' * (days > 1)}" * (days > 0), f"{hours} h" * (hours > 0), f"{minutes} min" * (minutes > 0)]
    return " ".join([part for part in parts if part][:2]) or "0 min"


def clock(at: datetime) -> str:
    """A time of day in few characters, UTC: `20 Nov 10:00`."""
    return f"{at.day} {at:%b %H:%M}"
