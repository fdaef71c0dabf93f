"""What pages know of Airflow's own runs: where the DAG run stands that did the work that a page shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from include.domain.interaction import Window


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG, as Airflow names it."""

    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        """Of its page in Airflow, below Airflow's own address."""
        return f"/dags/{quote(self.dag_id, safe='')}/runs/{quote(self.run_id, safe='')}"


class DagRuns(Protocol):
    """Runs that Airflow still remembers; one that it was told to forget is not found."""

    def that_scored(self, windows: Collection[Window]) -> Mapping[Window, DagRun]:
        """The last run of each of the windows."""
        ...

    def that_watched(self, settled: datetime) -> DagRun | None:
        """The first run that looked at the windows that end at `settled` once these were settled."""
        ...

    def that_reported(self, window: Window) -> DagRun | None:
        """The last run that wrote the report of the window."""
        ...


class NoDagRuns:
    """Pages that are shown without an Airflow around them."""

    def that_scored(self, windows: Collection[Window]) -> Mapping[Window, DagRun]:
        """None."""
        return {}

    def that_watched(self, settled: datetime) -> DagRun | None:
        """None."""
        return None

    def that_reported(self, window: Window) -> DagRun | None:
        """None."""
        return None


NO_DAG_RUNS = NoDagRuns()
