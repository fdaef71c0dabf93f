"""What all DAGs share: who owns them, when they start, what a failure is worth retrying, the asset between them.

Two environment variables bound what the scheduler starts by itself, both ISO 8601 in UTC: `ASSAY_START_DATE`
(every window since then is scored, also after an outage; without it only windows from now on) and
`ASSAY_END_DATE`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule

from include import errors
from include.airflow_events import on_failure, on_success

SCORES = Asset(name="scores", uri="assay://store/scores")
"""Changes whenever a window was settled; `watch_quality` runs on it."""

POOL = "judges"
"""Bounds how many shards are scored at once over all runs."""

_PERSON_MUST_ACT = [
    errors.ConfigError,
    errors.BatchRefused,
    errors.FeedbackRefused,
    errors.PageMissing,
    errors.SourceForbidden,
    errors.SourceSchemaError,
    errors.StoreSchemaError,
    errors.JudgeMisconfigured,
    errors.ChannelMisconfigured,
]

DEFAULTS: dict[str, Any] = {
    "owner": "assay",
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "on_failure_callback": on_failure,  # an alert like any other; it ends with the next success
    "on_success_callback": on_success,
    "poll_s": 60.0,  # of tasks that wait for a provider's batch
    "retry_policy": ExceptionRetryPolicy(
        rules=[RetryRule(list(_PERSON_MUST_ACT), action=RetryAction.FAIL, reason="no retry can mend this")]
    ),
}


def period(variable: str) -> datetime | None:
    """The moment in an environment variable (ISO 8601, UTC assumed), or None where it is not set."""
    told = os.environ.get(variable)
    if not told:
        return None
    moment = datetime.fromisoformat(told)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


START = period("ASSAY_START_DATE")
BOUNDS: dict[str, Any] = {
    "start_date": START or datetime(2026, 1, 1, tzinfo=UTC),
    "end_date": period("ASSAY_END_DATE"),
    "catchup": START is not None,
}
"""For every DAG on a clock."""
