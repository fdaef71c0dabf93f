"""Serves the weekly reports behind Airflow's login; the page *Quality* leads to them."""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends

from include import pipeline
from plugins.quality_reports.app import build_app

PREFIX = "/assay/reports"


class AssayReports(AirflowPlugin):
    """The page; whoever may see Airflow's website may read reports."""

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
