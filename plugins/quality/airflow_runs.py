"""Airflow's own database goes in; which DAG run did what, and what stretch of time it covered, comes out.

Only the API server calls it: nothing else may read that database. Every other process of Airflow loads the plugin as
well, so that Airflow's models are imported when they are asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.domain.interaction import Window
from plugins.quality.dag_runs import DagRun

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SCORING = ("score_interactions", "backfill_interactions")
WATCHING = "watch_quality"
REPORTING = "report_weekly"


class AirflowRuns:
    """See `DagRuns`."""

    def that_scored(self, windows: Collection[Window]) -> Mapping[Window, DagRun]:
        """By their data intervals."""
        return self._by_interval(SCORING, windows)

    def that_reported(self, window: Window) -> DagRun | None:
        """By its data interval."""
        return self._by_interval((REPORTING,), [window]).get(window)

    def that_watched(self, settled: datetime) -> DagRun | None:
        """The first that took up what a run of a window that ends then had emitted."""
        from airflow.models.asset import AssetEvent
        from airflow.models.dagrun import DagRun as Row
        from sqlalchemy import select

        with _session() as session:
            scored = select(Row.run_id).where(Row.dag_id.in_(SCORING), Row.data_interval_end == settled)
            watched = (
                select(Row.dag_id, Row.run_id)
                .join(Row.consumed_asset_events)
                .where(
                    Row.dag_id == WATCHING,
                    AssetEvent.source_dag_id.in_(SCORING),
                    AssetEvent.source_run_id.in_(scored),
                )
            )
            found = session.execute(watched.order_by(Row.id).limit(1)).first()
        return DagRun(*found) if found else None

    def covered(self, run: DagRun) -> tuple[datetime, datetime] | None:
        """From when to when the run's data reaches; None of a run that there is not.

        Of a run that assets started, that is what the last of those who emitted them covered; of one without any data,
        the moment that it was due.
        """
        from airflow.models.dagrun import DagRun as Row
        from sqlalchemy import select

        with _session() as session:
            found = session.scalar(select(Row).where(Row.dag_id == run.dag_id, Row.run_id == run.run_id))
            if found is None:
                return None
            sources = [event.source_dag_run for event in found.consumed_asset_events]
            known: list[tuple[datetime, datetime]] = [
                (one.data_interval_start, one.data_interval_end)
                for one in (found, *sources)
                if one is not None and one.data_interval_start and one.data_interval_end
            ]
            return max(known, key=lambda interval: interval[1], default=(found.run_after, found.run_after))

    def _by_interval(self, dag_ids: tuple[str, ...], windows: Collection[Window]) -> dict[Window, DagRun]:
        from airflow.models.dagrun import DagRun as Row
        from sqlalchemy import select

        asked = select(Row.dag_id, Row.run_id, Row.data_interval_start, Row.data_interval_end).where(
            Row.dag_id.in_(dag_ids),
            Row.data_interval_end.in_([window.end for window in windows]),
            Row.data_interval_start < Row.data_interval_end,
        )
        with _session() as session:
            return {
                Window(start, end): DagRun(dag_id, run_id)
                for dag_id, run_id, start, end in session.execute(asked.order_by(Row.id))
                if start and end
            }


@contextmanager
def _session() -> Iterator[Session]:
    from airflow.utils.session import create_session

    opened: Any = create_session()
    with opened as session:
        yield session
