"""An Airflow task and the stretch of time that its run covers go in; the page that shows what it did comes out."""

from __future__ import annotations

from datetime import datetime, timedelta

from include.domain.interaction import Window
from include.domain.report import report_id
from plugins.quality.view import View

HOUR = timedelta(hours=1)


def page_of(dag_id: str, task_id: str, start: datetime, end: datetime) -> str | None:
    """The page's address below that of all pages; None for a task of somebody else's, or that has nothing to show."""
    match dag_id:
        case "score_interactions" | "backfill_interactions" | "score_delayed":
            return f"runs{_until(end, span='24h')}" + ("#quarantine" if task_id == "validate" else "")
        case "watch_quality" | "watch_assay":
            return f"incidents{_until(end + HOUR)}"  # what began at the very end counts as well
        case "summarize_costs":
            return f"costs{_until(end)}"
        case "probe_judges":
            return f"judges{_until(end)}"
        case "report_weekly" if start < end:
            return f"reports/{report_id(Window(start, end))}/"
        case "report_weekly":
            return "reports"
    return None


def _until(end: datetime, **shown: str) -> str:
    return View(until=end, **shown).address()
