"""What on-call says of incidents: who looks after them and whether they were worth being told."""

from __future__ import annotations

from datetime import datetime

import psycopg

from include.domain.alert import Acknowledgement, Precision


class OnCall:
    """Acknowledgements and verdicts in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def acknowledge(self, incident_id: str, who: str, at: datetime) -> Acknowledgement:
        """Note who looks after the incident; whoever said so first stays."""
        row = self._connection.execute(
            """INSERT INTO assay.acknowledgements AS a (incident_id, who, at) VALUES (%s, %s, %s)
               ON CONFLICT (incident_id) DO UPDATE SET who = a.who RETURNING who, at""",
            (incident_id, who, at),
        ).fetchone()
        assert row is not None, "RETURNING gives one row"
        return Acknowledgement(*row)

    def judge(self, incident_id: str, who: str, at: datetime, *, useful: bool) -> None:
        """Note whether the incident was worth being told; what the same person said before is replaced."""
        self._connection.execute(
            """INSERT INTO assay.verdicts (incident_id, who, useful, at) VALUES (%s, %s, %s, %s)
               ON CONFLICT (incident_id, who) DO UPDATE SET useful = excluded.useful, at = excluded.at""",
            (incident_id, who, useful, at),
        )

    def precision(self, since: datetime, until: datetime | None = None) -> list[Precision]:
        """Each rule with the live incidents that it was in since then, those most often not useful first."""
        rows = self._connection.execute(
            """SELECT a.labels ->> 'alertname', count(DISTINCT a.incident_id),
                      count(DISTINCT a.incident_id) FILTER (WHERE EXISTS (
                          SELECT FROM assay.verdicts v WHERE v.incident_id = a.incident_id AND NOT v.useful))
               FROM assay.alerts a
               WHERE a.live AND a.explained_at IS NULL AND a.starts_at >= %s
                 AND a.starts_at < coalesce(%s::timestamptz, 'infinity') AND a.incident_id IN (
                   SELECT message_key FROM assay.notification_log WHERE ts IS NOT NULL)
               GROUP BY 1 ORDER BY 3 DESC, 2 DESC, 1""",
            (since, until),
        )
        return [Precision(*row) for row in rows]
