"""The rule results of one window go in; the alerts that changed come out, each stored with its incident."""

from __future__ import annotations

from collections.abc import Sequence

from include.domain.alert import Alert
from include.domain.ports import AlertBook
from include.domain.rule import RuleResult
from include.notify.incidents import place
from include.notify.lifecycle import Step, advance
from include.notify.routes import Routes


def update_alerts(results: Sequence[RuleResult], book: AlertBook, routes: Routes, *, live: bool) -> list[Alert]:
    """Take one window into account and store what it changed; doing it again changes nothing.

    `results` are of one window, all rules together, so that what breaks at once is one incident. An alert that no
    result speaks of stays as it is: nothing is resolved by absence. With `live` False (a backfill) episodes are
    stored and told to nobody. Runs in the transaction of `book`.
    """
    book.lock()
    fingerprints = {result.fingerprint for result in results}
    newest, seen = book.latest(fingerprints), book.seen(fingerprints)
    known = {alert.episode: alert for alert in book.firing()}

    changed: dict[str, Alert] = {}
    for result in results:
        before = newest.get(result.fingerprint)
        if result.fingerprint in seen and result.window.end <= seen[result.fingerprint]:
            continue  # the past cannot change what on-call was told
        transition = advance(before, result, live)
        if transition.step is Step.VANISHED and before is not None:
            book.forget(before)
            del newest[result.fingerprint]
        elif transition.alert is not None and transition.alert != before:
            changed[transition.alert.episode] = newest[result.fingerprint] = transition.alert

    for alert in place(list((known | changed).values()), routes):
        changed[alert.episode] = alert
    book.save(list(changed.values()))
    book.see({result.fingerprint: result.window.end for result in results})
    return list(changed.values())
