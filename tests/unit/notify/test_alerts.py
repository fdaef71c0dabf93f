from __future__ import annotations

from collections.abc import Sequence

from include.domain.rule import RuleResult
from include.notify.alerts import update_alerts
from tests.fakes.notify import ROUTES, FakeBook, result

PROJECTS = ("clinic", "docs", "city", "bank")


def update(book: FakeBook, *results: RuleResult, live: bool = True) -> None:
    update_alerts(results, book, ROUTES, live=live)


def incidents(book: FakeBook) -> dict[str, list[str]]:
    """Alert names by incident; an inhibited one in brackets."""
    found: dict[str, list[str]] = {}
    for alert in sorted(
        book.alerts.values(), key=lambda a: (a.starts_at, a.labels["alertname"], a.labels.get("project", ""))
    ):
        name = alert.labels["alertname"]
        found.setdefault(str(alert.incident_id), []).append(f"({name})" if alert.inhibited else name)
    return found


def everywhere(outcome: str, hour: int, projects: Sequence[str] = PROJECTS, **of: str) -> list[RuleResult]:
    return [result(outcome, hour, project=project, **of) for project in projects]  # type: ignore[arg-type]


def test_alerts_of_one_project_and_category_are_one_incident() -> None:
    book = FakeBook()
    update(
        book, *(result("Breached", 10, alertname=name) for name in ("composite_low", "faithfulness_low", "floor_share"))
    )
    assert incidents(book) == {
        "2026-11-20T1000Z_help-desk_production_quality": ["composite_low", "faithfulness_low", "floor_share"]
    }


def test_an_alert_that_starts_while_another_of_its_group_fires_joins_its_incident() -> None:
    book = FakeBook()
    update(book, result("Breached", 10, alertname="faithfulness_low"))
    update(
        book, result("Breached", 11, alertname="faithfulness_low"), result("Breached", 11, alertname="composite_low")
    )
    assert len(incidents(book)) == 1


def test_an_alert_that_starts_when_the_last_of_its_group_ends_goes_on_with_its_incident() -> None:
    book = FakeBook()
    update(book, result("Breached", 10, alertname="faithfulness_low"))
    update(book, result("Ok", 11, alertname="faithfulness_low"), result("Breached", 11, alertname="composite_low"))
    assert len(incidents(book)) == 1


def test_a_group_that_was_all_good_starts_a_new_incident() -> None:
    book = FakeBook()
    for hour, outcome in enumerate(["Breached", "Ok", "Breached"]):
        update(book, result(outcome, hour))
    assert list(incidents(book)) == [
        "2026-11-20T0000Z_help-desk_production_quality",
        "2026-11-20T0200Z_help-desk_production_quality",
    ]


def test_two_projects_or_two_categories_are_two_incidents() -> None:
    book = FakeBook()
    update(
        book,
        result("Breached", project="clinic"),
        result("Breached", project="bank"),
        result("Breached", project="bank", category="cost", alertname="spend_high"),
    )
    assert len(incidents(book)) == 3


def test_an_alert_that_starts_in_many_projects_at_once_is_one_incident() -> None:
    book = FakeBook()
    update(
        book,
        *everywhere("Breached", 3, alertname="volume_low", category="data"),
        *everywhere("Breached", 3, alertname="coverage_gap", category="data"),
        result("Breached", 3, project="clinic", alertname="quarantine_high", category="data"),
    )
    assert list(incidents(book)) == ["2026-11-20T0300Z_production_data_coverage_gap"]


def test_a_project_that_follows_later_joins_the_incident_of_many() -> None:
    book = FakeBook()
    update(book, *everywhere("Breached", 3, PROJECTS[:3], alertname="volume_low", category="data"))
    update(book, *everywhere("Breached", 4, alertname="volume_low", category="data"))
    assert len(incidents(book)) == 1


def test_a_project_with_an_incident_of_its_own_keeps_it_when_many_follow() -> None:
    book = FakeBook()
    update(book, result("Breached", 2, project="clinic", alertname="volume_low", category="data"))
    update(book, *everywhere("Breached", 3, alertname="volume_low", category="data"))
    assert [len(names) for names in incidents(book).values()] == [1, 3]


def test_a_quality_alert_is_shown_inside_the_data_incident_that_explains_it() -> None:
    book = FakeBook()
    update(
        book,
        result("Breached", 5, alertname="quarantine_high", category="data"),
        result("Breached", 5, alertname="faithfulness_low"),
        result("Breached", 5, alertname="faithfulness_low", project="bank"),
    )
    assert incidents(book) == {
        "2026-11-20T0500Z_help-desk_production_data": ["(faithfulness_low)", "quarantine_high"],
        "2026-11-20T0500Z_bank_production_quality": ["faithfulness_low"],
    }


