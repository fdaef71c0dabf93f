"""Episodes of alerts, as rows of `assay.alerts`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from include.domain.alert import Acknowledgement, Alert, AlertState, Incident
from include.domain.interaction import Window
from include.domain.rule import Evidence

COLUMNS = [field.name for field in fields(Alert)]
"""The table names them as the domain does."""
SELECT = f"SELECT {', '.join(COLUMNS)} FROM assay.alerts"  # noqa: S608  our own names
SAVE = f"""INSERT INTO assay.alerts ({", ".join(COLUMNS)}) VALUES ({", ".join(f"%({name})s" for name in COLUMNS)})
    ON CONFLICT (fingerprint, starts_at) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS)}"""  # noqa: S608


class Alerts:
    """The alerts in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def lock(self) -> None:
        """Keep every other writer of alerts out until the transaction ends."""
        self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('assay.alerts', 0))")

    def latest(self, fingerprints: Collection[str]) -> dict[str, Alert]:
        """The newest episode, open or over, of each alert that ever had one."""
        episodes = self._read(f"{SELECT} WHERE fingerprint = ANY(%s) ORDER BY starts_at", list(fingerprints))
        return {alert.fingerprint: alert for alert in episodes}

    def seen(self, fingerprints: Collection[str]) -> dict[str, datetime]:
        """End of the newest window that was taken into account for each alert, whether or not it was ever breached."""
        rows = self._connection.execute(
            "SELECT fingerprint, window_end FROM assay.alerts_seen WHERE fingerprint = ANY(%s)", (list(fingerprints),)
        )
        return dict(rows.fetchall())

    def see(self, windows: Mapping[str, datetime], blind: Mapping[str, int] | None = None) -> None:
        """Note the end of the window that was taken into account, by fingerprint; a later one that is noted stays.

        `blind` is what `blind()` tells from now on.
        """
        self._connection.execute(
            """INSERT INTO assay.alerts_seen AS s (fingerprint, window_end, blind)
               SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::integer[])
               ON CONFLICT (fingerprint) DO UPDATE SET window_end = greatest(s.window_end, excluded.window_end),
                   blind = coalesce(excluded.blind, s.blind)""",
            (list(windows), list(windows.values()), [(blind or {}).get(name) for name in windows]),
        )

    def blind(self, fingerprints: Collection[str]) -> dict[str, int]:
        """For how many windows in a row an alert's rule could not tell, of those of which it ever could."""
        rows = self._connection.execute(
            "SELECT fingerprint, blind FROM assay.alerts_seen WHERE fingerprint = ANY(%s) AND blind IS NOT NULL",
            (list(fingerprints),),
        )
        return dict(rows.fetchall())

    def starts(self, fingerprints: Collection[str], since: datetime) -> dict[str, list[datetime]]:
        """When the alerts' episodes that fired began, of those that began after `since`."""
        rows = self._connection.execute(
            """SELECT fingerprint, array_agg(starts_at) FROM assay.alerts
               WHERE fingerprint = ANY(%s) AND starts_at > %s AND state <> 'pending' GROUP BY fingerprint""",
            (list(fingerprints), since),
        )
        return dict(rows.fetchall())

    def firing(self) -> list[Alert]:
        """Every alert that is firing."""
        return self._read(f"{SELECT} WHERE state = 'firing' ORDER BY starts_at, fingerprint")

    def save(self, alerts: Sequence[Alert]) -> None:
        """Write episodes, new or changed."""
        with self._connection.cursor() as cursor:
            cursor.executemany(SAVE, [_row(alert) for alert in alerts])

    def forget(self, alert: Alert) -> None:
        """Drop an episode that never fired."""
        self._connection.execute(
            "DELETE FROM assay.alerts WHERE fingerprint = %s AND starts_at = %s AND state = 'pending'",
            (alert.fingerprint, alert.starts_at),
        )

    def unsettled(self, receiver: str) -> list[str]:
        """Ids of live incidents, oldest first, whose end the receiver was not told yet."""
        rows = self._connection.execute(
            """SELECT incident_id FROM assay.alerts WHERE live AND incident_id IS NOT NULL
               GROUP BY incident_id
               HAVING bool_or(state = 'firing') OR NOT EXISTS (
                   SELECT FROM assay.notification_log told
                   WHERE told.message_key = incident_id AND told.receiver = %s
                     AND told.status IN ('sent', 'withheld') AND told.firing = '{}'
                     AND (told.message ->> 'resolved')::boolean)
               ORDER BY min(starts_at), incident_id""",
            (receiver,),
        )
        return [incident_id for (incident_id,) in rows]

    def incident(self, incident_id: str) -> Incident:
        """The live alerts of an incident and who looks after it; raises `KeyError` where there are none."""
        found = self.incidents([incident_id])
        if not found:
            raise KeyError(incident_id)
        return found[0]

    def incidents(self, incident_ids: Sequence[str]) -> list[Incident]:
        """Each of these incidents as `incident` has it, in this order, but for those that have no live alerts."""
        ids = [*incident_ids]
        alerts: dict[str, list[Alert]] = {}
        for alert in self._read(
            f"{SELECT} WHERE live AND incident_id = ANY(%s) ORDER BY starts_at, fingerprint",
            ids,
        ):
            alerts.setdefault(str(alert.incident_id), []).append(alert)
        rows = self._connection.execute(
            "SELECT incident_id, who, at FROM assay.acknowledgements WHERE incident_id = ANY(%s)", (ids,)
        )
        acknowledged = {incident_id: Acknowledgement(who, at) for incident_id, who, at in rows}
        return [Incident(one, tuple(alerts[one]), acknowledged.get(one)) for one in ids if one in alerts]

    def told_during(self, window: Window, limit: int, *, project: str = "", environment: str = "") -> list[str]:
        """Ids of up to `limit` live incidents that overlap the window: those that are open first, then the newest.

        `project` and `environment` are labels of any of their alerts; "" leaves them open.
        """
        rows = self._connection.execute(
            """SELECT incident_id FROM assay.alerts
               WHERE live AND state <> 'pending' AND starts_at < %(end)s AND coalesce(ends_at, updated_at) > %(start)s
               GROUP BY incident_id
               HAVING (%(project)s = '' OR bool_or(labels ->> 'project' = %(project)s))
                  AND (%(environment)s = '' OR bool_or(labels ->> 'environment' = %(environment)s))
               ORDER BY bool_or(state = 'firing') DESC, min(starts_at) DESC, incident_id LIMIT %(limit)s""",
            {
                "start": window.start,
                "end": window.end,
                "project": project,
                "environment": environment,
                "limit": limit,
            },
        )
        return [incident_id for (incident_id,) in rows]

    def environments(self, window: Window) -> list[str]:
        """Those that live alerts name which overlap the window, in alphabetical order."""
        rows = self._connection.execute(
            """SELECT DISTINCT labels ->> 'environment' AS name FROM assay.alerts
               WHERE live AND state <> 'pending' AND starts_at < %s AND coalesce(ends_at, updated_at) > %s
                 AND labels ->> 'environment' <> '' ORDER BY 1""",
            (window.end, window.start),
        )
        return [name for (name,) in rows]

    def during(self, window: Window) -> list[Alert]:
        """Every episode, live or not, that fired and overlaps the window, by start."""
        overlaps = "state <> 'pending' AND starts_at < %s AND coalesce(ends_at, updated_at) > %s"
        return self._read(f"{SELECT} WHERE {overlaps} ORDER BY starts_at, fingerprint", window.end, window.start)

    def _read(self, statement: str, *parameters: object) -> list[Alert]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return [_alert(row) for row in cursor.execute(statement.encode(), parameters or None)]


def _alert(row: DictRow) -> Alert:
    recovery = row["recovery"]
    return Alert(
        **row
        | {
            "state": AlertState(row["state"]),
            "evidence": Evidence(**row["evidence"]),
            "recovery": None if recovery is None else Evidence(**recovery),
        }
    )


def _row(alert: Alert) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(alert, name) for name in COLUMNS}
    return row | {
        "state": alert.state.value,
        "labels": Jsonb(dict(alert.labels)),
        "annotations": Jsonb(dict(alert.annotations)),
        "evidence": Jsonb(alert.evidence.to_json()),
        "recovery": None if alert.recovery is None else Jsonb(alert.recovery.to_json()),
    }
