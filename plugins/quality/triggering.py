"""The id of a DAG and of a run go in; Airflow has that run when it returns, whoever started it first.

It works where Airflow's metadata database may be used: inside the API server.
"""

from __future__ import annotations

from collections.abc import Mapping

from airflow.api.common.trigger_dag import trigger_dag
from airflow.exceptions import DagNotFound, DagRunAlreadyExists
from airflow.models.dag import DagModel
from airflow.sdk.exceptions import AirflowException
from airflow.utils.types import DagRunTriggeredByType

from include.errors import FeedbackRefused


def trigger(dag_id: str, run_id: str, conf: Mapping[str, str], who: str) -> None:
    """Start a run in the name of `who`; one of that id that was started stays as it is.

    Raises `FeedbackRefused` where the DAG is paused, or Airflow does not know it or refuses its parameters.
    """
    dag = DagModel.get_current(dag_id)
    if dag is None or dag.is_stale:
        raise FeedbackRefused(f"Airflow has no DAG {dag_id}. Remedy: its DAG processor tells why")
    if dag.is_paused:
        raise FeedbackRefused(f"The DAG {dag_id} is paused, so nothing would happen. Remedy: unpause it in Airflow")
    try:
        trigger_dag(
            dag_id,
            triggered_by=DagRunTriggeredByType.UI,
            triggering_user_name=who,
            run_id=run_id,
            conf=dict(conf),
        )
    except DagRunAlreadyExists:
        return
    except (DagNotFound, AirflowException, ValueError) as error:
        raise FeedbackRefused(f"Airflow did not start {dag_id}: {error}") from None
