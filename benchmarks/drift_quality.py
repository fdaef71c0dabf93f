"""Simulated traffic goes in; how often the drift rules alarm without a drift, and how soon with one, comes out.

    python benchmarks/drift_quality.py --seed 1 [--projects 20] [--per-day 100 400] [--json]

Projects with a daily and a weekly rhythm, conversations of about three alike questions and days that differ, looked at
every six hours.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from include.adapters.yaml_file import load  # noqa: E402
from include.domain.interaction import Window  # noqa: E402
from include.domain.rule import RuleOutcome  # noqa: E402
from include.domain.segment import SegmentRow, Tally  # noqa: E402
from include.domain.traffic import Exchange  # noqa: E402
from include.monitors import drift, samples  # noqa: E402
from include.monitors.rules import DriftRule, Rules  # noqa: E402
from include.monitors.samples import Traffic  # noqa: E402

RULES = ROOT / "include/monitors/rules.yaml"
START = datetime(2026, 9, 28, tzinfo=UTC)
HOUR, LOOK = timedelta(hours=1), timedelta(hours=6)
TOPICS, LANGUAGES = 6, ("en", "de", "fr")
WORDS = [[f"{topic}{chr(97 + one)}{chr(97 + other)}x" for one in range(6) for other in range(5)] for topic in "abcdefg"]
PAST_DAYS, DAYS = 28, 30


@dataclass(frozen=True, slots=True)
class Planted:
    """What changes from day 10 on: the share of questions on a topic that is new, a factor on lengths and latency."""

    topic: float = 0.0
    longer: float = 1.0
    slower: float = 1.0


class World:
    """The traffic of one project, as a `TrafficReader`."""

    def __init__(self, seed: int, per_day: int, planted: Planted = Planted()) -> None:
        rng = np.random.default_rng(seed)
        self.hours: dict[datetime, list[Exchange]] = defaultdict(list)
        liked, spoken = rng.dirichlet(np.full(TOPICS, 4.0)), rng.dirichlet([9.0, 2.0, 1.0])
        onset = START + timedelta(days=PAST_DAYS + 10)
        for day in range(PAST_DAYS + DAYS):
            mood = rng.normal(0, 0.05)
            for _ in range(rng.poisson(per_day / 3 * (0.6 if day % 7 >= 5 else 1.0))):
                at = START + timedelta(days=day, hours=float(np.clip(rng.normal(14, 4), 0, 23.99)))
                mix = np.roll(liked, 1) if at.hour >= 20 or at.hour < 6 else liked
                new = at >= onset
                topic = TOPICS if new and rng.random() < planted.topic else int(rng.choice(TOPICS, p=mix))
                language = str(rng.choice(LANGUAGES, p=spoken))
                own = rng.normal(0, 0.3)
                for _ in range(1 + rng.poisson(2)):
                    chars = np.exp(4.4 + own + mood + rng.normal(0, 0.5)) * (planted.longer if new else 1)
                    latency = np.exp(7 + mood + rng.normal(0, 0.5)) * (planted.slower if new else 1)
                    words = " ".join(rng.choice(WORDS[topic], 6))
                    self.hours[at.replace(minute=0, second=0, microsecond=0)].append(
                        Exchange(at, words, "Here it is.", words, language, rng.random() < 0.01, int(chars),
                                 int(chars * 4), 3, int(300 + chars), int(chars), float(latency))
                    )  # fmt: skip
        self._rng = rng

    def read(self, hours: Sequence[datetime], segment: Mapping[str, str], limit: int) -> list[Exchange]:
        """As `TrafficReader`."""
        found = [one for hour in hours for one in self.hours.get(hour, ())]
        return [found[at] for at in self._rng.permutation(len(found))[:limit]]


class House:
    """Many projects, as a reader of their traffic and of how much there is."""

    def __init__(self, worlds: Mapping[str, World]) -> None:
        self.worlds = worlds

    def read(self, hours: Sequence[datetime], segment: Mapping[str, str], limit: int) -> list[Exchange]:
        """As `TrafficReader`."""
        return self.worlds[segment["project"]].read(hours, segment, limit)

    def volume(self, window: Window) -> list[SegmentRow]:
        """As `SegmentReader.read`, of the measure volume."""
        return [
            SegmentRow(window.start, (name, "prod"), "", Tally(n, n, n, n, n))
            for name, world in self.worlds.items()
            if (n := sum(len(found) for hour, found in world.hours.items() if hour in window))
        ]


@dataclass(frozen=True, slots=True)
class Volumes:
    """What of a `SegmentReader` drift needs."""

    house: House

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> list[SegmentRow]:
        """Of any measure the volume."""
        return self.house.volume(window)


def alarms(rule: DriftRule, house: House, days: int = DAYS) -> dict[str, list[tuple[float, str]]]:
    """For each project the alarms that begin: days since the first look, and the measure."""
    traffic = Traffic(house, lambda text: "en", lambda text: False)
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    before: set[tuple[str, str]] = set()
    for look in range(1, int(days * timedelta(days=1) / LOOK) + 1):
        end = START + timedelta(days=PAST_DAYS) + look * LOOK
        compared = list(samples.of_traffic(rule, Window(end - HOUR, end), Volumes(house), traffic))  # type: ignore[arg-type]
        breached = {
            (one.segment[0], one.dimension)
            for one in drift.judge(rule, compared)
            if one.outcome is RuleOutcome.BREACHED
        }
        for project, measure in breached - before:
            found[project].append((look * LOOK / timedelta(days=1), measure))
        before = breached
    return dict(found)


def cell(rule: DriftRule, per_day: int, planted: Planted, seed: int, projects: int) -> dict[str, object]:
    """One project of many drifts from day 10: alarms of the others per 30 days of 20 projects, and its delay."""
    worlds = {f"p{number}": World(seed + number, per_day) for number in range(1, projects)}
    worlds["drifts"] = World(seed, per_day, planted)
    found = alarms(rule, House(worlds))
    drifts = planted != Planted()
    false = {(name, at) for name, each in found.items() for at, _ in each if name != "drifts" or not drifts}
    own = sorted(at - 10 for at, _ in found.get("drifts", ()) if at > 10) if drifts else []
    return {
        "rule": rule.name,
        "per_day": per_day,
        "planted": ", ".join(f"{key} {getattr(planted, key)}" for key in Planted.__slots__ if drifts) or "nothing",
        "false_per_30d": len(false) * 20 / (projects - drifts),
        "delay_days": own[0] if own else None,
    }


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--projects", type=int, default=3, help="20 for rates that can be trusted: half an hour")
    parser.add_argument("--per-day", type=int, nargs="+", default=[200])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rules = {one.name: one for one in load(RULES, Rules).rules if isinstance(one, DriftRule)}
    cells = [
        cell(rules[name], per_day, planted, given.seed * 1000, given.projects)
        for per_day in given.per_day
        for name, planted in (
            ("input-drift", Planted()),
            ("output-drift", Planted()),
            ("input-drift", Planted(topic=0.4)),
            ("input-drift", Planted(longer=1.6)),
            ("output-drift", Planted(slower=1.6)),
        )
    ]
    if given.json:
        print(json.dumps({"cells": cells}))
        return
    for one in cells:
        print("  ".join(f"{key} {value}" for key, value in one.items()))


if __name__ == "__main__":
    main()
