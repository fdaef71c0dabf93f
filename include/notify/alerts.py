"""The rule results of one window go in; the alerts that changed come out, each stored with its incident."""

from __future__ import annotations

from collections.abc import Sequence

from include.domain.alert import Alert
from include.domain.ports import AlertBook
from include.domain.rule import RuleResult
from include.notify.doubts import count_blind, doubts
from include.notify.flapping import WITHIN, steadied
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
    fresh = _unseen(results, book)
    blind = count_blind(fresh, book.blind({one.fingerprint for one in fresh}))
    fresh += _unseen(doubts(fresh, blind), book)

    known = {alert.episode: alert for alert in book.firing()}
    changed = _advanced(fresh, book, live=live)
    for alert in place(list((known | changed).values()), routes):
        changed[alert.episode] = alert
    book.save(list(changed.values()))
    book.see({one.fingerprint: one.window.end for one in fresh}, blind)
    return list(changed.values())


def _unseen(results: Sequence[RuleResult], book: AlertBook) -> list[RuleResult]:
    """Without those of a past that is known already: it cannot change what on-call was told."""
    seen = book.seen({one.fingerprint for one in results})
    return [one for one in results if one.fingerprint not in seen or one.window.end > seen[one.fingerprint]]


def _advanced(results: Sequence[RuleResult], book: AlertBook, *, live: bool) -> dict[str, Alert]:
    """The episodes that changed, by name."""
    fingerprints = {one.fingerprint for one in results}
    newest = book.latest(fingerprints)
    since = min((one.window.end for one in results), default=None)
    starts = book.starts(fingerprints & newest.keys(), since - WITHIN) if since else {}
    changed: dict[str, Alert] = {}
    for one in results:
        before = newest.get(one.fingerprint)
        begins = [one.window.start] if before is None or not before.is_open else []
        transition = advance(before, steadied(one, [*starts.get(one.fingerprint, ()), *begins]), live)
        if transition.step is Step.VANISHED and before is not None:
            book.forget(before)
        elif transition.alert is not None and transition.alert != before:
            changed[transition.alert.episode] = transition.alert
    return changed
