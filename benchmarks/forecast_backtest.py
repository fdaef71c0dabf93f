"""Daily spend of months that are known goes in; how far forecasts of their end were off comes out, beside naive ones.

    python benchmarks/forecast_backtest.py [--json] [--repetitions 40] [--seed 1] [--data ../shared/data]

At the end of days 7, 14 and 21 each month's cost is foretold three times: by `include.ledger.forecast`, by the run rate
(spent so far / days so far * days of the month), and as what the month before cost. Told are the mean absolute error as
a share of what the month cost, the share of months within the 80 % interval, and the mean error (bias).

- demo: two invented worlds of 62 days by list prices, a project or all of them a series, the month before known. The
  last day, on which the demo's incidents lie, is left out.
- trace: an hour of requests to two services (Azure, 2023), each priced as one to gpt-4.1-mini. An hour has no days:
  each 20 seconds are taken for one, 61 in a row for a month before and a month of 30, begun anew every 10. So there are
  hardly more than four independent months. `weeks` draws blocks of seven from the hour (block bootstrap), and
  multiplies Saturdays and Sundays by 0.4, since such an hour has no week either.
- simulated: lognormal noise of 15 %; a weekend costs 35 % of a working day in all but `flat`. Trends are of 2 % a day,
  a step of 70 % comes on any day from the 4th to the 20th, a level that wanders does by 4 % a day, a spike is one day
  six times as dear. `new` began with the month, `gaps` lacks every fifth day.
"""

from __future__ import annotations

import argparse
import json
import sys
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from include.domain.money import Forecast  # noqa: E402
from include.ledger.forecast import forecast  # noqa: E402

DAY = timedelta(days=1)
LOOKS = (7, 14, 21)
MONTH_BEFORE = 31
SLOT_S = 20
STRIDE = 10
USD_PER_TOKEN = (0.4e-6, 1.6e-6)
"""Input and output of gpt-4.1-mini by list price."""
RHYTHM = ("demo", "trace, weeks", "rhythm", "growth", "fall", "gaps", "new")
"""Where there is a rhythm or a trend: there the run rate must be beaten."""


@dataclass(frozen=True, slots=True)
class Series:
    """Days that are known with their USD; the month that is foretold begins on `month`."""

    days: Mapping[date, float]
    month: date

    @property
    def length(self) -> int:
        """Days of the month."""
        return monthrange(self.month.year, self.month.month)[1]

    def cost(self, first: date, days: int) -> float:
        """USD of so many days."""
        return sum(self.days.get(first + number * DAY, 0.0) for number in range(days))


@dataclass(frozen=True, slots=True)
class Row:
    """What one kind of series showed at the end of one day of the month; errors are shares of the month's cost."""

    kind: str
    day: int
    months: int
    error: float
    run_rate: float
    last_month: float | None
    covered: float
    bias: float


def demo(seeds: Sequence[int] = (7, 8)) -> list[Series]:
    """October 2026 of the demo's projects and of all together, with September before."""
    from demo.world import World, generate
    from include.adapters.prices import GenaiPrices
    from include.domain.price import BillableCall
    from include.domain.score import Usage

    prices, found = GenaiPrices(), []
    for seed in seeds:
        spent: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
        for row, truth in generate(World(seed=seed, end=datetime(2026, 11, 2, tzinfo=UTC), days=62)):
            tokens = row["input_tokens"], row["output_tokens"], row["cached_input_tokens"] or 0
            if truth.logged_at.month == 11 or not isinstance(tokens[0], int) or not isinstance(tokens[1], int):
                continue
            usage = Usage(input_tokens=tokens[0], output_tokens=tokens[1], cached_input_tokens=tokens[2])
            price = prices.price(BillableCall(row["provider_name"], row["response_model"], usage, truth.logged_at))
            for project in (row["project"], "all"):
                spent[project][truth.logged_at.date()] += float(price.usd) if price else 0.0
        found += [Series(dict(days), date(2026, 10, 1)) for days in spent.values()]
    return found


def trace(path: Path) -> list[Series]:
    """The hour's two services, 20 seconds for a day, as they follow each other."""
    return [
        _of_slots(spent[start : start + MONTH_BEFORE + MONTH_OF_SLOTS.length])
        for spent in _slots(path)
        for start in range(0, len(spent) - MONTH_BEFORE - MONTH_OF_SLOTS.length, STRIDE)
    ]


