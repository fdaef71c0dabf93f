"""`maintenance.yaml` as a typed model: which planned window, if any, a moment and an alert's labels fall into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from include.domain.alert import Alert
from include.domain.silence import Matcher, parse_matchers
from include.errors import SilenceRefused

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
JUDGED_WITHIN = timedelta(hours=2)
"""So long after its end a window of the log may be judged."""
LEAST = timedelta(microseconds=1)


class Once(BaseModel):
    """One stretch of local time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: datetime
    end: datetime

    @model_validator(mode="after")
    def _in_order(self) -> Once:
        if self.start.tzinfo or self.end.tzinfo:
            raise PydanticCustomError("zone", "is in time_zone and names no zone itself", {"remedy": "take it out"})
        if self.start >= self.end:
            raise PydanticCustomError("order", "ends before it starts", {"remedy": "swap start and end"})
        return self


class Weekly(BaseModel):
    """The same local hours on some days of every week."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)]
    start: Annotated[time, Field(alias="from")]
    until: time


@dataclass(frozen=True, slots=True)
class Stretch:
    """One occurrence of a maintenance window: `[start, end)` in UTC."""

    name: str
    start: datetime
    end: datetime


class MaintenanceWindow(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: str
    matchers: Annotated[tuple[str, ...], Field(min_length=1)]
    time_zone: str = "UTC"
    once: Once | None = None
    weekly: Weekly | None = None

    @field_validator("matchers")
    @classmethod
    def _readable(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        try:
            parse_matchers(" ".join(given))
        except SilenceRefused as refused:
            raise PydanticCustomError("matchers", "{told}", {"told": str(refused), "remedy": "see above"}) from None
        return given

    @field_validator("time_zone")
    @classmethod
    def _known(cls, given: str) -> str:
        try:
            ZoneInfo(given)
        except (KeyError, ValueError, OSError):
            raise PydanticCustomError("zone", "unknown time zone", {"remedy": "write it as Europe/Berlin"}) from None
        return given

    @model_validator(mode="after")
    def _once_or_weekly(self) -> MaintenanceWindow:
        if (self.once is None) == (self.weekly is None):
            raise PydanticCustomError("when", "needs either once or weekly", {"remedy": "give one of the two"})
        return self

    @property
    def conditions(self) -> tuple[Matcher, ...]:
        """All of them must hold."""
        return parse_matchers(" ".join(self.matchers))

    def at(self, moment: datetime) -> Stretch | None:
        """The occurrence that holds at that moment."""
        return next((one for one in self._around(moment) if one.start <= moment < one.end), None)

    def _around(self, moment: datetime) -> Iterator[Stretch]:
        if self.once is not None:
            yield self._stretch(self.once.start, self.once.end)
        if self.weekly is not None:
            today = moment.astimezone(ZoneInfo(self.time_zone)).date()
            for day in (today - timedelta(days=1), today):
                if DAYS[day.weekday()] in self.weekly.days:
                    yield self._stretch(*_hours(day, self.weekly))

    def _stretch(self, start: datetime, end: datetime) -> Stretch:
        zone = ZoneInfo(self.time_zone)
        return Stretch(self.name, *(local.replace(tzinfo=zone).astimezone(UTC) for local in (start, end)))


class Maintenance(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    windows: tuple[MaintenanceWindow, ...] = ()

    def of(self, alert: Alert, now: datetime) -> Stretch | None:
        """The planned window that mutes the alert now: it holds now, or the alert was last breached within it."""
        for window in self.windows:
            if all(condition.matches(alert.labels) for condition in window.conditions):
                found = window.at(now) or (window.at(alert.breached_at - LEAST) if alert.is_breached else None)
                if found and now < found.end + JUDGED_WITHIN:
                    return found
        return None


def _hours(day: date, weekly: Weekly) -> tuple[datetime, datetime]:
    start, end = datetime.combine(day, weekly.start), datetime.combine(day, weekly.until)  # noqa: DTZ  local
    return start, end if end > start else end + timedelta(days=1)
