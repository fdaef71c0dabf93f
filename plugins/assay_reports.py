"""Puts the page *Quality reports* into Airflow's navigation, behind Airflow's login."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends

from include import pipeline
from plugins.quality_reports.app import build_app

PREFIX = "/assay/reports"


class AssayReports(AirflowPlugin):
    """The page and its entry in the navigation; whoever may see Airflow's website may read reports."""

    name = "assay_reports"
    fastapi_apps = [  # noqa: RUF012  Airflow declares it so
        {
            "app": build_app(
                pipeline.list_reports,
                pipeline.read_report,
                dependencies=[Depends(requires_access_view(AccessView.WEBSITE))],
            ),
            "url_prefix": PREFIX,
            "name": "Quality reports",
        }
    ]
    external_views = [  # noqa: RUF012  Airflow declares it so
        {
            "name": "Quality",  # a longer name does not fit into Airflow's navigation
            "href": urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + f"{PREFIX}/",
            "destination": "nav",
            "url_route": "quality-reports",
        }
    ]
