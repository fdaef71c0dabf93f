from __future__ import annotations

import threading
from dataclasses import replace

import psycopg
import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.notification_log import NotificationLog
from include.domain.alert import Alert, AlertState, NotifyReason, Told
from include.domain.message import Address, Message, Severity
from include.domain.rule import RuleResult
from include.notify.alerts import update_alerts
from include.notify.dispatch import Notice, notify
from include.notify.lifecycle import advance
from tests.fakes.notify import HOUR, MIDNIGHT, ROUTES, FakeTransport, Killed, result, window

MESSAGE = Message("one", "help-desk: faithfulness low", Severity.CRITICAL, "It fell.")


def episode(hour: int = 0, **changes: object) -> Alert:
    found = advance(None, result("Breached", hour), live=True).alert
    assert found is not None
    return replace(found, **{"incident_id": "one", **changes})  # type: ignore[arg-type]


def test_an_alert_is_read_as_it_was_saved(store_dsn: str) -> None:
    first = episode()
    over = replace(
        first,
        state=AlertState.RESOLVED,
        ends_at=MIDNIGHT + 2 * HOUR,
        good=1,
        good_since=MIDNIGHT + 2 * HOUR,
        recovery=replace(first.evidence, value=0.82, details={"worst": ["a", 1, None]}),
    )
    with connect(store_dsn) as connection:
        Alerts(connection).save([first])
        Alerts(connection).save([over])
    with connect(store_dsn) as connection:
        assert Alerts(connection).latest({first.fingerprint, "other"}) == {first.fingerprint: over}
        assert Alerts(connection).incident("one").alerts == (over,)
        assert Alerts(connection).firing() == []


def test_the_newest_episode_is_the_latest_one(store_dsn: str) -> None:
    over = episode(0, state=AlertState.RESOLVED, ends_at=MIDNIGHT + HOUR)
    with connect(store_dsn) as connection:
        book = Alerts(connection)
        book.save([episode(3, incident_id="two"), over])
        assert book.latest({over.fingerprint})[over.fingerprint].starts_at == MIDNIGHT + 3 * HOUR


def test_the_database_refuses_a_second_open_episode(store_dsn: str) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), connect(store_dsn) as connection:
        Alerts(connection).save([episode(0), episode(1)])


def test_only_a_pending_episode_can_be_forgotten(store_dsn: str) -> None:
    pending = episode(state=AlertState.PENDING, incident_id=None)
    with connect(store_dsn) as connection:
        book = Alerts(connection)
        book.save([pending])
        book.forget(pending)
        assert book.latest({pending.fingerprint}) == {}
        book.save([episode()])
        book.forget(pending)
        assert book.firing() == [episode()]


