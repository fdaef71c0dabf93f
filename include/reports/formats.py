"""Figures and times go in, the words in which messages and the report tell them come out; all times UTC."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from include.domain.cost import Spend
from include.domain.interaction import Window

MINUS = "−"
CENT = Decimal("0.01")
MAX_NAME = 60


def score(value: float) -> str:
    """A score or mean in [0, 1]: `0.842`."""
    return f"{value:.3f}"


def change(difference: float) -> str:
    """A difference of scores with its sign: `+0.031`, `−0.120`."""
    return signed(f"{difference:+.3f}")


def signed(number: str) -> str:
    """A number with a typographic minus instead of a hyphen."""
    return number.replace("-", MINUS)


def money(usd: Decimal) -> str:
    """USD to the cent; less than a dollar to three significant digits, which a cent would hide: `$0.00412`."""
    if usd and abs(usd) < 1:
        digits = max(2, 2 - usd.adjusted())
        return signed(f"${usd:.{digits}f}")
    return signed(f"${usd.quantize(CENT, ROUND_HALF_EVEN):,}")


def spent(spend: Spend) -> str:
    """What calls cost, with those that nobody can price named: `$12.30 and 14 calls of unknown price`."""
    if spend.cost is None:
        return f"not known: {calls(spend.unpriced)} of unknown price"
    return money(spend.cost) + (f" and {calls(spend.unpriced)} of unknown price" if spend.unpriced else "")


def calls(number: int) -> str:
    """`1 call`, `1,204 calls`."""
    return counted(number, "call")


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun, plural with an s unless told."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def model_name(model: str) -> str:
    """The model, or that none was logged."""
    return model or "(model not logged)"


def short(name: str) -> str:
    """A name, cut where it is too long for a table's cell."""
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1].rstrip()}…"


def share(part: int, whole: int) -> str:
    """A part in percent; never 0 % or 100 % unless it is none or all."""
    if whole == 0:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.0f} %" if percent in (0, 100) else f"{percent:.1f} %"


def day(at: date) -> str:
    """`Fri 20 Nov 2026`."""
    return f"{at:%a} {at.day} {at:%b %Y}"


def moment(at: datetime) -> str:
    """`20 Nov 2026, 10:00 UTC`."""
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def short_moment(at: datetime) -> str:
    """`Fri 20 Nov, 10:00`, where the year and the time zone are clear."""
    return f"{at:%a} {at.day} {at:%b, %H:%M}"


def window(span: Window) -> str:
    """A window in words; whole days are told by their first and last: `9 to 15 November 2026`."""
    if span.start.time() == span.end.time() == datetime.min.time():
        last = span.end - timedelta(days=1)
        same_month = (span.start.year, span.start.month) == (last.year, last.month)
        first = f"{span.start.day}" if same_month else f"{span.start.day} {span.start:%B %Y}"
        return f"{last.day} {last:%B %Y}" if span.start == last else f"{first} to {last.day} {last:%B %Y}"
    return f"{moment(span.start).removesuffix(' UTC')} to {moment(span.end)}"


def duration(length: timedelta) -> str:
    """In the two largest units: `2 days 3 h`, `1 h 30 min`, `40 min`."""
    minutes = round(length.total_seconds() / 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [counted(days, "day") * (days > 0), f"{hours} h" * (hours > 0), f"{minutes} min" * (minutes > 0)]
    return " ".join([part for part in parts if part][:2]) or "0 min"


def words(name: str) -> str:
    """An identifier as words: `quarantine_rate` is `quarantine rate`."""
    return name.replace("_", " ")
