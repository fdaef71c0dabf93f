"""The command that gives rules a reference after a change of judge is one that Airflow takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from airflow.cli.cli_parser import get_parser

ROOT = Path(__file__).parents[2]


def test_the_command_starts_a_backfill_of_a_dag_that_there_is_over_days_that_were_run_before() -> None:
    text = (ROOT / "docs/alerts.md").read_text()
    found = re.search(r"```\nairflow (backfill create .*?)\n```", text, re.DOTALL)
    assert found
    given = get_parser().parse_args(shlex.split(found[1].replace("\\\n", " ")))
    assert f'"{given.dag_id}",' in (ROOT / "dags/score_interactions.py").read_text()
    assert given.reprocess_behavior == "completed"
    assert (given.to_date - given.from_date).days == 13
