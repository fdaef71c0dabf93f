"""A rules file goes in; what it would have told since a day of the past comes out, beside the rules in force.

`python -m include.rules_trial STORE_DSN --since 2026-11-01 [--until ...] [--rules my_rules.yaml] [--drift] [--json]`
(`make rules-try SINCE=2026-11-01 RULES=my_rules.yaml`). It reads hourly sums of the store in a transaction that may not
write, and tells nobody. Exit status 0; 1 if there is nothing to try or the file is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import psycopg

from include.adapters.postgres import connect
from include.adapters.postgres.probes import Probes
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.scores import Scores
from include.adapters.postgres.segments import Segments
from include.adapters.yaml_file import load
from include.domain.alert import Alert
from include.domain.interaction import Json, Window
from include.domain.rule import RuleResult
from include.domain.run import SettledRun
from include.errors import AssayError, ConfigError
from include.monitors.hours import HOUR
from include.monitors.read_once import ReadOnce
from include.monitors.rules import DriftRule, Rule, Rules
from include.monitors.trial import hourly, replay
from include.notify.lifecycle import Step, advance
from include.rubric_check import printable
from include.settings import STAGES

IN_FORCE = STAGES / "monitors/rules.yaml"
TIME, SHORT = "%Y-%m-%dT%H:%MZ", "%d %b %H:%M"
UNNAMED = ("severity", "category")
"""Labels that a file may change and the alert still be of the same thing."""
HOW = (
    "Both files are replayed hour by hour over what the store holds today. The episodes that it recorded rest on\n"
    "windows as they were run (a backfill's are days), and on the rules and the rows of that time."
)
LEFT_OUT = "left out, because Evidently's tests take seconds (DRIFT=1 tries them)"


@dataclass(frozen=True, slots=True)
class Told:
    """One episode that fired: times are UTC; value, reference and n are those of the window that made it fire.

    `resolved_at` is when the good news came, None if it fires to the end of what was replayed.
    """

    rule: str
    labels: Mapping[str, str]
    starts_at: datetime
    fired_at: datetime
    resolved_at: datetime | None
    hours: float
    """From `fired_at` to `resolved_at`, or to the end."""
    value: float | None
    reference: float | None
    n: int
    sentence: str

    @property
    def identity(self) -> dict[str, str]:
        """Of what it tells, whichever file it is from."""
        return {key: value for key, value in self.labels.items() if key not in UNNAMED}

    def to_json(self) -> dict[str, Json]:
        """As a JSON object, times as ISO 8601."""
        return {key: one.isoformat() if isinstance(one, datetime) else one for key, one in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Trial:
    """Two rules files over the same hours: `tried`, and `now`, the rules in force."""

    span: Window
    hours: int
    tried: Sequence[Told]
    now: Sequence[Told]
    rules: Sequence[str]
    left_out: Sequence[str]

    def of(self, rule: str) -> dict[str, int | float]:
        """One rule in figures: alerts by either, those that no alert of the other overlaps, hours in which it fired."""
        now, tried = ([one for one in told if one.rule == rule] for told in (self.now, self.tried))
        return {
            "now": len(now),
            "tried": len(tried),
            "only_now": sum(not self._meets(one, tried) for one in now),
            "only_tried": sum(not self._meets(one, now) for one in tried),
            "hours_now": sum(one.hours for one in now),
            "hours_tried": sum(one.hours for one in tried),
        }

    def _meets(self, one: Told, others: Sequence[Told]) -> bool:
        """Whether one of the others is of the same segment and fires at the same time."""
        return any(
            other.identity == one.identity
            and other.starts_at < (one.resolved_at or self.span.end)
            and one.starts_at < (other.resolved_at or self.span.end)
            for other in others
        )

    def to_json(self) -> dict[str, Json]:
        """As a JSON object."""
        return {
            "since": self.span.start.isoformat(),
            "until": self.span.end.isoformat(),
            "hours": self.hours,
            "rules": {rule: {**self.of(rule)} for rule in self.rules},
            "tried": [one.to_json() for one in self.tried],
            "now": [one.to_json() for one in self.now],
            "left_out": list(self.left_out),
        }


def try_rules(
    store: psycopg.Connection,
    tried: Rules,
    now: Rules,
    since: datetime,
    until: datetime | None = None,
    *,
    drift: bool = False,
) -> Trial:
    """Replay both over the store's settled windows; `store` is a connection on which nothing was done yet.

    Drift rules are left out unless asked for: Evidently's tests take seconds. Raises `ConfigError`.
    """
    store.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    store.read_only = True
    settled = Runs(store).settled()
    span = _span(settled, since, until)
    parts = [replace(part, shifts=Probes(store).tallies, judges=Scores(store).judges) for part in hourly(settled, span)]
    if not parts:
        raise ConfigError(f"nothing was settled in {span}. Remedy: choose another SINCE or UNTIL")
    kept = {_text(rule): rule for file in (now, tried) for rule in file.rules if drift or not _is_drift(rule)}
    left_out = dict.fromkeys(rule.name for file in (now, tried) for rule in file.rules if _text(rule) not in kept)
    each = [Rules(rules=(rule,)) for rule in kept.values()]
    unread = [replace(part, shifts=lambda _: ()) for part in parts]
    reader = ReadOnce(Segments(store), lambda survey: [list(replay(one, unread, survey)) for one in each])
    # A rule that stands in both files is replayed once.
    told = {text: told_of(replay(one, parts, reader), span.end) for text, one in zip(kept, each, strict=True)}
    return Trial(
        span=span,
        hours=len(parts),
        tried=_together(tried, told),
        now=_together(now, told),
        rules=list(dict.fromkeys(rule.name for rule in kept.values())),
        left_out=list(left_out),
    )


def told_of(results: Iterable[Sequence[RuleResult]], end: datetime) -> list[Told]:
    """The episodes that fire over windows in the order of time, the last of which ends at `end`."""
    newest: dict[str, Alert] = {}
    fired: dict[str, tuple[RuleResult, Alert]] = {}
    for found in (one for window in results for one in window):
        moved = advance(newest.get(found.fingerprint), found, live=True)
        if moved.alert is None:
            newest.pop(found.fingerprint, None)
            continue
        newest[found.fingerprint] = alert = moved.alert
        if moved.step is Step.FIRED:
            fired[alert.episode] = found, alert
        elif alert.episode in fired:
            fired[alert.episode] = fired[alert.episode][0], alert
    return [_told(first, last, end) for first, last in fired.values()]


def _told(first: RuleResult, last: Alert, end: datetime) -> Told:
    """An episode by the result that made it fire and by how it ended."""
    fired_at, resolved_at = first.window.end, None if last.is_open else last.updated_at
    return Told(
        rule=first.rule,
        labels=dict(first.labels),
        starts_at=last.starts_at,
        fired_at=fired_at,
        resolved_at=resolved_at,
        hours=((resolved_at or end) - fired_at) / HOUR,
        value=first.evidence.value,
        reference=first.evidence.reference,
        n=first.evidence.n,
        sentence=first.sentence,
    )


def _text(rule: Rule) -> str:
    return rule.model_dump_json()


def _is_drift(rule: Rule) -> bool:
    return isinstance(rule, DriftRule)


def _together(file: Rules, told: Mapping[str, Sequence[Told]]) -> list[Told]:
    return sorted(chain.from_iterable(told.get(_text(rule), ()) for rule in file.rules), key=lambda one: one.fired_at)


def _span(settled: Sequence[SettledRun], since: datetime, until: datetime | None) -> Window:
    if not settled:
        raise ConfigError("the store holds no settled window yet. Remedy: run score_interactions first")
    first = min(one.run.window.start for one in settled)
    last = max(one.run.window.end for one in settled)
    if not first <= since < last:
        known = f"the store's history, from {first:{TIME}} to {last:{TIME}}"
        raise ConfigError(f"SINCE={since:{TIME}} is not within {known}. Remedy: choose a time in it")
    if until is not None and until <= since:
        raise ConfigError(f"UNTIL={until:{TIME}} is not after SINCE={since:{TIME}}. Remedy: choose a later UNTIL")
    return Window(since, min(until or last, last))


# ---- the command -----------------------------------------------------------------------------------------------------


def rendered(trial: Trial, file: str) -> list[str]:
    """The trial as lines for a terminal."""
    width = max(map(len, trial.rules), default=4)
    columns = ("alerts now", "tried", "only now", "only tried", "hours now", "tried")
    lines = [f"{trial.span}: {trial.hours} hours, {file} beside the rules in force", HOW, ""]
    lines.append(f"{'rule':<{width}}" + "".join(f"{name:>12}" for name in columns))
    lines += [
        f"{rule:<{width}}" + "".join(f"{figure:>12.0f}" for figure in trial.of(rule).values()) for rule in trial.rules
    ]
    if trial.left_out:
        lines += ["", f"{LEFT_OUT}: {', '.join(trial.left_out)}"]
    if trial.now == trial.tried:
        return [*lines, "", f"both: {len(trial.now)} alerts", *chain.from_iterable(map(_lines, trial.now))]
    for title, told in ((file, trial.tried), ("rules in force", trial.now)):
        lines += ["", f"{title}: {len(told)} alerts", *chain.from_iterable(map(_lines, told))]
    return lines


def _lines(one: Told) -> list[str]:
    resolved = f"resolved {one.resolved_at:{SHORT}}" if one.resolved_at else "still firing"
    fired = f"{one.starts_at:{SHORT}}, fired {one.fired_at:{SHORT}}, {resolved}, {one.hours:.0f} h"
    known = {"value": one.value, "reference": one.reference, "n": one.n}
    figures = ", ".join(f"{name} {_figure(value)}" for name, value in known.items())
    return [f"  {one.rule}: {fired}; {figures}", f"      {one.sentence}"]


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def moment(text: str) -> datetime:
    """A day or a moment in ISO 8601, UTC unless it says otherwise; raises `ConfigError`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{text!r} is no day and no time. Remedy: write it as 2026-11-01 or 2026-11-01T06:00"
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def main(arguments: Sequence[str]) -> int:
    """The command: returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m include.rules_trial", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", help="libpq URI")
    parser.add_argument("--since", required=True, help="a day or a moment (UTC)")
    parser.add_argument("--until", help="the same; without it all that was settled")
    parser.add_argument("--rules", type=Path, default=IN_FORCE, help="the file to try; without it the rules in force")
    parser.add_argument("--drift", action="store_true", help="drift rules, too")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args(arguments)
    try:
        since, until = moment(given.since), moment(given.until) if given.until else None
        tried, now = load(given.rules, Rules), load(IN_FORCE, Rules)
        with connect(given.store) as store:
            trial = try_rules(store, tried, now, since, until, drift=given.drift)
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    lines = [json.dumps(trial.to_json())] if given.json else rendered(trial, str(given.rules))
    sys.stdout.writelines(f"{printable(line)}\n" for line in lines)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
