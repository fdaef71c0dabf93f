"""What experts say on a real store: kept beside the judges', copied into cases, and told of a week."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include import experts
from include.adapters.postgres import connect
from include.adapters.postgres.feedback import FeedbackBook
from include.adapters.postgres.week import WeekOfStore
from include.assembly import now
from include.domain.feedback import ExpertsOnJudge, ExpertsWeek, Judged
from include.domain.interaction import Window
from include.errors import FeedbackRefused, PageMissing
from tests.fakes.installation import DAY, HOUR, NINE, Installation
from tests.fakes.store_rows import insert_interaction

ID = "a"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def judged(assay: Installation) -> Installation:
    """One interaction, scored."""
    with connect(assay.store) as store:
        store.execute("SELECT assay.ensure_partitions(%s, %s)", (NINE, NINE))
        insert_interaction(store, ID, NINE, project="pool", response="At eight.")
        store.execute(
            """INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation,
                                         scored_at)
               VALUES (%(id)s, %(at)s, 'correctness', 'e1', 'LLM_JUDGE', 0.75, 'Well.', now()),
                      (%(id)s, %(at)s, 'correctness', 'h1', 'HUMAN', 0.5, 'Fair.', now())""",
            {"id": ID, "at": NINE},
        )
        store.execute("INSERT INTO assay.composites VALUES (%s, %s, 'w1', 's1', 0.7, '{}')", (ID, NINE))
    return assay


def test_what_people_say_changes_no_score_and_no_mean(judged: Installation) -> None:
    before = judged.contents()
    experts.disagree(ID, NINE, "correctness", "e1", 0.25, " It is closed\r\non Mondays. ", "ada")
    experts.correct(ID, NINE, "At nine.", "ada")
    experts.keep(ID, NINE, "", "", "", "ada")
    after = judged.contents()
    assert {table for table in after if before[table] != after[table]} == {"feedback", "cases"}
    assert judged.ask("SELECT kind, dimension, epoch, judged, value, text, who, project FROM feedback ORDER BY at") == [
        ("score", "correctness", "e1", 0.75, 0.25, "It is closed\non Mondays.", "ada", "pool"),
        ("correction", "", "", 0.7, None, "At nine.", "ada", "pool"),
    ]


def test_a_case_holds_the_whole_interaction_and_can_be_worded_anew(judged: Installation) -> None:
    experts.correct(ID, NINE, "At nine.", "ada")
    experts.keep(ID, NINE, "  Opening Hours! ", "", "", "ada")
    experts.keep(ID, NINE, "", "", "", "ada")
    found = judged.ask("SELECT dataset, expected, note, who, interaction ->> 'response' FROM cases ORDER BY dataset")
    assert found == [
        ("opening-hours", "At nine.", "", "ada", "At eight."),
        ("pool", "At nine.", "", "ada", "At eight."),
    ]
    since = judged.ask("SELECT at FROM cases WHERE dataset = 'pool'")
    experts.keep(ID, NINE, "pool", "At ten.", "since May", "bob")
    ((expected, note, who),) = judged.ask("SELECT expected, note, who FROM cases WHERE dataset = 'pool'")
    assert (expected, note, who) == ("At ten.", "since May", "bob")
    assert judged.ask("SELECT at FROM cases WHERE dataset = 'pool'") == since, "it was added when it was added"
    ((whole,),) = judged.ask("SELECT interaction FROM cases WHERE dataset = 'pool'")
    ((columns,),) = judged.ask(
        "SELECT array_agg(column_name::text) FROM information_schema.columns WHERE table_name = 'interactions'"
    )
    assert set(columns) == whole.keys()


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: experts.correct(ID, NINE, " \r\n ", "ada"), "Write the answer"),
        (lambda: experts.correct(ID, NINE, "x" * 20_001, "ada"), "20,000 characters"),
        (lambda: experts.disagree(ID, NINE, "correctness", "e", 0.5, "", "ada"), "Say why"),
        (lambda: experts.disagree(ID, NINE, "correctness", "e", 1.5, "so", "ada"), r"\[0, 1\]"),
        (lambda: experts.disagree(ID, NINE, "correctness", "e2", 0.5, "so", "ada"), "gave no score here"),
        (lambda: experts.disagree(ID, NINE, "tone", "e1", 0.5, "so", "ada"), "gave no score here"),
        (lambda: experts.disagree(ID, NINE, "correctness", "h1", 0.5, "so", "ada"), "gave no score here"),
        (lambda: experts.keep(ID, NINE, "", "", "", "ada"), "what is expected"),
        (lambda: experts.keep(ID, NINE, "!?", "x", "", "ada"), "letters and digits"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(judged: Installation, act: object, said: str) -> None:
    with pytest.raises(FeedbackRefused, match=said):
        act()  # type: ignore[operator]
    assert judged.ask("SELECT count(*) FROM feedback") == [(0,)]


def test_an_interaction_that_is_gone_is_told_so(assay: Installation) -> None:
    for act in (
        partial(experts.correct, "gone", NINE, "x", "ada"),
        partial(experts.correct, "go\0ne\ud800", NINE, "x", "ada"),
        partial(experts.disagree, "gone", NINE, "correctness", "e", 0.5, "x", "ada"),
        partial(experts.keep, "gone", NINE, "d", "x", "", "ada"),
    ):
        with pytest.raises(PageMissing, match="has this interaction no more"):
            act()


def test_the_same_words_twice_at_once_are_kept_once_and_both_of_two_people(judged: Installation) -> None:
    with ThreadPoolExecutor(8) as pool:
        said = [pool.submit(experts.correct, ID, NINE, "At nine.", who) for who in ("ada", "bob") * 4]
        kept = [pool.submit(experts.keep, ID, NINE, "d", "x", "", who) for who in ("ada", "bob")]
        for one in (*said, *kept):
            one.result()
    assert judged.ask("SELECT who, text FROM feedback ORDER BY who") == [("ada", "At nine."), ("bob", "At nine.")]
    assert judged.ask("SELECT count(*) FROM cases") == [(1,)]
    experts.correct(ID, NINE, "At ten.", "ada")
    experts.correct(ID, NINE, "At nine.", "ada")
    with connect(judged.store) as store:
        found = FeedbackBook(store).of(ID, NINE)
    assert [(one.who, one.text, found.is_replaced(one)) for one in found.feedback if one.who == "ada"] == [
        ("ada", "At nine.", False),
        ("ada", "At ten.", True),
        ("ada", "At nine.", True),
    ]
    assert found.correction == found.feedback[0]


def say(store: psycopg.Connection, who: str, at: datetime, value: float, judged: float, **other: str) -> None:
    given = {"id": "a", "dimension": "tone", "epoch": "e1"} | other
    store.execute(
        """INSERT INTO assay.feedback (interaction_id, logged_at, project, environment, kind, dimension, epoch, judged,
                                       value, text, who, at)
           VALUES (%s, %s, 'p', 'prod', 'score', %s, %s, %s, %s, 'so', %s, %s)""",
        (given["id"], NINE, given["dimension"], given["epoch"], judged, value, who, at),
    )


def test_of_a_week_the_latest_word_of_each_person_counts(store_dsn: str) -> None:
    week = Window(NINE, NINE + 7 * DAY)
    with connect(store_dsn) as store:
        store.execute("INSERT INTO assay.judge_epochs VALUES ('e1', 'tone', 'LLM_JUDGE', 'strict', '{}', now())")
        assert WeekOfStore(store).experts(week) == ExpertsWeek()
        say(store, "ada", NINE - MINUTE, 0.0, 1.0)  # before the week
        say(store, "ada", NINE, 0.0, 0.5)
        say(store, "ada", NINE + HOUR, 0.5, 0.5)
        say(store, "ada", week.end, 0.0, 0.5)  # after it
        say(store, "bob", NINE, 0.375, 0.5)
        say(store, "bob", NINE, 1.0, 0.5, id="b")
        say(store, "bob", NINE, 1.0, 1.0, epoch="e9", id="c")
        for number, (id_, corrected, before, after) in enumerate(
            [
                ("a", True, {"composite": 0.25}, {"composite": 0.4}),
                ("a", True, {"composite": 0.4}, {"composite": 0.5}),
                ("b", True, {"composite": 0.5}, {"composite": 0.75}),
                ("c", False, {"composite": 0.0}, {"composite": 1.0}),
                ("d", True, {"tone": 0.0}, {"composite": 1.0}),
            ]
        ):
            store.execute(
                """INSERT INTO assay.rejudgements
                       (interaction_id, logged_at, project, environment, corrected, before, after, who, at)
                   VALUES (%s, %s, 'p', 'prod', %s, %s, %s, 'ada', %s)""",
                (id_, NINE, corrected, Jsonb(before), Jsonb(after), NINE + number * MINUTE),
            )
        told = WeekOfStore(store).experts(week)
    assert told.judges == (
        ExpertsOnJudge("tone", "strict", "e1", same=1, less=1, more=1, difference=0.125),
        ExpertsOnJudge("tone", "", "e9", same=1, less=0, more=0, difference=0.0),
    )
    assert told.rejudged == (Judged("p", 2, 0.375, 0.625),)
    assert (told.corrected, told.cases) == (0, ())


def test_corrections_and_cases_are_counted_when_they_were_made(judged: Installation) -> None:
    for who in ("ada", "bob"):
        experts.correct(ID, NINE, "At nine.", who)
    experts.keep(ID, NINE, "hours", "", "", "ada")
    experts.keep(ID, NINE, "hours", "At ten.", "", "ada")
    with connect(judged.store) as store:
        told = WeekOfStore(store).experts(Window(now() - HOUR, now() + HOUR))
        assert (told.corrected, told.cases) == (1, (("hours", 1),))
        assert not WeekOfStore(store).experts(Window(NINE - DAY, NINE)).did_something
