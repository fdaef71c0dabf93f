"""Puts the page *Quality* into Airflow's navigation, behind Airflow's login, and a link to it at every task of ours."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag, requires_access_view
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseOperatorLink
from fastapi import Depends, HTTPException, Request

from include import experts, oncall, pipeline, rejudging
from include.notify.messages import quality_page
from include.pages import costs, incidents, interaction, interactions, judges, overview, project, reports, runs
from plugins.quality import costs as cost_pages
from plugins.quality import incidents as incident_pages
from plugins.quality import interactions as interaction_pages
from plugins.quality import judges as judge_pages
from plugins.quality import overview as overview_page
from plugins.quality import project as project_page
from plugins.quality import reports as report_pages
from plugins.quality import runs as run_pages
from plugins.quality import silences as silence_pages
from plugins.quality.airflow_runs import AirflowRuns
from plugins.quality.app import build_app
from plugins.quality.dag_runs import DagRun
from plugins.quality.opinions import EXPERTS, Acts
from plugins.quality.reader import Reader
from plugins.quality.site import PREFIX
from plugins.quality.task_pages import page_of
from plugins.quality.triggering import trigger

BASE = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
"""The path below which Airflow answers."""


def enter(request: Request, user: Annotated[BaseUser, Depends(get_user)]) -> None:
    """Whoever may see Airflow's website may read; what they may do is asked when they do it."""
    requires_access_view(AccessView.WEBSITE)(request, user)
    request.state.reader = Reader(str(user.get_id()), user.get_name(), partial(_may_trigger, request, user))


def _may_trigger(request: Request, user: BaseUser, dag_id: str) -> bool:
    try:
        requires_access_dag("POST", DagAccessEntity.RUN, dag_id)(request, user)
    except HTTPException:
        return False
    return True


def _judge(incident_id: str, who: str, useful: bool) -> None:
    oncall.not_useful(incident_id, who, useful=useful)


def _silence(matchers: str, lasts: str, who: str, why: str) -> None:
    oncall.silence(matchers, oncall.length(lasts), who, why)


def _release(row_key: str, who: str) -> None:
    pipeline.release_rows([row_key], {}, who)


def _rejudge(interaction_id: str, logged_at: datetime, who: str, run_id: str) -> None:
    rejudging.may_be_judged_again(interaction_id, logged_at)
    trigger(EXPERTS, run_id, {"interaction_id": interaction_id, "logged_at": logged_at.isoformat()}, who)


class ShowInQuality(BaseOperatorLink):
    """The button of a task. Airflow asks for it at tasks of other DAGs as well, which get none."""

    name = "Show in Quality"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address below Airflow's own, found in the API server when somebody looks at the task, in any state."""
        covered = AirflowRuns().covered(DagRun(ti_key.dag_id, ti_key.run_id))
        page = page_of(ti_key.dag_id, ti_key.task_id, *covered) if covered else None
        return quality_page(BASE, page) if page else ""


class AssayQuality(AirflowPlugin):
    """The pages, their entry in the navigation, and the way to them from tasks."""

    name = "assay_quality"
    fastapi_apps = [  # noqa: RUF012  Airflow declares it so
        {
            "app": build_app(
                conf.get_mandatory_value("api", "secret_key"),
                [Depends(enter)],
                [
                    partial(overview_page.router, overview.overview),
                    partial(project_page.router, project.project),
                    partial(run_pages.router, runs.runs, _release),
                    partial(
                        interaction_pages.router,
                        interaction_pages.Reads(interactions.interactions, interaction.interaction),
                        Acts(experts.disagree, experts.correct, experts.keep, _rejudge),
                    ),
                    partial(
                        incident_pages.router,
                        incident_pages.Reads(incidents.incident_list, incidents.incident),
                        incident_pages.Acts(oncall.acknowledge, oncall.snooze, _judge),
                    ),
                    partial(cost_pages.router, costs.costs),
                    partial(judge_pages.router, judges.judges),
                    partial(report_pages.router, report_pages.Reads(reports.reports, reports.read_report)),
                    partial(
                        silence_pages.router,
                        oncall.list_silences,
                        silence_pages.Acts(_silence, oncall.expire_silence),
                    ),
                ],
                AirflowRuns(),
            ),
            "url_prefix": PREFIX,
            "name": "Quality",
        }
    ]
    global_operator_extra_links = [ShowInQuality()]  # noqa: RUF012  Airflow declares it so
    external_views = [  # noqa: RUF012  Airflow declares it so
        {
            "name": "Quality",
            "href": f"{BASE}{PREFIX}/",
            "destination": "nav",
            "url_route": "quality",
        }
    ]
