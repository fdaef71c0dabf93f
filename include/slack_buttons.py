"""A button that was pressed in Slack goes in, by Socket Mode or by signed HTTP; what on-call meant by it is done."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import StrEnum

from include import oncall
from include import settings as configuration
from include.adapters.slack_inbound import Press, is_fresh, is_genuine, payload_of, press_of
from include.domain.message import Verb
from include.errors import AssayError

log = logging.getLogger(__name__)

SNOOZED_HOURS = {Verb.SNOOZE_HOUR: 1.0, Verb.SNOOZE_DAY: 24.0}


class Refusal(StrEnum):
    """Why a request is not taken for one of Slack's."""

    OFF = "off"
    """The connection assay_slack has no signing secret."""
    FORGED = "forged"


def perform(press: Press) -> None:
    """Do what the button says; what cannot be done is one line in the log, since nobody waits for an answer."""
    try:
        match press.verb:
            case Verb.ACKNOWLEDGE:
                oncall.acknowledge(press.incident_id, press.who)
            case Verb.NOT_USEFUL:
                oncall.not_useful(press.incident_id, press.who)
            case Verb.SNOOZE_HOUR | Verb.SNOOZE_DAY:
                oncall.snooze(press.incident_id, SNOOZED_HOURS[press.verb], press.who)
    except AssayError as error:
        log.warning("%s of %s by %s: %s", press.verb, press.incident_id, press.who, error)
    else:
        log.info("%s of %s by %s", press.verb, press.incident_id, press.who)


def receive(body: bytes, headers: Mapping[str, str], now: float) -> Press | Refusal | None:
    """The press that a request by HTTP tells of, None where it tells of none; `now` in seconds."""
    if not is_fresh(headers, now):  # before any secret is looked up for a stranger
        return Refusal.FORGED
    slack = configuration.from_airflow().slack
    if slack is None or slack.signing_secret is None:
        return Refusal.OFF
    if not is_genuine(slack.signing_secret.get_secret_value(), body, headers, now):
        return Refusal.FORGED
    return press_of(payload_of(body))