def test_a_quality_alert_that_outlives_its_explanation_becomes_an_incident_of_its_own() -> None:
    book = FakeBook()
    update(book, result("Breached", 5, alertname="quarantine_high", category="data"), result("Breached", 5))
    for hour in (6, 7):
        update(book, result("Ok", hour, alertname="quarantine_high", category="data"), result("Breached", hour))
        assert len(incidents(book)) == 1
    update(book, result("Breached", 8))
    assert incidents(book) == {
        "2026-11-20T0500Z_help-desk_production_data": ["quarantine_high"],
        "2026-11-20T0500Z_help-desk_production_quality": ["faithfulness_low"],
    }


def test_the_silence_of_all_projects_explains_that_of_each() -> None:
    book = FakeBook()
    update(
        book,
        result("Breached", 3, project="", alertname="silence", category="data"),
        *everywhere("Breached", 3, alertname="volume_low", category="data"),
        *everywhere("Breached", 3, alertname="composite_low"),
    )
    assert incidents(book) == {
        "2026-11-20T0300Z_production_data": [*["(composite_low)"] * 4, "silence", *["(volume_low)"] * 4]
    }


def test_an_alert_whose_own_explanation_is_over_still_explains_others() -> None:
    book = FakeBook()
    silence, volume = {"project": "", "alertname": "silence"}, {"alertname": "volume_low"}
    update(book, result("Breached", 3, category="data", **silence), result("Breached", 3, category="data", **volume))
    update(
        book,
        result("Ok", 4, category="data", **silence),
        result("Breached", 4, category="data", **volume),
        result("Breached", 4),
    )
    assert incidents(book) == {"2026-11-20T0300Z_production_data": ["silence", "(volume_low)", "(faithfulness_low)"]}


def test_an_explained_alert_that_ends_with_its_explanation_never_becomes_an_incident() -> None:
    book = FakeBook()
    for outcome, hour in (("Breached", 5), ("Ok", 6)):
        update(
            book,
            result(outcome, hour, alertname="quarantine_high", category="data"),
            result(outcome, hour, alertname="faithfulness_low", keep_firing_for=2),
        )
    update(book, result("Ok", 7, alertname="faithfulness_low", keep_firing_for=2))
    assert list(incidents(book)) == ["2026-11-20T0500Z_help-desk_production_data"]


def test_a_data_alert_that_is_good_already_explains_nothing_new() -> None:
    book = FakeBook()
    data = {"alertname": "quarantine_high", "category": "data"}
    update(book, result("Breached", 5, keep_firing_for=3, **data))  # type: ignore[arg-type]
    update(book, result("Ok", 6, keep_firing_for=3, **data), result("Breached", 6))  # type: ignore[arg-type]
    assert len(incidents(book)) == 2


def test_a_quality_incident_that_was_told_stays_when_data_breaks_after_it() -> None:
    book = FakeBook()
    update(book, result("Breached", 5))
    update(book, result("Breached", 6), result("Breached", 6, alertname="quarantine_high", category="data"))
    assert len(incidents(book)) == 2


def test_the_same_window_again_changes_nothing() -> None:
    book = FakeBook()
    results = [result("Breached", 5), result("Ok", 5, alertname="other")]
    update(book, *results)
    before = dict(book.alerts)
    update(book, *results)
    assert book.alerts == before


def test_a_rule_that_broke_over_a_window_of_the_past_is_told_of_by_nobody() -> None:
    book = FakeBook()
    update(book, result("Ok", 5))
    update(book, result("Error", 3, project="bank"))
    assert not book.alerts


def test_a_window_that_could_not_tell_counts_once_however_often_it_is_taken_into_account() -> None:
    book = FakeBook()
    update(book, result("Ok", 4))
    for _ in range(3):
        update(book, result("NoData", 5))
    assert set(book.blind_for.values()) == {1}


def test_a_window_of_the_past_that_is_judged_again_opens_no_alert() -> None:
    book = FakeBook()
    for hour in range(3):
        update(book, result("Ok", hour))
    update(book, result("Breached", 1))
    assert not book.alerts


def test_an_alert_that_no_result_speaks_of_stays_as_it_is() -> None:
    book = FakeBook()
    update(book, result("Breached", 0))
    before = dict(book.alerts)
    for hour in range(1, 5):
        update(book, result("Ok", hour, alertname="other"))
    assert book.alerts == before


