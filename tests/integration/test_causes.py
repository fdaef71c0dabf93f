"""A prompt that goes bad, from the log to what on-call is told of its cause, on a real Postgres."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.fakes.installation import DAY, HOUR, NINE, WRONG, Installation, rows


@pytest.fixture
def history(assay: Installation) -> Installation:
    """Two days of good answers of prompts v1 and v2."""
    for day in (5, 4):
        start = NINE - day * DAY
        assay.log(*rows(60, start, DAY), *rows(60, start + timedelta(minutes=1), DAY, prompt_version="v2"))
        assay.run(start, start + DAY, live=False)
    assay.watch()
    return assay


def test_a_breach_says_which_prompt_version_carries_it_and_since_when_that_is_there(history: Installation) -> None:
    bad = NINE + timedelta(minutes=10)
    history.log(
        *rows(20, NINE),
        *rows(20, NINE + timedelta(minutes=1), prompt_version="v2"),
        *rows(20, bad, timedelta(minutes=50), answers=WRONG, prompt_version="v3", attributes={"tenant": "acme"}),
    )
    history.run()
    history.watch()
    found = history.ask(
        """SELECT rule, evidence -> 'details' -> 'cause' FROM rule_results
           WHERE outcome = 'Breached' AND rule IN ('composite-drop', 'faithfulness-drop') ORDER BY 1"""
    )
    assert [rule for rule, _ in found] == ["composite-drop", "faithfulness-drop"]
    for _, cause in found:
        [part] = cause["parts"]
        assert (part["column"], part["values"], part["same_as"]) == ("prompt_version", ["v3"], [["tenant", "acme"]])
        assert part["share_of_change"] == pytest.approx(1, abs=0.1)
        assert part["first_seen"] == bad.isoformat()
        assert all("-wrong" in one["interaction_id"] for one in part["examples"])
        assert "prompt version v3 (33 % of traffic, none before), first seen 20 Nov 09:10 UTC" in cause["sentence"]
    assert sum(one["share_of_change"] for one in found[0][1]["dimensions"]) == pytest.approx(1)
    [(alerts,)] = history.ask(
        "SELECT count(*) FROM alerts WHERE evidence -> 'details' -> 'cause' IS NOT NULL AND state = 'firing'"
    )
    assert alerts >= 2


def test_the_cause_stands_while_the_breach_does_not_grow_and_the_same_window_again_says_the_same(
    history: Installation,
) -> None:
    def cause(end: datetime) -> Any:
        [(found,)] = history.ask(
            f"""SELECT evidence -> 'details' -> 'cause' FROM rule_results
                WHERE rule = 'composite-low' AND window_end = '{end:%Y-%m-%d %H:%M}Z'"""
        )
        return found

    history.log(*rows(40, NINE, answers=WRONG), *rows(4, NINE + HOUR, answers=WRONG))
    history.run()
    history.watch()
    first = cause(NINE + HOUR)
    assert first["verdict"] == "spread"
    history.run(NINE + HOUR)
    history.watch()
    assert cause(NINE + 2 * HOUR) == first
    history.run()
    history.watch()
    assert cause(NINE + HOUR) == first