def drawn(path: Path, repetitions: int, seed: int) -> list[Series]:
    """Weeks of slots drawn from the hour by block bootstrap, with a weekly rhythm."""
    random, found = np.random.default_rng(seed), []
    for spent in _slots(path):
        for _ in range(repetitions // 2):
            starts = random.integers(0, len(spent) - 7, -(-(MONTH_BEFORE + MONTH_OF_SLOTS.length) // 7))
            one = _of_slots([usd for start in starts for usd in spent[start : start + 7]])
            found.append(
                Series({day: usd * (0.4 if _is_weekend(day) else 1) for day, usd in one.days.items()}, one.month)
            )
    return found


MONTH_OF_SLOTS = Series({}, date(2026, 6, 1))


def _of_slots(spent: Sequence[float]) -> Series:
    first = MONTH_OF_SLOTS.month - MONTH_BEFORE * DAY
    days = MONTH_BEFORE + MONTH_OF_SLOTS.length
    return Series({first + at * DAY: spent[at] for at in range(days)}, MONTH_OF_SLOTS.month)


def _slots(path: Path) -> list[list[float]]:
    """By service what each 20 seconds cost; the first and the last, which are not whole, are left out."""
    slots: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for line in path.read_text().splitlines():
        call = json.loads(line)
        at = datetime.fromisoformat(call["timestamp"][:26]).replace(tzinfo=UTC).timestamp()
        usd = call["prompt_tokens"] * USD_PER_TOKEN[0] + call["completion_tokens"] * USD_PER_TOKEN[1]
        slots[call["service"]][int(at // SLOT_S)] += usd
    return [[spent.get(at, 0.0) for at in range(min(spent) + 1, max(spent))] for _, spent in sorted(slots.items())]


KINDS = ("flat", "rhythm", "growth", "fall", "step", "wandering", "spike", "new", "gaps")


def simulated(kind: str, repetitions: int, seed: int) -> Iterator[Series]:
    """Months of 2026 from February on, each with the month before."""
    random = np.random.default_rng([seed, KINDS.index(kind)])
    for _ in range(repetitions):
        month = date(2026, int(random.integers(2, 13)), 1)
        length = monthrange(month.year, month.month)[1]
        at = np.arange(-MONTH_BEFORE, length)
        days = [month + int(number) * DAY for number in at]
        usd = 10 * random.lognormal(0, 0.15, len(at))
        if kind != "flat":
            usd *= np.where([_is_weekend(day) for day in days], 0.35, 1)
        if kind in ("growth", "fall"):
            usd *= (1.02 if kind == "growth" else 0.98) ** at
        if kind == "step":
            usd *= np.where(at >= random.integers(3, 20), 1.7, 1)
        if kind == "wandering":
            usd *= np.exp(np.cumsum(random.normal(0, 0.04, len(at))))
        if kind == "spike":
            usd[MONTH_BEFORE + random.integers(0, length)] *= 6
        first = month if kind == "new" else days[0]
        yield Series({day: float(one) for day, one in zip(days, usd, strict=True) if day >= first}, month)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def measure(kind: str, series: Sequence[Series]) -> list[Row]:
    """A row for each day of the month on which it is foretold."""
    return [_row(kind, day, series) for day in LOOKS]


def _row(kind: str, day: int, series: Sequence[Series]) -> Row:
    errors, naive, before, covered = [], [], [], []
    for one in series:
        made_on, cost = one.month + (day - 1) * DAY, one.cost(one.month, one.length)
        found = forecast(_known(kind, one, made_on), made_on)
        assert isinstance(found, Forecast)
        spent = one.cost(one.month, day)
        if kind == "gaps":  # a run rate of the days that are known
            known = [usd for at, usd in _known(kind, one, made_on).items() if at >= one.month]
            spent = float(sum(known)) / len(known) * day
        errors.append(float(found.expected) / cost - 1)
        naive.append(spent / day * one.length / cost - 1)
        covered.append(float(found.low) <= cost <= float(found.high))
        if kind != "new":
            last = (one.month - DAY).day
            before.append(one.cost(one.month - last * DAY, last) / cost - 1)
    return Row(
        kind,
        day,
        len(series),
        float(np.mean(np.abs(errors))),
        float(np.mean(np.abs(naive))),
        float(np.mean(np.abs(before))) if before else None,
        float(np.mean(covered)),
        float(np.mean(errors)),
    )


def _known(kind: str, series: Series, made_on: date) -> dict[date, Decimal]:
    return {
        day: Decimal(repr(usd))
        for day, usd in series.days.items()
        if day <= made_on and not (kind == "gaps" and day.toordinal() % 5 == 0)
    }


def table(rows: Sequence[Row], skipped: str) -> str:
    """What was measured, and where the forecast is worse than the run rate."""
    lines = [
        "                             mean absolute error, % of the month's cost     80 % interval   bias",
        "series           day  months  forecast  run rate  last month                 holds, %        %",
    ]
    for row in rows:
        last = "" if row.last_month is None else f"{row.last_month:.1%}"
        lines.append(
            f"{row.kind:<16} {row.day:>3}  {row.months:>6}  {row.error:>8.1%}  {row.run_rate:>8.1%}  {last:>10}"
            f"                 {row.covered:>8.0%}   {row.bias:>+6.1%}"
        )
    whole = {name: sum(getattr(row, name) * row.months for row in rows) for name in ("error", "run_rate", "covered")}
    months = sum(row.months for row in rows)
    lines.append(
        f"all: error {whole['error'] / months:.1%}, run rate {whole['run_rate'] / months:.1%}; "
        f"the interval holds {whole['covered'] / months:.0%} of {months} months"
    )
    lost = [
        f"{row.kind} on day {row.day} ({row.error:.1%}, {row.run_rate:.1%})" for row in rows if row.error > row.run_rate
    ]
    lines.append(f"worse than the run rate: {', '.join(lost) or 'nowhere'}")
    return "\n".join([*lines, *([skipped] if skipped else [])])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; exit status 1 where the run rate is not beaten as promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repetitions", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args(arguments)
    rows, path = measure("demo", demo()), options.data / "azure_trace.jsonl"
    skipped = "" if path.exists() else f"trace: skipped, there is no {path.name} in {options.data}"
    if path.exists():
        rows += measure("trace", trace(path))
        rows += measure("trace, weeks", drawn(path, options.repetitions, options.seed))
    for kind in KINDS:
        rows += measure(kind, list(simulated(kind, options.repetitions, options.seed)))
    print(json.dumps([_told(row) for row in rows]) if options.json else table(rows, skipped))
    return 0 if all(is_kept(kind, rows) for kind in {row.kind for row in rows}) else 1


def _told(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in Row.__slots__}


def is_kept(kind: str, rows: Sequence[Row]) -> bool:
    """Better than the run rate over the month where there is a rhythm or trend; at most a tenth worse elsewhere."""
    mine = [row for row in rows if row.kind == kind]
    error, naive = sum(row.error for row in mine), sum(row.run_rate for row in mine)
    return error < naive if kind in RHYTHM else error <= 1.1 * naive


if __name__ == "__main__":
    sys.exit(main())
