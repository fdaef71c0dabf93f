from __future__ import annotations

from include.domain.alert import Alert
from include.domain.rule import RuleResult
from include.notify.alerts import update_alerts
from include.notify.doubts import BLIND_WINDOWS, BROKEN_WINDOWS, CATEGORY
from tests.fakes.notify import ROUTES, FakeBook, result


def play(book: FakeBook, *hours: list[RuleResult]) -> list[Alert]:
    """What Assay says of its own rules after these hours."""
    for results in hours:
        update_alerts(results, book, ROUTES, live=True)
    return [alert for alert in book.alerts.values() if alert.labels["category"] == CATEGORY and alert.is_firing]


def hours(outcome: str, start: int, count: int, **of: str) -> list[list[RuleResult]]:
    return [[result(outcome, start + hour, **of)] for hour in range(count)]  # type: ignore[arg-type]


def test_a_rule_that_cannot_tell_for_long_where_it_used_to_is_an_alert_of_its_own() -> None:
    book = FakeBook()
    assert play(book, [result("Ok", 0)], *hours("NoData", 1, BLIND_WINDOWS - 1)) == []
    (blind,) = play(book, [result("NoData", BLIND_WINDOWS)])
    assert blind.labels["alertname"] == "rule-cannot-tell"
    assert (blind.labels["severity"], blind.labels["project"]) == ("info", "help-desk")
    assert "for 120 windows in a row" in blind.sentence
    assert play(book, [result("Ok", BLIND_WINDOWS + 1)]) == []


def test_a_rule_that_never_could_tell_lost_nothing() -> None:
    assert play(FakeBook(), *hours("NoData", 0, BLIND_WINDOWS + 5)) == []


def test_a_quiet_weekend_is_no_alert() -> None:
    assert play(FakeBook(), [result("Ok", 0)], *hours("NoData", 1, 63), [result("Ok", 64)]) == []


def test_a_rule_that_can_tell_of_one_segment_is_not_blind() -> None:
    book, other = FakeBook(), {"dimension": "correctness"}
    play(book, [result("Ok", 0), result("Ok", 0, **other)])  # type: ignore[arg-type]
    both = [[result("NoData", hour), result("Ok", hour, **other)] for hour in range(1, BLIND_WINDOWS + 3)]  # type: ignore[arg-type]
    assert play(book, *both) == []


def test_however_many_segments_a_rule_is_one_alert_for_each_project() -> None:
    dimensions = ["correctness", "faithfulness", "tone"]
    known = [result("Ok", 0, dimension=one) for one in dimensions]
    blind = [[result("NoData", hour, dimension=one) for one in dimensions] for hour in range(1, BLIND_WINDOWS + 1)]
    assert len(play(FakeBook(), known, *blind)) == 1


def test_no_data_keeps_the_alert_that_it_cannot_tell_of() -> None:
    book = FakeBook()
    play(book, [result("Breached", 0)], *hours("NoData", 1, BLIND_WINDOWS + 1))
    firing = {alert.labels["alertname"] for alert in book.alerts.values() if alert.is_firing}
    assert firing == {"faithfulness_low", "rule-cannot-tell"}


def test_a_rule_that_breaks_again_and_again_is_an_alert_and_ends_when_it_works() -> None:
    book = FakeBook()
    assert play(book, *hours("Error", 0, BROKEN_WINDOWS - 1)) == []
    (broken,) = play(book, [result("Error", BROKEN_WINDOWS)])
    assert (broken.labels["alertname"], broken.labels["severity"]) == ("rule-broken", "warning")
    assert play(book, [result("Ok", BROKEN_WINDOWS + 1)]) == []


def test_the_same_windows_again_do_not_count_twice() -> None:
    book = FakeBook()
    play(book, [result("Ok", 0)], *hours("NoData", 1, BLIND_WINDOWS // 2), *hours("NoData", 1, BLIND_WINDOWS // 2))
    assert max(book.blind_for.values()) == BLIND_WINDOWS // 2
