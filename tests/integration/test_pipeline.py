"""One window from the log to the report, through the functions that the DAGs call, on a real Postgres."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include import money, pipeline, weekly
from include.pages import reports
from tests.fakes.installation import DAY, HOUR, NINE, WRONG, Installation, row, rows

WHEN_AND_HOW_OFTEN = (
    *("attempts", "started_at", "settled_at", "evaluated_at", "alerted_at", "overdue_since", "overdue_until"),
    *("scored_at", "failed_at", "first_seen_at", "quarantined_at", "released_at"),
)
CORRUPT = [
    row(90, NINE, response=None),
    row(91, NINE, input_tokens=-5),
    row(92, NINE, occurred_at=NINE + DAY),
    row(93, NINE, interaction_id="twice"),
    row(94, NINE, interaction_id="twice"),
]


def counts(logged: int = 0, quarantined: int = 0, excluded: int = 0, scored: int = 0, failed: int = 0) -> dict:
    assert logged == quarantined + excluded + scored + failed, "a ledger that closes"
    return {"logged": logged, "quarantined": quarantined, "excluded": excluded, "scored": scored, "failed": failed}


def test_every_logged_row_ends_as_exactly_one_term_of_the_ledger(assay: Installation) -> None:
    no_answer = row(95, NINE, response="", error_type="timeout")
    assay.log(*rows(20, NINE), *CORRUPT, no_answer, row(96, NINE + HOUR))
    assert assay.run() == counts(logged=26, quarantined=5, scored=20, failed=1)
    assert assay.ask("SELECT count(*), count(value) FROM composites") == [(21, 20)]
    assert assay.ask("SELECT dimension, count(*) FROM scores GROUP BY 1 ORDER BY 1") == [
        ("correctness", 20),
        ("faithfulness", 20),
        ("professionalism", 20),
    ]
    assert assay.ask("SELECT DISTINCT error_type, retryable FROM score_failures") == [("no_response", False)]
    assert assay.ask("SELECT status, gap FROM runs") == [("settled", 0)]
    assert assay.ask("SELECT count(*) FROM staged") == [(0,)]


def test_the_composite_of_a_right_answer_is_above_that_of_a_wrong_one(assay: Installation) -> None:
    assay.log(*rows(8, NINE), *rows(8, NINE + timedelta(minutes=1), answers=WRONG))
    assay.run()
    right, wrong = assay.ask(
        """SELECT avg(value) FROM composites JOIN interactions USING (interaction_id, logged_at)
           GROUP BY response LIKE ANY (ARRAY['The pool%', 'A ticket%', 'Yes%']) ORDER BY 1 DESC"""
    )
    assert right[0] - wrong[0] > 0.3


def test_the_same_window_twice_leaves_every_table_the_same(assay: Installation) -> None:
    assay.log(*rows(20, NINE), *CORRUPT, row(95, NINE, response="", error_type="timeout"))
    first = assay.run()
    assay.watch()
    before = assay.contents(without=WHEN_AND_HOW_OFTEN)
    assert assay.run() == first
    assay.watch()
    assert assay.contents(without=WHEN_AND_HOW_OFTEN) == before
    assert all(before[table] for table in ("runs", "interactions", "quarantine", "scores", "score_failures"))
    assert all(before[table] for table in ("composites", "segments_hourly", "rule_results", "judge_epochs"))


def test_an_empty_window_closes_and_alarms_nobody(assay: Installation) -> None:
    assert assay.run() == counts()
    assert assay.watch() == []
    assert assay.ask("SELECT DISTINCT outcome FROM rule_results") == [("NoData",)]


def test_what_sampling_leaves_out_is_counted_and_never_judged(
    assay: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_SAMPLE_RATE", "0.3")
    assay.log(*rows(200, NINE), *CORRUPT)
    ledger = assay.run()
    assert ledger == counts(205, quarantined=5, excluded=200 - ledger["scored"], scored=ledger["scored"])
    assert 40 <= ledger["scored"] <= 80
    assert assay.ask("SELECT count(*) FROM scores JOIN interactions USING (interaction_id) WHERE NOT sampled") == [(0,)]
    [(volume,)] = assay.ask("SELECT sum(total) FROM segments_hourly WHERE measure = 'volume'")
    assert volume == 200, "volume is that of the application, whatever is judged of it"


def test_a_released_row_is_scored_by_the_next_run_and_its_own_window_closes_again(assay: Installation) -> None:
    assay.log(*rows(10, NINE), *CORRUPT, *rows(10, NINE + HOUR))
    assert assay.run() == counts(15, quarantined=5, scored=10)
    [(key,)] = assay.ask("SELECT row_key FROM quarantine WHERE expectations = '{response_present}'")
    assert pipeline.release_rows([key], {"response": "The pool opens at 9:00."}) == 1
    assert assay.run(NINE + HOUR) == counts(10, scored=10)
    assert assay.ask("SELECT logged, quarantined, scored, gap FROM runs ORDER BY window_start") == [
        (15, 4, 11, 0),
        (10, 0, 10, 0),
    ]


def test_a_row_logged_late_into_a_settled_window_is_a_gap_until_that_window_runs_again(assay: Installation) -> None:
    assay.log(*rows(10, NINE))
    run_id, shards = assay.admit()
    for shard in shards:
        pipeline.score(shard)
    assay.log(row(50, NINE + timedelta(minutes=59)))  # committed after the window was read
    assert pipeline.settle(run_id)["logged"] == 11
    assert assay.ask("SELECT gap FROM runs") == [(1,)]
    assert [notice.partition(":")[0] for notice in assay.watch()] == ["first"]

    assert assay.run() == counts(11, scored=11)
    assert assay.ask("SELECT gap FROM runs") == [(0,)]


def test_a_shard_is_no_larger_than_it_is_told_to_be_and_all_of_them_are_the_window(
    assay: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_SHARD_SIZE", "7")
    assay.log(*rows(20, NINE))
    _, shards = assay.admit()
    assert [shard["size"] for shard in shards] == [7, 7, 6]
    assert assay.run() == counts(20, scored=20)


@pytest.fixture
def history(assay: Installation) -> Installation:
    """Two days of good answers that rules take as their past (it ends 3 days ago), and a live hour of good ones."""
    for day in (5, 4):
        assay.log(*rows(120, NINE - day * DAY, DAY))
        assay.run(NINE - day * DAY, NINE - (day - 1) * DAY, live=False)
    assay.log(*rows(30, NINE))
    assay.run()
    assert assay.watch() == []
    return assay


def test_an_incident_in_a_live_window_is_one_message_and_stays_one(history: Installation) -> None:
    history.log(*rows(30, NINE + HOUR, answers=WRONG))
    history.run(NINE + HOUR)
    [notice] = history.watch()
    assert notice.startswith("first: ")
    [file] = history.outbox()
    firing = {name for (name,) in history.ask("SELECT DISTINCT labels ->> 'alertname' FROM alerts")}
    assert {"composite-low", "faithfulness-drop"} <= firing, "several rules saw it"

    assert history.watch() == []
    history.run(NINE + HOUR)
    assert history.watch() == [], "the same window again is no news"
    history.log(*rows(30, NINE + 2 * HOUR, answers=WRONG))
    history.run(NINE + 2 * HOUR)
    history.watch()
    assert history.outbox() == [file]


def test_an_incident_of_the_past_is_stored_and_told_to_nobody(history: Installation) -> None:
    history.log(*rows(30, NINE + HOUR, answers=WRONG))
    history.run(NINE + HOUR, live=False)
    assert history.watch() == []
    assert history.ask("SELECT count(*) > 0, bool_or(live) FROM alerts WHERE state = 'firing'") == [(True, False)]
    assert history.outbox() == []


def test_costs_are_summed_exactly_and_told_once(assay: Installation) -> None:
    assay.log(*rows(40, NINE), row(95, NINE, request_model="nobody-knows-its-price"))
    assay.run()
    midnight = NINE.replace(hour=0)
    assert money.roll_up(midnight, midnight + DAY) == 2
    by_model = "SELECT model, calls, unpriced, cost IS NULL FROM costs_daily ORDER BY 1"
    assert assay.ask(by_model) == [("gpt-4.1-mini", 40, 0, False), ("nobody-knows-its-price", 1, 1, True)]
    assert assay.ask("SELECT sum(cost) FROM costs_daily") == assay.ask("SELECT sum(cost) FROM interactions")

    assert money.tell(midnight).startswith("first: ")
    assert money.tell(midnight).startswith("none: ")
    assert money.roll_up(midnight, midnight + DAY) == 2
    assert money.tell(midnight).startswith("none: ")
    assert len(assay.outbox()) == 1


def test_the_report_is_written_read_back_and_the_same_when_written_again(history: Installation) -> None:
    start, end = NINE - 6 * DAY, NINE + DAY
    report_id = weekly.write_report(start, end)
    [published] = [one.report for one in reports.reports()]
    name = published.path.rpartition("/")[2]
    written = reports.read_report(report_id, name)
    assert b"pool" in written.content
    assert weekly.write_report(start, end) == report_id
    assert reports.read_report(report_id, name).content == written.content
    [attachment] = published.attachments
    assert reports.read_report(report_id, attachment.name).is_attachment


def test_a_first_week_has_a_report_too_though_there_is_nothing_to_compare_it_with(assay: Installation) -> None:
    assay.log(*rows(12, NINE))
    assay.run()
    weekly.write_report(NINE - 6 * DAY, NINE + DAY)
    [published] = [one.report for one in reports.reports()]
    assert published.attachments == ()


def test_tending_the_store_makes_partitions_ahead_and_drops_nothing_unasked(assay: Installation) -> None:
    assay.log(*rows(3, NINE))
    assay.run()
    partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'assay.scores'::regclass"
    assert pipeline.tend_store() == []
    [(made,)] = assay.ask(partitions)
    assert made >= 4
    assert pipeline.tend_store() == []
    assert assay.ask(partitions) == [(made,)]
    assert assay.ask("SELECT count(*) FROM interactions") == [(3,)]
