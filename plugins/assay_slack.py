"""Takes the buttons that people press in Slack by HTTP, at /assay/slack/interactions, signed with the app's secret.

Slack has no login to Airflow: the signature is the login. Without a signing secret in the extra of the Airflow
connection assay_slack there is no such page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from airflow.plugins_manager import AirflowPlugin
from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from include.adapters.slack_inbound import Press
from include.slack_buttons import Refusal, perform, receive

MAX_BODY = 1_000_000
STATUSES = {Refusal.OFF: 404, Refusal.FORGED: 401}


def build_app(
    receive: Callable[[bytes, Mapping[str, str], float], Press | Refusal | None],
    perform: Callable[[Press], None],
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """The app with its one door; Slack is answered before the press is acted on, since it waits three seconds."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/interactions")
    async def interactions(request: Request, background: BackgroundTasks) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY:
                return Response(status_code=413)
        found = await run_in_threadpool(receive, body, dict(request.headers), clock())
        if isinstance(found, Refusal):
            return Response(status_code=STATUSES[found])
        if found is not None:
            background.add_task(perform, found)
        return Response(status_code=200)

    return app


class AssaySlack(AirflowPlugin):
    """The door for Slack."""

    name = "assay_slack"
    fastapi_apps = [  # noqa: RUF012  Airflow declares it so
        {"app": build_app(receive, perform), "url_prefix": "/assay/slack", "name": "Slack's buttons"}
    ]
