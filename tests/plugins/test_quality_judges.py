"""The page of judges: every epoch with what it gave, failed at and cost, and whether it can be trusted."""

from __future__ import annotations

from tests.fakes.judge_bench import bench
from tests.fakes.pages import DAY, Desk


def page(**changes: object) -> str:
    return Desk(judged=bench(**changes)).client().get("judges").text


def test_an_epoch_is_told_with_what_it_gave_failed_at_and_cost() -> None:
    found = page()
    for told in ("rubric correctness 3", "gpt-e2", "LLM_JUDGE", "0.810", "0.780 – 0.840", "$0.370", "$2.00", "25.0 %"):
        assert told in found, told
    assert "malformed reply: 8, 4.0 %" in found
    assert "no response: 2, 1.0 %" in found
    assert "5 calls of unknown price" in found


def test_only_failures_of_the_judge_are_held_against_it() -> None:
    found = page()
    assert 'class="worse">malformed reply' in found
    assert "<div>no response" in found
    assert found.count('<tr class="warning">') == 1


def test_a_judge_that_took_over_is_told_with_what_differs() -> None:
    found = page()
    assert "model: gpt-e1 -&gt; gpt-e2" in found
    assert "After" in found
    assert "After" not in page(epochs=bench().epochs[1:])


def test_calls_that_were_spared_are_told_beside_those_that_were_made() -> None:
    found = page()
    assert "100<br>" in found
    assert "$0.100" in found
    assert "No judge called a model" in page(calls=())


def test_a_shift_is_marked_where_it_is_more_than_noise_and_a_fault() -> None:
    found = page()
    assert 'class="warn">+0.060' in found
    assert 'class="">−0.500' in found
    assert "No judge was probed" in page(leanings=())


def test_agreement_is_told_where_people_scored_and_else_that_nobody_did() -> None:
    assert "0.112" in page()
    assert "−0.041" in page()
    assert "None yet" in page(epochs=bench().epochs[1:])


def test_an_empty_time_says_what_will_fill_the_page() -> None:
    found = page(epochs=(), calls=(), leanings=())
    assert "Nobody judged anything in this time" in found
    assert 'href="/dags/score_interactions"' in found


def test_the_address_says_which_time_is_told() -> None:
    desk = Desk()
    page = desk.client().get("judges?range=24h&env=staging").text
    ((window, environment),) = desk.asked  # type: ignore[misc]
    assert (window.length, environment) == (DAY, "staging")
    assert "Calls and bias probes are of all environments together" in page