def test_a_warning_is_shown_inside_the_critical_alert_of_the_same_thing() -> None:
    book, same = FakeBook(), {"dimension": "composite"}
    update(
        book,
        result("Breached", 5, alertname="composite_low", severity="critical", **same),
        result("Breached", 5, alertname="composite_drop", severity="warning", **same),
        result("Breached", 5, alertname="tone_drop", severity="warning", dimension="tone"),
    )
    assert incidents(book) == {
        "2026-11-20T0500Z_help-desk_production_quality": ["(composite_drop)", "composite_low", "tone_drop"]
    }


def test_a_warning_that_outlives_the_critical_alert_of_the_same_thing_keeps_their_incident_open() -> None:
    book, same = FakeBook(), {"dimension": "composite"}
    drop = {"alertname": "composite_drop", "severity": "warning", **same}
    update(book, result("Breached", 5, alertname="composite_low", **same), result("Breached", 5, **drop))
    update(book, result("Ok", 6, alertname="composite_low", **same), result("Breached", 6, **drop))
    assert incidents(book) == {"2026-11-20T0500Z_help-desk_production_quality": ["composite_drop", "composite_low"]}
    assert not book.incident("2026-11-20T0500Z_help-desk_production_quality").is_resolved
    update(book, *(result("Breached", hour, **drop) for hour in (10,)))
    assert len(incidents(book)) == 1


def test_a_judge_explains_the_scores_that_it_gave_and_no_others() -> None:
    book = FakeBook()
    update(
        book,
        result("Breached", 5, project="", alertname="judge_bias", category="judge", dimension="tone"),
        result("Breached", 5, alertname="tone_drop", dimension="tone"),
        result("Breached", 5, alertname="composite_drop", dimension="composite"),
        result("Breached", 5, alertname="correctness_drop", dimension="correctness"),
    )
    assert incidents(book) == {
        "2026-11-20T0500Z_production_judge": ["(composite_drop)", "judge_bias", "(tone_drop)"],
        "2026-11-20T0500Z_help-desk_production_quality": ["correctness_drop"],
    }


def test_judges_that_all_fail_explain_every_score() -> None:
    book = FakeBook()
    update(
        book,
        result("Breached", 5, project="", alertname="judge_failing", category="judge"),
        result("Breached", 5, alertname="tone_drop", dimension="tone"),
        result("Breached", 5, alertname="score_drift", category="drift", severity="info", dimension="tone"),
    )
    assert incidents(book) == {"2026-11-20T0500Z_production_judge": ["judge_failing", "(score_drift)", "(tone_drop)"]}


def test_a_judge_that_changed_explains_what_its_scores_fell_below_until_they_can_be_compared() -> None:
    book = FakeBook()
    changed = {"alertname": "judge_changed", "category": "judge", "severity": "info", "dimension": "tone"}
    low = {"alertname": "tone_low", "severity": "critical", "dimension": "tone"}
    update(book, result("Breached", 5, **changed), result("Breached", 5, **low))  # type: ignore[arg-type]
    assert incidents(book) == {"2026-11-20T0500Z_help-desk_production_judge": ["judge_changed", "(tone_low)"]}
    incident = book.incident("2026-11-20T0500Z_help-desk_production_judge")
    assert incident.severity == "critical", "so that it is told, as what it is"
    for hour in (6, 9):
        update(book, result("Ok", hour, **changed), result("Breached", hour, **low))  # type: ignore[arg-type]
    assert "2026-11-20T0500Z_help-desk_production_quality" in incidents(book)


def test_what_assay_says_of_itself_explains_nothing() -> None:
    book = FakeBook()
    for hour in range(3):
        update(book, result("Error", hour, alertname="volume_low"))
    update(book, result("Error", 3, alertname="volume_low"), result("Breached", 3))
    assert incidents(book) == {
        "2026-11-20T0000Z_assay": ["rule-broken"],
        "2026-11-20T0300Z_help-desk_production_quality": ["faithfulness_low"],
    }


def test_an_alert_that_flaps_is_held_longer_and_says_so() -> None:
    book = FakeBook()
    for hour, outcome in enumerate(["Breached", "Ok", "Breached", "Ok", "Breached", "Ok"]):
        update(book, result(outcome, hour))
    *over, third = sorted(book.alerts.values(), key=lambda alert: alert.starts_at)
    assert [alert.is_open for alert in over] == [False, False]
    assert third.is_firing
    assert third.annotations["flapping"].startswith("it began 3 times within a day")
    update(book, result("Ok", 6))
    assert not book.firing()