def test_the_newest_window_that_was_seen_stays(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        for hour in (4, 6, 5):
            Alerts(connection).see({"f": window(hour).end})
        assert Alerts(connection).seen({"f", "g"}) == {"f": window(6).end}


def test_for_how_long_an_alert_could_not_be_told_is_kept_until_it_is_said_again(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        book = Alerts(connection)
        book.see({"f": window(4).end, "g": window(4).end}, {"f": 3})
        book.see({"f": window(5).end, "g": window(5).end})
        assert book.blind({"f", "g", "h"}) == {"f": 3}
        book.see({"f": window(6).end}, {"f": 0})
        assert book.blind({"f"}) == {"f": 0}


def test_the_starts_of_episodes_are_those_that_fired(store_dsn: str) -> None:
    over = [episode(hour, state=AlertState.RESOLVED, ends_at=window(hour).end) for hour in (0, 2, 4)]
    pending = episode(6, state=AlertState.PENDING, incident_id=None)
    with connect(store_dsn) as connection:
        book = Alerts(connection)
        book.save([*over, pending])
        assert book.starts({pending.fingerprint, "other"}, MIDNIGHT) == {
            pending.fingerprint: [MIDNIGHT + 2 * HOUR, MIDNIGHT + 4 * HOUR]
        }


def test_an_incident_whose_muted_part_ends_last_is_unsettled_until_its_message_says_that_it_is_over(
    store_dsn: str,
) -> None:
    over = episode(state=AlertState.RESOLVED, ends_at=MIDNIGHT + 2 * HOUR)
    sent = intent(confirmed=True, address=Address("C1", "1.0"), firing=frozenset())
    with connect(store_dsn) as connection:
        Alerts(connection).save([over])
        NotificationLog(connection).put(sent, MESSAGE)
        assert Alerts(connection).unsettled("fake") == ["one"]
        NotificationLog(connection).put(sent, replace(MESSAGE, resolved=True))
        assert Alerts(connection).unsettled("fake") == []


def test_an_incident_without_live_alerts_is_nobodys(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        book = Alerts(connection)
        book.save([episode(live=False)])
        assert book.unsettled("fake") == []
        with pytest.raises(KeyError):
            book.incident("one")


def intent(**changes: object) -> Told:
    told = Told(
        key="one",
        receiver="fake",
        channel="#quality",
        digest="d",
        reason=NotifyReason.FIRST,
        confirmed=False,
        address=None,
        first_intended_at=MIDNIGHT,
        updated_at=MIDNIGHT,
        firing=frozenset({"a"}),
    )
    return replace(told, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "told",
    [
        intent(),
        intent(confirmed=True, address=Address("C1", "1.0"), resolved=frozenset({"b"})),
        intent(error="channel_not_found"),
        intent(muted=frozenset({"c"}), standing="alice 2026-11-20T00:00:00+00:00"),
    ],
)
def test_what_was_told_is_read_as_it_was_put_and_survives_without_a_commit(store_dsn: str, told: Told) -> None:
    with pytest.raises(Killed), connect(store_dsn) as connection:
        log = NotificationLog(connection)
        with log.hold("one"):
            log.put(intent(), MESSAGE)
            log.put(told, MESSAGE)
            raise Killed
    with connect(store_dsn) as connection:
        assert NotificationLog(connection).get("one", "fake") == told
        assert NotificationLog(connection).get("one", "other") is None


def test_edits_are_counted(store_dsn: str) -> None:
    sent = intent(confirmed=True, address=Address("C1", "1.0"))
    with connect(store_dsn) as connection:
        log = NotificationLog(connection)
        for told in (intent(), sent, replace(sent, confirmed=False), sent, replace(sent, confirmed=False), sent):
            log.put(told, MESSAGE)
        row = connection.execute("SELECT edits, status FROM assay.notification_log").fetchone()
    assert row == (2, "sent")


def test_one_process_tells_a_message_at_a_time(store_dsn: str) -> None:
    order: list[str] = []
    first_holds, first_may_end = threading.Event(), threading.Event()

    def first() -> None:
        with connect(store_dsn) as connection, NotificationLog(connection).hold("one"):
            first_holds.set()
            first_may_end.wait(10)
            order.append("first")

    def second() -> None:
        with connect(store_dsn) as connection, NotificationLog(connection).hold("one"):
            order.append("second")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    first_holds.wait(10)
    threads[1].start()
    with connect(store_dsn) as connection, NotificationLog(connection).hold("another"):
        assert order == []
    first_may_end.set()
    for thread in threads:
        thread.join(10)
    assert order == ["first", "second"]


class OnCall:
    """One installation on a real store."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.transport = FakeTransport()

    def update(self, *results: RuleResult) -> None:
        with connect(self.dsn) as connection:
            update_alerts(results, Alerts(connection), ROUTES, live=True)

    def notify(self) -> list[Notice]:
        with connect(self.dsn) as connection:
            log = NotificationLog(connection)
            return notify(Alerts(connection), log, self.transport, ROUTES, ui_url="http://localhost:8080", now=MIDNIGHT)

    def reasons(self, *results: RuleResult) -> list[str]:
        self.update(*results)
        return [notice.reason.value for notice in self.notify()]


def test_a_day_is_told_as_one_message_for_each_incident(store_dsn: str) -> None:
    on_call = OnCall(store_dsn)
    assert on_call.reasons(result("Breached", 0), result("Ok", 0, alertname="composite_low")) == ["first"]
    assert on_call.reasons(result("Breached", 1), result("Breached", 1, alertname="composite_low")) == ["new_alerts"]
    assert on_call.reasons(result("Ok", 2), result("NoData", 2, alertname="composite_low")) == ["some_resolved"]
    assert on_call.reasons(result("Ok", 3), result("Ok", 3, alertname="composite_low")) == ["all_resolved"]
    assert on_call.reasons(result("Ok", 4), result("Ok", 4, alertname="composite_low")) == []
    assert on_call.reasons(result("Breached", 5)) == ["first"]
    assert on_call.transport.posts == 2


@pytest.mark.parametrize("stage", ["before post", "after post", "before update", "after update"])
def test_a_process_that_dies_anywhere_leaves_one_message_that_is_right(store_dsn: str, stage: str) -> None:
    on_call = OnCall(store_dsn)
    on_call.transport.dies = [stage]
    for hour, outcome in enumerate(["Breached", "Ok"]):
        on_call.update(result(outcome, hour))
        try:
            on_call.notify()
        except Killed:
            on_call.notify()
    assert [message.resolved for message in on_call.transport.shown.values()] == [True]
    assert on_call.notify() == []


def test_two_processes_that_notify_at_once_tell_once(store_dsn: str) -> None:
    on_call = OnCall(store_dsn)
    on_call.update(*(result("Breached", project=project) for project in ("bank", "clinic")))
    threads = [threading.Thread(target=on_call.notify) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (on_call.transport.posts, on_call.transport.edits) == (2, 0)
