"""When a person asks for it: judge one interaction again, by the judges in force now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk import DAG, Param, task

from include import rejudging
from include.schedule import DEFAULTS, POOL

RUNBOOK = """
### What it does
The button *Judge again* on an interaction's page starts it, or you, with the interaction's id and `logged_at`. `judge`
has the judges in force score it again; the latest correction that an expert wrote stands in for the reference. Scores
of the same judges are replaced, and composite, tallies of the hour and the run's ledger with them; what other judges
gave stays beside. Values before and after stand in `assay.rejudgements`. An interaction that was not drawn keeps its
scores on its page and enters no mean. A call that was paid for before is not made again: without a correction the same
judge gives the same answer.

### What red means, and what to do
Nobody is told of it but whoever asked: what stood still stands.

| task | it says | do |
|---|---|---|
| judge | `the store has this interaction no more` | nothing: it was older than what is kept |
| judge | `the run of its hour is not settled yet` | wait for `score_interactions`, then ask again |
| judge | `no judge gave a score …` | read which judge failed and why; ask again when it answers |
| judge | `judge … 401 …` | mend connection `assay_judge` and clear the task |
| judge | `store …` | Assay's own database or connection `assay_store` |
"""

with DAG(
    "rejudge_interaction",
    schedule=None,
    is_paused_upon_creation=False,  # nothing runs unless somebody asks
    default_args={**DEFAULTS, "on_failure_callback": None, "on_success_callback": None},
    params={
        "interaction_id": Param(type="string", minLength=1, description="as the page of the interaction has it"),
        "logged_at": Param(type="string", format="date-time", description="with its time zone"),
    },
    doc_md=__doc__ + RUNBOOK,
    tags=["assay", "judges"],
):

    @task(pool=POOL)
    def judge(**context: Any) -> dict[str, Any]:
        """Values by dimension before and after, and what could not be scored."""
        asked, run = context["params"], context["dag_run"]
        logged_at = datetime.fromisoformat(asked["logged_at"])
        return rejudging.rejudge(
            asked["interaction_id"], logged_at, run.triggering_user_name or "unknown", run.run_after
        )

    judge()
