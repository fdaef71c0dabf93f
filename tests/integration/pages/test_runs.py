"""What the page of runs reads of a real store, and who let a row out of quarantine."""

from __future__ import annotations

from datetime import timedelta

from include import pipeline
from include.domain.interaction import Window
from include.domain.run import RunStatus
from include.pages.runs import MOST_ROWS, runs
from tests.fakes.installation import DAY, HOUR, NINE, Installation, rows

MINUTE = timedelta(minutes=1)
DAYS = Window(NINE + HOUR - DAY, NINE + HOUR)


def test_runs_stand_with_their_ledgers_newest_first_and_what_is_held_beside_them(assay: Installation) -> None:
    assay.log(*rows(6, NINE - HOUR), *rows(2, NINE - HOUR, input_tokens=-1, interaction_id="twice"))
    assay.run(NINE - HOUR)
    assay.admit(live=False)
    found = runs(DAYS)
    under_way, settled = found.runs
    assert (under_way.status, under_way.ledger, under_way.duration) == (RunStatus.VALIDATED, None, None)
    assert (under_way.run.live, settled.run.live) == (False, True)
    assert settled.ledger is not None
    assert (settled.ledger.logged, settled.ledger.scored, settled.ledger.quarantined, settled.ledger.gap) == (
        8,
        6,
        2,
        0,
    )
    assert settled.duration is not None
    assert [(one.rows, one.released) for one in found.refusals] == [(2, 0)] * len(found.refusals)
    assert len(found.held) == 2
    assert {name for row in found.held for name in row.expectations} == {one.expectation for one in found.refusals}
    assert '"input_tokens": -1' in found.held[0].raw
    assert runs(Window(NINE - DAY, NINE - HOUR)).runs == ()


def test_no_more_rows_are_read_than_are_shown_and_long_ones_are_cut(assay: Installation) -> None:
    assay.log(*rows(1, NINE - MINUTE), *rows(MOST_ROWS + 5, NINE, input_tokens=-1, response="x" * 5000))
    assay.admit(NINE - HOUR, NINE + HOUR)
    found = runs(DAYS)
    assert len(found.held) == MOST_ROWS
    assert all(row.raw.endswith(" …") and len(row.raw) < 700 for row in found.held)
    assert found.held[0].logged_at > found.held[-1].logged_at


def test_who_let_a_row_out_is_on_record(assay: Installation) -> None:
    assay.log(*rows(1, NINE, input_tokens=-1))
    assay.admit()
    [held] = runs(DAYS).held
    pipeline.release_rows([held.row_key], {"input_tokens": 1}, "ada")
    found = runs(DAYS)
    assert found.held == ()
    assert all(one.released == one.rows for one in found.refusals)
    assert assay.ask("SELECT released_by FROM quarantine") == [("ada",)]
