"""The weekly report, where a person has to approve it before it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.fakes.airflow_runs import AirflowRuns
from tests.fakes.installation import DAY, NINE, Installation, installed

MONDAY = NINE.replace(hour=0) + 3 * DAY
DELIVERY = "SELECT status, error FROM notification_log WHERE message_key LIKE 'weekly_%'"


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowRuns]:
    it = AirflowRuns(tmp_path_factory.mktemp("airflow"), ASSAY_REPORT_APPROVAL="true")
    yield it
    it.stop()


@pytest.fixture
def assay(store_dsn: str, source_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(store_dsn, source_dsn, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("answer", "sent", "noted", "messages"),
    [
        ("Send", "success", ("sent", None), 1),
        ("Do not send", "skipped", ("withheld", "Ada decided not to send it"), 0),
    ],
)
def test_a_report_is_sent_if_a_person_says_so_and_else_it_is_said_why_not(
    airflow: AirflowRuns,
    assay: Installation,
    answer: str,
    sent: str,
    noted: tuple[str, str | None],
    messages: int,
) -> None:
    run = airflow.run("report_weekly", _fresh(), assay.environment, answer)
    states = {task: state for task, (state, _) in run.tasks.items()}
    assert states == {"write": "success", "approve": "success", "send": sent}, run.log[-2000:]
    assert run.state == "success"
    assert assay.ask(DELIVERY) == [noted]
    assert len(assay.outbox()) == messages
    assert noted[1] is None or f"not sent: {noted[1]}" in run.log


def _fresh(weeks: list[datetime] = [MONDAY]) -> datetime:  # noqa: B006  Airflow keeps one run of a date
    weeks.append(weeks[-1] + 7 * DAY)
    return weeks[-1]
