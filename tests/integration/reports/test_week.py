"""A week of a real store becomes a report, a file and a row of the index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.probes import Probes
from include.adapters.postgres.reports import Reports
from include.adapters.postgres.segments import Segments
from include.adapters.postgres.week import WeekOfStore
from include.domain.alert import Alert, AlertState
from include.domain.interaction import Window
from include.domain.probe import Shift
from include.domain.report import Attachment, ReportMissing, Trend, WeeklyReport
from include.domain.rule import Evidence
from include.domain.run import COMPOSITE, CoverageLedger, Epochs
from include.domain.score import ScoreSource
from include.reports.examples import ANSWER_CHARS
from include.reports.library import read
from include.reports.publish import publish
from include.reports.weekly import collect
from tests.fakes.weekly import DAY, MONDAY, WEEK, week

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
SCORES = {"correctness": 0.2, "tone": 0.9}


@pytest.fixture
def store(store_dsn: str) -> Iterator[psycopg.Connection]:
    with connect(store_dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (MONDAY - 30 * DAY, WEEK.end))
        yield connection


def judged(
    store: psycopg.Connection, name: str, at: datetime, value: float, *, project: str = "clinic", epochs: str = "SET"
) -> None:
    """An interaction with two scores and a composite of that value."""
    store.execute(
        """INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment,
               user_input, response, response_model, cost, sampled, sampling_rate)
           VALUES (%s, %s, 'native', %s, %s, 'production', %s, %s, 'm', 0.5, true, 1)""",
        (name, at, at, project, f"How do I get there by bus, {name}?", f"answer {name} " + "x" * 2 * ANSWER_CHARS),
    )
    for dimension, score in SCORES.items():
        store.execute(
            """INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation,
                   scored_at)
               VALUES (%s, %s, %s, %s, 'CODE', %s, %s, now())""",
            (name, at, dimension, f"{epochs}-{dimension}", score, f"why {dimension}"),
        )
    store.execute(
        "INSERT INTO assay.composites VALUES (%s, %s, 'w', %s, %s, %s)", (name, at, epochs, value, Jsonb(SCORES))
    )


def rebuild(store: psycopg.Connection, epochs: str = "SET", attributes: Sequence[str] = ()) -> None:
    window = Window(MONDAY - 21 * DAY, WEEK.end)
    Segments(store).rebuild(
        window, Epochs({"": {**{name: f"{epochs}-{name}" for name in SCORES}, COMPOSITE: epochs}}), "w", attributes
    )


def run(store: psycopg.Connection, window: Window, ledger: CoverageLedger | None, warnings: list[str]) -> None:
    terms: tuple[int | None, ...] = astuple(ledger) if ledger else (None,) * 5
    store.execute(
        """INSERT INTO assay.runs (run_id, source, window_start, window_end, live, status, logged, quarantined,
               excluded, scored, failed, warnings, started_at)
           VALUES (%s, 'native', %s, %s, true, %s, %s, %s, %s, %s, %s, %s, now())""",
        (str(window), window.start, window.end, "settled" if ledger else "validated", *terms, Jsonb(warnings)),
    )


def collected(store: psycopg.Connection, of: Window = WEEK) -> WeeklyReport:
    return collect(of, WeekOfStore(store), lambda example: example)


def test_an_empty_store_gives_a_report_that_says_so(store: psycopg.Connection) -> None:
    report = collected(store)
    assert (report.as_of, report.projects, report.examples, report.judges) == (None, (), (), ())
    assert report.coverage.uncovered == (WEEK,)


def test_scores_are_read_from_rollups_and_compared_with_the_week_before(store: psycopg.Connection) -> None:
    for number in range(20):
        judged(store, f"before-{number}", MONDAY - DAY, 0.8 + number / 1000)
        judged(store, f"now-{number}", MONDAY + DAY, 0.5 + number / 1000)
    rebuild(store)
    store.execute("DELETE FROM assay.scores")
    store.execute("DELETE FROM assay.composites")
    (project,) = collected(store).projects
    assert project.composite is not None
    assert project.composite.now is not None
    assert project.composite.now.mean == pytest.approx(0.5095)
    assert project.composite.trend is Trend.WORSE
    assert [one.measure for one in project.dimensions] == ["correctness", "tone"]
    assert [at for at, one in project.composite.days if one] == [MONDAY - DAY, MONDAY + DAY]


def test_the_worst_answers_of_each_project_come_with_what_judges_said(store: psycopg.Connection) -> None:
    for number in range(3):
        judged(store, f"i{number}", MONDAY + number * HOUR, 0.1 + number / 10)
    judged(store, "other", MONDAY, 0.6, project="bank")
    judged(store, "of last week", MONDAY - HOUR, 0.0)
    judged(store, "by other judges", MONDAY, 0.0, epochs="OTHER")
    rebuild(store)
    report = collected(store)
    assert {one.interaction_id for one in report.examples} == {"i0", "other"}
    worst = report.examples[0]
    assert (worst.interaction_id, worst.composite, worst.similar) == ("i0", 0.1, 2)
    assert [(said.dimension, said.explanation, said.source) for said in worst.scores] == [
        ("correctness", "why correctness", ScoreSource.CODE),
        ("tone", "why tone", ScoreSource.CODE),
    ]
    assert len(worst.response) == ANSWER_CHARS + 2
    assert worst.response.endswith(" …")


def test_the_ledger_is_that_of_the_weeks_runs_each_interaction_once(store: psycopg.Connection) -> None:
    ledger = CoverageLedger(10, 1, 2, 6, 1)
    run(store, Window(MONDAY, MONDAY + DAY), ledger, ["few rows"])
    run(store, Window(MONDAY + HOUR, MONDAY + 2 * HOUR), ledger, ["few rows"])
    run(store, Window(MONDAY + DAY, MONDAY + DAY + HOUR), None, [])
    run(store, Window(MONDAY - DAY, MONDAY), ledger, [])
    report = collected(store)
    assert (report.coverage.ledger, report.coverage.unfinished) == (ledger, 1)
    assert report.as_of == MONDAY + DAY
    assert report.data_quality.warnings == (("few rows", 2),)


def test_refused_rows_and_failures_are_counted_by_reason(store: psycopg.Connection) -> None:
    for number, released in enumerate((None, NOW)):
        store.execute(
            """INSERT INTO assay.quarantine (source, row_key, run_id, logged_at, expectations, raw, quarantined_at,
                   released_at)
               VALUES ('native', %s, 'r', %s, '{answer is there,tokens are counted}', '{}', now(), %s)""",
            (str(number), MONDAY, released),
        )
    store.execute(
        """INSERT INTO assay.score_failures (interaction_id, logged_at, dimension, epoch, source, error_type, message,
               retryable, failed_at) VALUES ('i', %s, 'tone', 'e', 'CODE', 'no_response', '', false, now())""",
        (MONDAY,),
    )
    report = collected(store)
    assert [(one.expectation, one.rows, one.released) for one in report.data_quality.refusals] == [
        ("answer is there", 2, 1),
        ("tokens are counted", 2, 1),
    ]
    assert report.coverage.failures == (("tone", "no_response", 1),)


def episode(starts_at: datetime, ends_at: datetime | None, incident_id: str) -> Alert:
    return Alert(
        fingerprint=incident_id,
        starts_at=starts_at,
        state=AlertState.RESOLVED if ends_at else AlertState.FIRING,
        labels={"alertname": "tone-low", "project": "clinic", "severity": "critical", "category": "quality"},
        sentence="as it was last",
        evidence=Evidence(value=0.5, reference=0.8),
        live=True,
        breached_at=ends_at or WEEK.end,
        updated_at=ends_at or WEEK.end,
        fired_at=starts_at + HOUR,
        ends_at=ends_at,
        incident_id=incident_id,
    )


def finding(store: psycopg.Connection, alert: Alert, hour: int, value: float, sentence: str) -> None:
    start = alert.starts_at + hour * HOUR
    store.execute(
        """INSERT INTO assay.rule_results (rule, fingerprint, window_start, window_end, outcome, labels, value,
               reference, evidence, sentence, for_windows, keep_firing_for, annotations, evaluated_at)
           VALUES ('tone-low', %s, %s, %s, 'Breached', '{}', %s, 0.8, '{}', %s, 1, 1, '{}', now())""",
        (alert.fingerprint, start, start + HOUR, value, sentence),
    )


def test_incidents_of_the_week_are_told_at_their_worst(store: psycopg.Connection) -> None:
    now, over = episode(MONDAY + DAY, None, "now"), episode(MONDAY - 9 * DAY, MONDAY - 8 * DAY, "over")
    Alerts(store).save([now, over])
    for hour, value in enumerate((0.6, 0.2, 0.5)):
        finding(store, now, hour, value, f"tone {value}")
    report = collected(store)
    (told,) = report.incidents_of_week
    assert (told.title, told.sentence, told.ends_at) == ("tone low", "tone 0.2", None)
    assert [one.sentence for one in report.incidents] == ["as it was last", "tone 0.2"]


def test_judges_are_those_that_scored_in_the_week(store: psycopg.Connection) -> None:
    judged(store, "i", MONDAY, 0.5)
    rebuild(store)
    for epoch, dimension in (("SET-tone", "tone"), ("unused", "tone")):
        store.execute(
            "INSERT INTO assay.judge_epochs VALUES (%s, %s, 'LLM_JUDGE', 'rubric', %s, %s)",
            (epoch, dimension, Jsonb({"model": "gpt"}), MONDAY),
        )
    (judge,) = collected(store).judges
    assert (judge.epoch, judge.model, judge.source, judge.values) == ("SET-tone", "gpt", ScoreSource.LLM_JUDGE, 1)


def test_what_a_judge_failed_at_is_counted_unless_there_was_nothing_to_judge(store: psycopg.Connection) -> None:
    judged(store, "i", MONDAY, 0.5)
    rebuild(store)
    store.execute(
        "INSERT INTO assay.judge_epochs VALUES ('SET-tone', 'tone', 'LLM_JUDGE', 'rubric', '{}', %s)", (MONDAY,)
    )
    for number, reason in enumerate(("judge_timeout", "judge_timeout", "no_response")):
        store.execute(
            """INSERT INTO assay.score_failures (interaction_id, logged_at, dimension, epoch, source, error_type,
                   message, retryable, failed_at)
               VALUES (%s, %s, 'tone', 'SET-tone', 'LLM_JUDGE', %s, '', true, now())""",
            (str(number), MONDAY, reason),
        )
    report = collected(store)
    assert [judge.failed for judge in report.judges] == [2]
    assert report.coverage.failures == (("tone", "judge_timeout", 2), ("tone", "no_response", 1))


@pytest.mark.parametrize("shift", [timedelta(0), timedelta(hours=5)])
def test_segments_are_compared_with_the_week_before_also_where_it_begins_at_another_hour(
    store: psycopg.Connection, shift: timedelta
) -> None:
    for number in range(30):
        for version in ("v1", "v2"):
            fell = version == "v2"
            judged(store, f"before-{version}-{number}", MONDAY - DAY, 0.8 + number / 1000)
            judged(store, f"now-{version}-{number}", MONDAY + DAY, (0.4 if fell else 0.8) + number / 1000)
    store.execute(
        "UPDATE assay.interactions SET prompt_version = substr(interaction_id, strpos(interaction_id, '-v') + 1, 2)"
    )
    store.execute(
        """UPDATE assay.interactions SET attributes = jsonb_build_object('language', CASE prompt_version
               WHEN 'v1' THEN 'en' ELSE 'de' END)"""
    )
    rebuild(store, attributes=["language"])
    week = Window(WEEK.start + shift, WEEK.end + shift)
    fallen = collected(store, week).changes
    assert [(one.parts, one.now.n) for one in fallen] == [((("model", "m"), ("prompt_version", "v2")), 30)]
    assert fallen[0].brought == pytest.approx(-0.2)
    languages = {one.parts for one in WeekOfStore(store).segments(week) if len(one.parts) == 1}
    assert languages == {(("language", "en"),), (("language", "de"),)}


def test_how_far_disguises_moved_scores_is_told(store: psycopg.Connection) -> None:
    shifts = [Shift("padded", "tone", "SET-tone", "clinic", str(n), MONDAY, 0.5, 0.7 + n / 1000) for n in range(5)]
    Probes(store).save(MONDAY.date(), shifts)
    (leaning,) = collected(store).leanings
    assert (leaning.n, leaning.mean, leaning.is_fault) == (5, pytest.approx(0.202), True)


def test_what_experts_did_is_read(store: psycopg.Connection) -> None:
    store.execute(
        """INSERT INTO assay.feedback (interaction_id, logged_at, project, environment, kind, dimension, epoch, text,
               who, at)
           VALUES ('i', %s, 'clinic', 'production', 'correction', '', '', 'Fast for 12 hours.', 'ada', %s)""",
        (MONDAY, MONDAY),
    )
    assert collected(store).experts.corrected == 1


def test_the_share_of_a_judges_prompts_that_came_from_a_cache_is_told(store: psycopg.Connection) -> None:
    for number in (1, 2):
        judged(store, f"i{number}", MONDAY, 0.5)
    rebuild(store)
    store.execute(
        "INSERT INTO assay.judge_epochs VALUES ('SET-tone', 'tone', 'LLM_JUDGE', 'rubric', %s, %s)",
        (Jsonb({"model": "gpt"}), MONDAY),
    )
    assert [judge.cached for judge in collected(store).judges] == [None]
    for mode, cached in (("live", 700), ("batch", 0)):
        store.execute(
            """INSERT INTO assay.judge_costs_daily (day, project, dimension, judge, provider_name, model, mode, calls,
                   unpriced, cost, input_tokens, output_tokens, cached_input_tokens)
               VALUES (%s, 'clinic', 'tone', 'rubric', 'p', 'gpt', %s, 1, 0, 0, 1000, 9, %s)""",
            (MONDAY, mode, cached),
        )
    assert [judge.cached for judge in collected(store).judges] == [0.35]


def test_spend_is_that_of_the_rollup(store: psycopg.Connection) -> None:
    for day in (-1, 2, 3):
        judged(store, f"i{day}", MONDAY + day * DAY, 0.5)
    Costs(store).roll_up(Costs(store).days_of(Window(MONDAY - 9 * DAY, WEEK.end)))
    costs = collected(store).costs
    assert (costs.application.known, costs.application_before.known) == (Decimal(1), Decimal("0.5"))


def test_the_same_store_gives_the_same_file_registered_once(store: psycopg.Connection, tmp_path: Path) -> None:
    judged(store, "i", MONDAY, 0.5)
    rebuild(store)
    index = Reports(store)
    first = publish(collected(store), index, tmp_path, NOW)
    content = (tmp_path / first.path).read_bytes()
    publish(collected(store), index, tmp_path, NOW + DAY)
    assert (tmp_path / first.path).read_bytes() == content
    assert hashlib.sha256(content).hexdigest() == first.sha256
    assert index.all() == [first]


def test_a_report_that_says_something_else_is_written_anew(store: psycopg.Connection, tmp_path: Path) -> None:
    index = Reports(store)
    publish(collected(store), index, tmp_path, NOW)
    judged(store, "i", MONDAY, 0.5)
    rebuild(store)
    second = publish(collected(store), index, tmp_path, NOW + DAY)
    assert index.get(second.report_id) == second
    assert second.created_at == NOW + DAY


def test_reports_are_listed_newest_week_first(store: psycopg.Connection, tmp_path: Path) -> None:
    index = Reports(store)
    for window in (WEEK.before(7 * DAY), WEEK):
        publish(week(window=window), index, tmp_path, NOW)
    assert [one.window for one in index.all()] == [WEEK, WEEK.before(7 * DAY)]


def test_a_report_and_what_lies_beside_it_can_be_read_and_nothing_else(
    store: psycopg.Connection, tmp_path: Path
) -> None:
    index = Reports(store)
    report = publish(week(attachments=(Attachment("Drift", "drift.html"),)), index, tmp_path, NOW)
    (tmp_path / "reports/drift.html").write_text("drift")
    own = read(Path(report.path).name, report.report_id, index, tmp_path)
    assert (own.is_attachment, own.content) == (False, (tmp_path / report.path).read_bytes())
    drift = read("drift.html", report.report_id, index, tmp_path)
    assert (drift.is_attachment, drift.content) == (True, b"drift")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../secret", "../../etc/passwd", "/etc/passwd", "secret", "drift.html\0"]
)
def test_a_name_that_is_not_in_the_index_is_no_path(store: psycopg.Connection, tmp_path: Path, name: str) -> None:
    report = publish(week(), Reports(store), tmp_path, NOW)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "reports/secret").write_text("secret")
    with pytest.raises(ReportMissing, match="has no file"):
        read(name, report.report_id, Reports(store), tmp_path)


def test_a_file_that_leads_out_of_home_is_not_shown(store: psycopg.Connection, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "secret").write_text("secret")
    report = publish(week(), Reports(store), home, NOW)
    (home / report.path).unlink()
    (home / report.path).symlink_to(tmp_path / "secret")
    with pytest.raises(ReportMissing, match="outside"):
        read(Path(report.path).name, report.report_id, Reports(store), home)


def test_a_file_that_is_gone_and_a_report_that_never_was_say_so(store: psycopg.Connection, tmp_path: Path) -> None:
    index = Reports(store)
    report = publish(week(), index, tmp_path, NOW)
    (tmp_path / report.path).unlink()
    with pytest.raises(ReportMissing, match="is not there"):
        read(Path(report.path).name, report.report_id, index, tmp_path)
    with pytest.raises(ReportMissing, match="no report nothing"):
        read("x.html", "nothing", index, tmp_path)


def test_a_stored_path_that_points_elsewhere_is_not_followed(store: psycopg.Connection, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "secret.html").write_text("secret")
    report = publish(week(), Reports(store), home, NOW)
    Reports(store).register(replace(report, path="../secret.html"))
    with pytest.raises(ReportMissing, match="outside"):
        read("secret.html", report.report_id, Reports(store), home)
