"""Judging one interaction again on a real store: what changes, what stays, and what enters no mean."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from include import experts
from include.domain.score import FailureType, Score, ScoreFailure, ScoreSource
from include.errors import FeedbackRefused, JudgeError, PageMissing
from include.rejudging import _scored, may_be_judged_again, rejudge
from tests.fakes.installation import HOUR, NINE, Installation, row, rows

ASKED = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANSWER = "At nine, on every day but Monday."
TALLIES = "SELECT measure, epoch, n, round(total::numeric, 9) FROM segments_hourly WHERE epoch <> '' ORDER BY 1, 2"
LEDGER = "SELECT status, logged, excluded, scored, failed, gap, evaluated_at IS NULL FROM runs"


def of(assay: Installation, column: str, table: str, name: str) -> dict[str, float]:
    key = "dimension" if table == "scores" else "epochs"
    return dict(assay.ask(f"SELECT {key}, {column} FROM {table} WHERE interaction_id = '{name}'"))


def test_a_correction_stands_in_for_the_reference_and_all_that_is_made_of_scores_follows(assay: Installation) -> None:
    assay.log(*rows(3, NINE), row(7, NINE, reference=None))
    assay.run()
    name = "20T0900-7-right"
    before, tallies = of(assay, "value", "scores", name), assay.ask(TALLIES)
    ours = ["scored_at", "settled_at", "evaluated_at", "alerted_at"]
    kept = assay.contents(without=ours)
    assert rejudge(name, NINE, "ada", ASKED)["before"] == rejudge(name, NINE, "ada", ASKED)["after"]
    after = assay.contents(without=ours)
    assert {table for table in after if kept[table] != after[table]} == {"rejudgements"}, "the same judges say the same"

    experts.correct(name, NINE, "Towels are sold by a machine.", "bob")
    experts.correct(name, NINE, ANSWER, "bob")
    told = rejudge(name, NINE, "ada", ASKED + HOUR)
    assert told["corrected"]
    assert {key: told["before"][key] for key in before} == before
    assert told["after"]["correctness"] != before["correctness"]
    assert of(assay, "value", "scores", name) == {key: told["after"][key] for key in before}
    assert list(of(assay, "value", "composites", name).values()) == [told["after"]["composite"]]
    changed = sum(total for measure, _, _, total in assay.ask(TALLIES) if measure == "composite")
    held = sum(total for measure, _, _, total in tallies if measure == "composite")
    assert float(changed - held) == pytest.approx(told["after"]["composite"] - told["before"]["composite"])
    assert assay.ask(LEDGER) == [("settled", 4, 0, 4, 0, 0, True)]
    assert assay.ask("SELECT corrected, who, project FROM rejudgements ORDER BY at") == [
        (False, "ada", "pool"),
        (True, "ada", "pool"),
    ]


def test_what_was_not_drawn_is_scored_and_enters_no_mean(assay: Installation) -> None:
    assay.log(*rows(4, NINE))
    assay.run()
    name = "20T0900-0-right"
    with psycopg.connect(assay.store) as store:
        for table in ("scores", "composites"):
            store.execute(f"DELETE FROM assay.{table} WHERE interaction_id = %s".encode(), [name])
        store.execute("UPDATE assay.interactions SET sampled = false WHERE interaction_id = %s", [name])
    assay.run()
    tallies, ledger = assay.ask(TALLIES), assay.ask(LEDGER)
    assert ledger[0][1:4] == (4, 1, 3)
    told = rejudge(name, NINE, "ada", ASKED)
    assert told["before"] == {}
    assert {"correctness", "faithfulness", "composite"} <= told["after"].keys()
    assert of(assay, "value", "scores", name)
    assert of(assay, "value", "composites", name) == {}
    assay.run()
    assert (assay.ask(TALLIES), assay.ask(LEDGER)) == (tallies, ledger)
    assert assay.ask("SELECT sum(n) FROM segments_hourly WHERE measure = 'failure'") == [(3,)]


def test_other_judges_than_the_hours_own_are_heard_and_enter_no_mean(assay: Installation) -> None:
    assay.log(*rows(2, NINE))
    assay.run()
    name = "20T0900-0-right"
    with psycopg.connect(assay.store) as store:  # as if the hour's judge of correctness had been another
        old = store.execute("SELECT DISTINCT epoch FROM assay.scores WHERE dimension = 'correctness'").fetchone()
        assert old is not None
        store.execute("UPDATE assay.scores SET epoch = 'old' WHERE dimension = 'correctness'")
        store.execute("UPDATE assay.composites SET epochs = 'olds'")
        store.execute("UPDATE assay.segments_hourly SET epoch = 'olds' WHERE measure = 'composite'")
        store.execute(
            """UPDATE assay.runs SET epochs = (
                   SELECT jsonb_object_agg(key, value || '{"correctness": "old", "composite": "olds"}')
                   FROM jsonb_each(epochs))"""
        )
    tallies = assay.ask(TALLIES)
    told = rejudge(name, NINE, "ada", ASKED)
    assert "correctness" not in told["before"], "means of two judges are never compared"
    assert {"correctness", "composite"} <= told["after"].keys()
    assert assay.ask(f"SELECT count(*) FROM scores WHERE interaction_id = '{name}' AND dimension = 'correctness'") == [
        (2,)
    ]
    assert len(of(assay, "value", "composites", name)) == 2
    assert assay.ask(TALLIES) == tallies
    assert assay.ask(LEDGER)[0][:6] == ("settled", 2, 0, 2, 0, 0)


def test_the_same_request_twice_at_once_is_granted_once_and_beside_it_another_persons(assay: Installation) -> None:
    assay.log(*rows(2, NINE))
    assay.run()
    name = "20T0900-0-right"
    experts.correct(name, NINE, ANSWER, "bob")
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(rejudge, name, NINE, who, ASKED) for who in ("ada", "ada", "bob")]
        told = [one.result() for one in asked]
    assert [who for (who,) in assay.ask("SELECT who FROM rejudgements ORDER BY who")] == ["ada", "bob"]
    assert len({one["after"]["composite"] for one in told}) == 1
    ((first, last),) = assay.ask(
        "SELECT min(before ->> 'composite'), min(after ->> 'composite') FROM rejudgements WHERE before <> after"
    )
    assert first != last, "one of the two changed it, the other found it changed"
    assert assay.ask("SELECT count(*) FROM rejudgements WHERE before = after") == [(1,)]


def test_a_run_that_is_under_way_judges_first_and_what_is_gone_is_told(assay: Installation) -> None:
    assay.log(*rows(1, NINE))
    assay.admit()
    for ask in (may_be_judged_again, lambda name, at: rejudge(name, at, "ada", ASKED)):
        with pytest.raises(FeedbackRefused, match="not settled yet"):
            ask("20T0900-0-right", NINE)
        with pytest.raises(PageMissing, match="has this interaction no more"):
            ask("gone", NINE)
    assert assay.ask("SELECT count(*) FROM rejudgements") == [(0,)]


@pytest.mark.parametrize(
    ("retryable", "error"), [((False, False), FeedbackRefused), ((False, True), JudgeError)], ids=["for good", "again"]
)
def test_where_no_judge_gives_a_score_what_stood_is_not_touched(
    retryable: tuple[bool, bool], error: type[Exception]
) -> None:
    failures = [
        ScoreFailure("a", NINE, "tone", FailureType.TIMEOUT, "it took too long", again, ScoreSource.LLM_JUDGE, "e1")
        for again in retryable
    ]
    with pytest.raises(error, match="no judge gave a score, tone: it took too long"):
        _scored(failures)
    score = Score("a", NINE, "tone", 0.5, "", ScoreSource.LLM_JUDGE, "e1")
    assert _scored([*failures, score]) == [score]
