"""Where tasks lead and where pages lead back, of runs that Airflow remembers, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from include.domain.interaction import Window
from include.notify.messages import quality_page
from plugins.quality.dag_runs import DagRun
from plugins.quality.task_pages import page_of
from tests.fakes.pages import Desk

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUN = DagRun("score_interactions", "manual__<b>&/x?#")
PATH = "/dags/score_interactions/runs/manual__%3Cb%3E%26%2Fx%3F%23"


@dataclass
class OneRun:
    """One run did everything, in the eyes of this Airflow."""

    asked: list[object] = field(default_factory=list)

    def that_scored(self, windows: Collection[Window]) -> Mapping[Window, DagRun]:
        return dict.fromkeys(windows, RUN)

    def that_watched(self, settled: datetime) -> DagRun | None:
        self.asked.append(settled)
        return RUN

    def that_reported(self, window: Window) -> DagRun | None:
        self.asked.append(window)
        return RUN


@pytest.mark.parametrize(
    ("dag_id", "task_id", "page"),
    [
        ("score_interactions", "settle", "runs?range=24h&until=2026-11-20T10%3A00Z"),
        ("backfill_interactions", "validate", "runs?range=24h&until=2026-11-20T10%3A00Z#quarantine"),
        ("score_delayed", "score", "runs?range=24h&until=2026-11-20T10%3A00Z"),
        ("watch_quality", "evaluate_rules", "incidents?until=2026-11-20T11%3A00Z"),
        ("watch_assay", "watch", "incidents?until=2026-11-20T11%3A00Z"),
        ("summarize_costs", "tell", "costs?until=2026-11-20T10%3A00Z"),
        ("probe_judges", "probe", "judges?until=2026-11-20T10%3A00Z"),
        ("report_weekly", "write", "reports/weekly_2026-11-20T0900Z_2026-11-20T1000Z/"),
        ("tend_store", "tend", None),
        ("somebody_elses", "score", None),
    ],
)
def test_a_task_leads_to_the_page_of_what_it_did(dag_id: str, task_id: str, page: str | None) -> None:
    assert page_of(dag_id, task_id, NINE, NINE + HOUR) == page


def test_a_report_without_a_stretch_of_time_leads_to_the_list() -> None:
    assert page_of("report_weekly", "write", NINE, NINE) == "reports"


def test_the_address_of_a_page_inside_airflow_keeps_the_path_below_which_airflow_answers() -> None:
    assert quality_page("", "runs") == "/plugin/quality/assay/quality/runs"
    assert quality_page("/ops/airflow", "runs") == "/ops/airflow/plugin/quality/ops/airflow/assay/quality/runs"


@pytest.mark.parametrize(
    ("page", "links"),
    [
        ("runs", {PATH, f"{PATH}/tasks/settle", f"{PATH}/tasks/score/mapped"}),
        ("incidents/i1", {PATH}),
        ("reports/weekly_2026-11-09_2026-11-16/", {PATH}),
    ],
)
def test_a_page_leads_to_the_run_that_did_its_work_and_out_of_the_frame(page: str, links: set[str]) -> None:
    shown = Desk(dag_runs=OneRun()).client().get(page).text
    for link in links:
        assert f'target="_top" href="{link}"' in shown, link
    assert PATH not in Desk().client().get(page).text


def test_an_incident_was_found_by_the_run_after_the_window_that_made_its_first_alert_fire() -> None:
    desk = Desk(dag_runs=(known := OneRun()))
    desk.client().get("incidents/i1")
    fired = [alert.fired_at for alert in desk._incident("i1").incident.alerts if alert.fired_at]
    assert known.asked == [min(fired)]
