"""The service that hears of buttons pressed in Slack by Socket Mode, which needs no public address.

`python -m include.slack_socket` needs `app_token` in the extra of the Airflow connection assay_slack; without it the
service says so and ends well. What is pressed is done by `include.slack_buttons`.
"""

from __future__ import annotations

import logging
import signal
import sys
import tempfile
from pathlib import Path
from threading import Event

from include import settings as configuration
from include.adapters.slack_inbound import listen
from include.errors import AssayError
from include.slack_buttons import perform

log = logging.getLogger(__name__)

ALIVE = Path(tempfile.gettempdir()) / "assay-slack-socket"
"""Touched every few seconds while Slack is connected; the health check of the container looks at it."""


def main() -> int:
    """Hear of presses until the process is told to end; 0 also where there is no app token."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        slack = configuration.from_airflow().slack
        if slack is None or slack.app_token is None:
            log.info("connection assay_slack has no app_token: buttons are off, or come by HTTP")
            return 0
        listen(slack.app_token.get_secret_value(), perform, stop, ALIVE.touch, slack.base_url)
    except AssayError as error:
        log.error("%s", error)  # noqa: TRY400  one line says it all
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
