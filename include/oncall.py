"""What on-call does about incidents, the same from the page, from Slack and from `make`; each act is shown at once.

An act is kept before its message is brought up to date; where the receiver does not answer, the next run does that.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg

from include import pipeline
from include import settings as configuration
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.on_call import OnCall
from include.adapters.postgres.silences import Silences
from include.assembly import now, open_store
from include.domain.alert import Acknowledgement, Incident, Precision
from include.domain.silence import Matcher, Silence, checked, parse_matchers
from include.errors import AssayError, NotifyError, SilenceRefused
from include.notify.silences import in_words, snooze_matchers

log = logging.getLogger(__name__)

LONGEST = timedelta(days=366)
MAX_TEXT = 500
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def silence(
    matchers: str | Sequence[Matcher], duration: timedelta, author: str, comment: str, starts_at: datetime | None = None
) -> Silence:
    """Keep what all matchers match from being told for `duration`, from now on or from `starts_at` (with a zone).

    `matchers` may be text such as `project=bank alertname=~composite.*`. Raises `SilenceRefused`, one line.
    """
    conditions = parse_matchers(matchers) if isinstance(matchers, str) else checked(matchers)
    if not timedelta(0) < duration <= LONGEST:
        raise SilenceRefused(f"a silence lasts at most {LONGEST.days} days, not {duration}. Remedy: 30m, 2h, 1d")
    if not author.strip() or not comment.strip():
        raise SilenceRefused("a silence needs an author and a reason. Remedy: BY=me WHY='...'")
    start = starts_at or now()
    with open_store(configuration.from_airflow()) as store:
        made = Silences(store).add(conditions, start, start + duration, _tidy(author), _tidy(comment))
    _show()
    return made


def expire_silence(silence_id: int) -> bool:
    """End a silence now; False where there is none of that id that is not over."""
    with open_store(configuration.from_airflow()) as store:
        ended = Silences(store).expire(silence_id, now())
    _show()
    return ended


def list_silences() -> list[Silence]:
    """Silences that are not over, those that end first at the beginning."""
    with open_store(configuration.from_airflow()) as store:
        return Silences(store).standing(now())


def acknowledge(incident_id: str, who: str) -> Acknowledgement:
    """Note that somebody looks after the incident: newer figures alone are no longer told, its end is.

    Whoever said so first stays. Raises `SilenceRefused` where there is no such incident.
    """
    with open_store(configuration.from_airflow()) as store:
        _existing(store, incident_id)
        said = OnCall(store).acknowledge(incident_id, _tidy(who), now())
    _show(incident_id)
    return said


def snooze(incident_id: str, hours: float, who: str) -> Silence:
    """Silence one incident with whatever joins it, except what is more severe than it is now.

    Raises `SilenceRefused` where there is no such incident.
    """
    with open_store(configuration.from_airflow()) as store:
        incident = _existing(store, incident_id)
    return silence(snooze_matchers(incident), timedelta(hours=hours), who, "snoozed")


def not_useful(incident_id: str, who: str, *, useful: bool = False) -> None:
    """Note that the incident was not worth being told, or that it was after all.

    Raises `SilenceRefused` where there is no such incident.
    """
    with open_store(configuration.from_airflow()) as store:
        _existing(store, incident_id)
        OnCall(store).judge(incident_id, _tidy(who), now(), useful=useful)
    _show(incident_id)


def precision(since: datetime) -> list[Precision]:
    """How each rule did by on-call's own verdict, those most often not useful first."""
    with open_store(configuration.from_airflow()) as store:
        return OnCall(store).precision(since)


def length(text: str) -> timedelta:
    """`30m`, `2h`, `1d`, `1w` as a length of time; raises `SilenceRefused`."""
    parts = re.fullmatch(r"(\d{1,5})([mhdw])", text.strip())
    if parts is None:
        raise SilenceRefused(f"{text!r} is not a length of time. Remedy: write 30m, 2h, 1d or 1w")
    return timedelta(**{UNITS[parts[2]]: int(parts[1])})


def _existing(store: psycopg.Connection, incident_id: str) -> Incident:
    try:
        return Alerts(store).incident(incident_id)
    except KeyError:
        raise SilenceRefused(f"there is no incident {incident_id!r}") from None


def _tidy(text: str) -> str:
    return " ".join(text.split())[:MAX_TEXT]


def _show(incident_id: str | None = None) -> None:
    try:
        pipeline.notify(incident_id)
    except NotifyError as error:
        log.warning("the message is brought up to date by the next run: %s", error)


def main(arguments: Sequence[str]) -> int:
    """`silence` by ASSAY_MATCH, ASSAY_FOR, ASSAY_BY and ASSAY_WHY, `silences`, or `expire ID`; 1 where refused."""
    try:
        sys.stdout.write("".join(f"{line}\n" for line in _command(*arguments)))
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _command(name: str, silence_id: str = "") -> list[str]:
    match name:
        case "silence":
            match, lasts, author, why = (os.environ.get(f"ASSAY_{key}", "") for key in ("MATCH", "FOR", "BY", "WHY"))
            return [in_words(silence(match, length(lasts), author, why))]
        case "silences":
            return [in_words(one) for one in list_silences()] or ["nothing is silenced"]
        case "expire" if silence_id.isdecimal():
            return ["ended" if expire_silence(int(silence_id)) else f"no silence {silence_id} holds"]
        case _:
            raise SilenceRefused("unknown command. Remedy: make silence, make silences, make expire ID=7")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
