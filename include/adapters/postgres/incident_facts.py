"""What a message tells beside the alerts comes out of the store: how a measure went, and what was logged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg

from include.domain.alert import Alert, Exchange, Verdict

SHOWN = timedelta(days=3)
"""How much of an alert's past is shown."""
LOOKED_BACK = timedelta(days=1)
"""From so long before the last breached window examples are taken."""
MAX_CHARS = 4000
"""Of each text; secrets are hidden in it before it is cut to what is shown."""

TRAIL = """
    SELECT window_end, value FROM assay.rule_results
    WHERE rule = %(rule)s AND fingerprint = %(fingerprint)s AND window_end > %(since)s AND window_end <= %(until)s
    ORDER BY window_end, window_start"""

SCORED = """
    SELECT i.interaction_id, i.logged_at, i.project, i.environment,
           left(i.user_input, %(chars)s), left(i.response, %(chars)s),
           min(CASE WHEN %(dimension)s IN ('', 'composite') THEN c.value
                    ELSE (c.by_dimension ->> %(dimension)s)::float8 END) AS score
    FROM assay.interactions i LEFT JOIN assay.composites c USING (interaction_id, logged_at)
    WHERE {which}
    GROUP BY 1, 2, 3, 4, 5, 6 {having} ORDER BY score NULLS LAST, i.logged_at, i.interaction_id LIMIT %(limit)s"""
NAMED = SCORED.format(
    which="(i.interaction_id, i.logged_at) IN (SELECT * FROM unnest(%(ids)s::text[], %(times)s::timestamptz[]))",
    having="",
)
WORST = SCORED.format(
    which="""i.logged_at >= %(since)s AND i.logged_at < %(until)s AND i.project = %(project)s
        AND i.environment = %(environment)s AND c.logged_at >= %(since)s AND c.logged_at < %(until)s""",
    having="HAVING min(c.value) IS NOT NULL",
)


class IncidentFacts:
    """Reads a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def trail(self, alert: Alert) -> list[tuple[datetime, float | None]]:
        """Ends of the alert's windows of the last days with what was measured in them, oldest first."""
        asked = {"rule": alert.labels.get("alertname", ""), "fingerprint": alert.fingerprint}
        span = {"since": alert.updated_at - SHOWN, "until": alert.updated_at}
        return self._connection.execute(TRAIL, asked | span).fetchall()

    def exchanges(self, alert: Alert, limit: int) -> list[Exchange]:
        """Interactions that show what is wrong: those that its cause names, else the project's worst of the last day.

        Empty where the alert is about no project's answers.
        """
        dimension = {"dimension": alert.labels.get("dimension", ""), "limit": limit, "chars": MAX_CHARS}
        if seen := _named(alert):
            ids, times = zip(*seen, strict=True)
            rows = self._connection.execute(NAMED.encode(), dimension | {"ids": list(ids), "times": list(times)})
        elif alert.labels.get("category") == "quality" and alert.labels.get("project"):
            since = max(alert.starts_at, alert.breached_at - LOOKED_BACK)
            place = {name: alert.labels.get(name, "") for name in ("project", "environment")}
            rows = self._connection.execute(
                WORST.encode(), dimension | place | {"since": since, "until": alert.breached_at}
            )
        else:
            return []
        return [Exchange(*row) for row in rows]

    def verdicts(self, incident_id: str) -> list[Verdict]:
        """Who found the incident worth being told, and who did not."""
        rows = self._connection.execute(
            "SELECT who, useful, at FROM assay.verdicts WHERE incident_id = %s ORDER BY at, who", (incident_id,)
        )
        return [Verdict(*row) for row in rows]


def _named(alert: Alert) -> Sequence[tuple[str, datetime]]:
    """The examples of the cause's first part, else of the cause, as `include.domain.cause` writes them."""
    cause = alert.evidence.details.get("cause")
    if not isinstance(cause, dict):
        return ()
    parts = cause.get("parts")
    first = parts[0] if isinstance(parts, list) and parts else cause
    examples = first.get("examples") if isinstance(first, dict) else None
    return [
        (str(one["interaction_id"]), datetime.fromisoformat(str(one["logged_at"])))
        for one in (examples if isinstance(examples, list) else [])
        if isinstance(one, dict)
    ]
