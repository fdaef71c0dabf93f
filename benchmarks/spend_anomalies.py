"""A seed goes in; how soon the shipped rules of spend find what goes wrong, and how rarely they cry wolf, comes out.

    python benchmarks/spend_anomalies.py --seed 1 [--json] [--projects 4] [--months 10]

Projects of three sizes with a rhythm of the day and of the week, overdispersed traffic, heavy-tailed tokens and two
models, four weeks after four weeks of the same. `quiet` counts messages in four quiet weeks, all of them false. In the
others something is planted after five to seven weeks, in working hours: a retry loop (three to ten times the traffic,
prompts half as long again, for two to six hours), a prompt that doubled, a model four times as dear in place of the
larger one, a price that rose by 60 %, and traffic that grows by 4 % a day. Found is what alarms within three days of a
loop, five days of others and four weeks of growth; hours until then, from the beginning to the end of the hour that
alarms, are medians. `told` counts those found whose sentence names the right factor first; `messages` is the mean
number of incidents that were told of one. `at stake` is what it costs more in its first hour, the median in USD.

Beside them stand two rules of thumb on each hour's spend, with the same minimum of money: more than three standard
deviations above the mean of the same hour of the last 28 days, and more than twice the same hour of the day before.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from include.adapters.yaml_file import load  # noqa: E402
from include.domain.alert import Alert  # noqa: E402
from include.domain.factors import Rates  # noqa: E402
from include.domain.interaction import Window  # noqa: E402
from include.domain.segment import SegmentRow, Tally  # noqa: E402
from include.monitors.result import result  # noqa: E402
from include.monitors.rules import Rules, SpendRule  # noqa: E402
from include.monitors.spend import judge  # noqa: E402
from include.notify.lifecycle import Step, advance  # noqa: E402

Floats: TypeAlias = NDArray[np.float64]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 2, tzinfo=UTC)
HISTORY, WEEKS = 28 * 24, 4 * 7 * 24
MODELS, PRICES, DEARER = ("large", "small"), (2.5e-6, 5e-7), 1e-5
OUTPUT = 5.0
"""An output token costs so many input tokens."""
SIZES = {"60 a day": 60, "600 a day": 600, "6000 a day": 6000}
SETTLED = {START + hour * HOUR for hour in range(HISTORY + WEEKS)}


@dataclass(frozen=True)
class Planted:
    """What goes wrong: how much more of each from `onset` on, for so many hours (None: from then on)."""

    kind: str
    factor: str
    patience: int
    """Hours after the onset within which it may be found."""
    traffic: float = 1.0
    tokens: float = 1.0
    price: float = 1.0
    growth: float = 0.0
    swap: bool = False
    hours: int | None = None


def plans(rng: np.random.Generator) -> dict[str, Planted]:
    """One of each kind."""
    loop = Planted("retry loop", "traffic", 72, rng.uniform(3, 10), 1.5, hours=int(rng.integers(2, 7)))
    return {
        "retry loop": loop,
        "longer prompt": Planted("longer prompt", "input tokens", 120, tokens=2.0),
        "dearer model": Planted("dearer model", "model mix", 120, swap=True),
        "price rise": Planted("price rise", "price", 120, price=1.6),
        "slow growth": Planted("slow growth", "traffic", WEEKS, growth=0.04),
    }


class World:
    """One project's hours, as a `SegmentReader`; what is planted begins `onset` hours after the start."""

    def __init__(
        self, per_day: float, rng: np.random.Generator, planted: Planted | None = None, onset: int = 0
    ) -> None:
        hours = np.arange(HISTORY + WEEKS)
        in_day, day = hours % 24, hours // 24
        rhythm = np.exp(-0.5 * ((in_day - 13.5) / 4.0) ** 2) + 0.08
        mood = rng.gamma(100, 0.01, HISTORY // 24 + WEEKS // 24)[day] * rng.gamma(8, 1 / 8, hours.size)
        rate = per_day * rhythm / (rhythm[:24].sum()) * np.where(day % 7 >= 5, 0.45, 1.0) * mood
        after = (hours >= onset) & (hours < onset + (planted.hours or hours.size)) if planted else hours < 0
        one = planted or Planted("", "", 0)
        rate = rate * np.where(after, one.traffic * (1 + one.growth) ** ((hours - onset) / 24), 1.0)
        n = rng.poisson(rate)
        at = np.repeat(hours, n)
        model = (rng.random(at.size) < 0.3).astype(int)
        given = np.exp(7.3 + 0.8 * rng.standard_normal(at.size)) * np.where(after, one.tokens, 1.0)[at]
        written = np.exp(5.4 + 0.8 * rng.standard_normal(at.size))
        price = np.array(PRICES)[model] * np.where(after, one.price, 1.0)[at]
        swapped = after[at] & (model == 0) & one.swap
        price = np.where(swapped, DEARER, price)
        cost = price * (given + OUTPUT * written)
        sums = {"volume": np.ones(at.size), "spend": cost, "input_tokens": given, "output_tokens": written}
        sums["cached_input_tokens"] = np.zeros(at.size)
        places = at * 3 + np.where(swapped, 2, model)
        self._sums = {
            name: np.concatenate(
                [np.zeros((1, 3)), np.bincount(places, values, hours.size * 3).reshape(-1, 3).cumsum(axis=0)]
            ).tolist()
            for name, values in sums.items()
        }
        self.spent: Floats = np.bincount(at, cost, hours.size).astype(float)

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> list[SegmentRow]:
        """As `SegmentReader`, of an hour's step."""
        first, last = place(window.start), place(window.end)
        return [
            row for hour in range(first, last) for row in self._rows(measure, hour, hour + 1, START + hour * HOUR, by)
        ]

    def read_each(self, measure: str, windows: Sequence[Window], by: Sequence[str]) -> list[SegmentRow]:
        """As `SegmentReader`."""
        return [row for one in windows for row in self._rows(measure, place(one.start), place(one.end), one.start, by)]

    def settled_hours(self, window: Window) -> set[datetime]:
        """All, whatever the window."""
        return SETTLED

    def _rows(self, measure: str, first: int, last: int, at: datetime, by: Sequence[str]) -> Iterator[SegmentRow]:
        counts, sums = self._sums["volume"], self._sums[measure]
        first = max(first, 0)
        n = [int(after - before) for before, after in zip(counts[first], counts[last], strict=True)]
        total = [after - before for before, after in zip(sums[first], sums[last], strict=True)]
        if "model" not in by:
            n, total = [sum(n)], [sum(total)]
        for name, count, amount in zip((*MODELS, "grand"), n, total, strict=False):
            if count:
                segment = ("p", "prod", name)[: len(by)]
                yield SegmentRow(at, segment, "", Tally(count, float(count), float(count), amount))


def place(moment: datetime) -> int:
    """Which hour since the start."""
    return (moment - START) // HOUR


@dataclass(frozen=True)
class Message:
    """An incident that was told: the hour at whose end it was, and the factor that its first sentence names first."""

    hour: int
    factor: str = ""


def shipped(world: World, hours: range, rules: Sequence[SpendRule]) -> list[Message]:
    """What the rules tell: alerts that fire while another of the project does are one message."""
    newest: dict[str, Alert] = {}
    told = []
    for hour in hours:
        window, firing = Window(START + hour * HOUR, START + (hour + 1) * HOUR), _firing(newest)
        fired = []
        found = ((rule, one) for rule in rules for one in judge(rule, window, world, lambda _: Rates()))
        for one in (result(rule, window, finding) for rule, finding in found):
            moved = advance(newest.get(one.fingerprint), one, live=True)
            if moved.step is Step.FIRED:
                fired.append(one)
            if moved.alert is None:
                newest.pop(one.fingerprint, None)
            else:
                newest[one.fingerprint] = moved.alert
        if fired and not firing:
            factors: Any = fired[0].evidence.details["factors"]
            told.append(Message(hour, factors[0]["factor"]))
    return told


def _firing(newest: dict[str, Alert]) -> bool:
    return any(alert.is_firing for alert in newest.values())


def three_sigma(spent: Floats, hour: int) -> bool:
    """More than three standard deviations above the mean of the same hour of the last 28 days."""
    past = spent[hour - HISTORY : hour : 24]
    return bool(spent[hour] > past.mean() + 3 * past.std(ddof=1) and spent[hour] - past.mean() >= 0.5)


def twice_yesterday(spent: Floats, hour: int) -> bool:
    """More than twice the same hour of the day before."""
    return bool(spent[hour] > 2 * spent[hour - 24] and spent[hour] - spent[hour - 24] >= 0.5)


def thumb(rule: Callable[[Floats, int], bool]) -> Callable[[World, range], list[Message]]:
    """A rule of thumb tells when it begins to alarm."""

    def tell(world: World, hours: range) -> list[Message]:
        alarms = [rule(world.spent, hour) for hour in hours]
        return [
            Message(hour)
            for hour, was, is_ in zip(hours, [False, *alarms[:-1]], alarms, strict=True)
            if is_ and not was
        ]

    return tell


def cells(size: str, seed: int, projects: int, months: int, rules: Sequence[SpendRule]) -> Iterator[dict[str, Any]]:
    """A line for each method and kind."""
    methods = {
        "shipped rules": lambda world, hours: shipped(world, hours, rules),
        "three sigma": thumb(three_sigma),
        "twice yesterday": thumb(twice_yesterday),
    }
    quiet: dict[str, list[list[Message]]] = {name: [] for name in methods}
    cases: dict[str, dict[str, list[tuple[int, list[Message], float]]]] = {name: {} for name in methods}
    for project in range(months):
        world = World(SIZES[size], np.random.default_rng([seed, project, 0]))
        for name, method in methods.items():
            quiet[name].append(method(world, range(HISTORY, HISTORY + WEEKS)))
    for project in range(projects):
        for number, kind in enumerate(plans(np.random.default_rng(0)), 1):
            rng = np.random.default_rng([seed, project, number])
            planted = plans(rng)[kind]
            weeks = 0 if planted.growth else int(rng.integers(1, 3))
            onset = HISTORY + weeks * 168 + int(rng.integers(0, 5)) * 24 + int(rng.integers(8, 17))
            onset = HISTORY if planted.growth else onset
            draws = np.random.default_rng([seed, project, number, 9])
            world = World(SIZES[size], draws, planted, onset)
            stake = float(world.spent[onset] - np.median(world.spent[onset - HISTORY : onset : 24]))
            for name, method in methods.items():
                hours = range(onset, min(onset + planted.patience, HISTORY + WEEKS))
                cases[name].setdefault(kind, []).append((onset, method(world, hours), stake))
    for name in methods:
        yield {"method": name, "size": size, "kind": "quiet", "n": months,
               "messages": round(sum(map(len, quiet[name])) / months, 3)}  # fmt: skip
        for kind, found in cases[name].items():
            yield {"method": name, "size": size, "kind": kind, **_figures(kind, found)}


def _figures(kind: str, found: Sequence[tuple[int, list[Message], float]]) -> dict[str, Any]:
    told = [(messages[0].hour + 1 - onset, messages) for onset, messages, _ in found if messages]
    factor = plans(np.random.default_rng(0))[kind].factor
    return {
        "n": len(found),
        "found": len(told),
        "first hour": sum(hours == 1 for hours, _ in told),
        "hours": median(hours for hours, _ in told) if told else None,
        "told": sum(messages[0].factor == factor for _, messages in told),
        "messages": round(sum(len(messages) for _, messages in told) / len(told), 2) if told else None,
        "at stake": round(median(stake for _, _, stake in found), 2),
    }


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--projects", type=int, default=4, help="of each size")
    parser.add_argument("--months", type=int, default=10, help="of each size, quiet")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    file = load(ROOT / "include/monitors/rules.yaml", Rules)
    rules = [one for one in file.rules if isinstance(one, SpendRule)]
    lines = [line for size in SIZES for line in cells(size, given.seed, given.projects, given.months, rules)]
    if given.json:
        print(json.dumps({"cells": lines}))
        return
    names = ("method", "size", "kind", "n", "found", "first hour", "hours", "told", "messages", "at stake")
    print("".join(f"{name:<16}" for name in names))
    for line in lines:
        print("".join(f"{'' if line.get(name) is None else line[name]!s:<16}" for name in names))


if __name__ == "__main__":
    main()
