"""What drifts is told with Evidently's page of it, which Airflow's UI can show."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from include import drift_pages, weekly
from include import settings as configuration
from include.adapters.postgres.reports import Reports
from include.assembly import open_store
from include.domain.interaction import Window
from include.domain.report import Attachment, PublishedReport
from include.pages import reports
from tests.fakes.installation import DAY, HOUR, NINE, RIGHT, Installation, rows

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
LONGER = [f"{answer} {answer} {answer}" for answer in RIGHT]
SAME = {"input_tokens": 900, "latency_ms": 800.0}
ASKED = "SELECT annotations->>'evidence' FROM rule_results WHERE rule = 'output-drift' AND outcome = 'Breached'"


RULES = Path(__file__).parents[2] / "include/monitors/rules.yaml"


@pytest.fixture(autouse=True)
def only_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped rules of drift and no others."""
    shipped = yaml.safe_load(RULES.read_text())["rules"]
    kept = tmp_path / "rules.yaml"
    kept.write_text(yaml.safe_dump({"rules": [rule for rule in shipped if rule["test"] == "drift"]}))
    monkeypatch.setenv("ASSAY_RULES", str(kept))


@pytest.fixture
def drifted(assay: Installation) -> Installation:
    """Ten days of short answers, and since nine o'clock long ones."""
    for day in range(1, 11):
        assay.log(*rows(40, NINE - day * DAY, DAY, **SAME))
    assay.run(NINE - 10 * DAY, NINE, live=False)
    assay.log(*rows(120, NINE, 9 * HOUR, LONGER, **SAME))
    assay.run(NINE, NINE + 9 * HOUR)
    return assay


def pages(assay: Installation) -> list[str]:
    return sorted(path.name for path in Path(assay.home, "reports").glob("drift_*.html"))


def test_a_breach_links_a_page_that_is_shown_in_a_sandbox_with_scripts_and_listed_nowhere(
    drifted: Installation,
) -> None:
    drifted.watch()
    assert pages(drifted) == ["drift_output-drift_2026-11-20T1800Z.html"]
    [(path,), *others] = drifted.ask(ASKED)
    report_id = "drift_output-drift_2026-11-20T1800Z"
    assert path == f"/assay/quality/reports/{report_id}/files/{report_id}.html"
    assert all(other == (path,) for other in others)
    shown = reports.read_report(*path.removeprefix("/assay/quality/reports/").split("/files/"))
    assert shown.is_attachment
    assert b"response_chars" in shown.content
    assert reports.reports() == []


def test_the_week_that_has_the_breach_links_its_page(drifted: Installation) -> None:
    drifted.watch()
    weekly.write_report(NINE - 6 * DAY, NINE + DAY)
    [report] = [one.report for one in reports.reports()]
    names = [attachment.name for attachment in report.attachments]
    assert pages(drifted)[0] in names
    assert reports.read_report(report.report_id, pages(drifted)[0]).is_attachment
    assert not reports.read_report(report.report_id, f"{report.report_id}.html").is_attachment


def test_the_same_window_again_draws_its_page_again_and_no_other(drifted: Installation) -> None:
    drifted.watch()
    before = drifted.ask(ASKED)
    drifted.run(NINE, NINE + 9 * HOUR)
    drifted.watch()
    assert len(pages(drifted)) == 1
    assert drifted.ask(ASKED) == before


def test_a_day_has_few_pages_and_later_breaches_name_the_last_one_of_their_rule(drifted: Installation) -> None:
    with open_store(configuration.from_airflow()) as store:
        for number in range(drift_pages.A_DAY):
            window = Window(NINE + number * HOUR, NINE + (number + 1) * HOUR)
            page = (Attachment("Evidently", f"{number}.html"),)
            name = f"drift_output-drift_{number}"
            Reports(store).register(PublishedReport(name, window, "", "", "", page, "", NINE))
    drifted.watch()
    assert pages(drifted) == []
    assert drifted.ask(ASKED)[0] == ("/assay/quality/reports/drift_output-drift_3/files/3.html",)


def test_nothing_is_drawn_where_nothing_drifts_nor_of_the_past(assay: Installation) -> None:
    for day in range(1, 11):
        assay.log(*rows(40, NINE - day * DAY, DAY, **SAME))
    assay.log(*rows(120, NINE, 9 * HOUR, **SAME))
    assay.run(NINE - 10 * DAY, NINE, live=False)
    assay.run(NINE, NINE + 9 * HOUR)
    assay.watch()
    assert pages(assay) == []


def test_pages_go_with_time(drifted: Installation) -> None:
    drifted.watch()
    settings = configuration.from_airflow()
    with open_store(settings) as store:
        assert drift_pages.forget_pages(settings, store, NINE + 30 * DAY) == []
        assert len(drift_pages.forget_pages(settings, store, NINE + 31 * DAY)) == 1
    assert pages(drifted) == []
