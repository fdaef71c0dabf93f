"""Months of budgets on a whole Assay: foretold and told day by day, corrected by late rows, alerted once a month."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from include import money
from include.adapters.postgres import connect
from include.adapters.postgres.budget_months import BudgetMonths
from tests.fakes.installation import DAY, HOUR, NINE, Installation, row, rows

MIDNIGHT = NINE - 9 * HOUR
"""Of 20 November."""


@pytest.fixture(autouse=True)
def budgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A day of the pool's four questions costs about 0.0017 USD; all of November may cost 0.01."""
    path = tmp_path / "budgets.yaml"
    path.write_text("projects: {pool: {usd_per_month: 0.01, owner: lifeguards}}")
    monkeypatch.setenv("ASSAY_BUDGETS", str(path))
    return path


def log(assay: Installation, start: datetime, days: int = 1, *, live: bool = False) -> None:
    """So many days of the pool, in one window."""
    for day in range(days):
        assay.log(*rows(4, start + day * DAY, DAY))
    assay.run(start, start + days * DAY, live=live)


def summarize(start: datetime) -> list[str]:
    money.roll_up(start, start + DAY)
    money.forecast(start)
    return money.tell(start).splitlines()


def test_late_rows_correct_what_was_foretold_and_told_and_post_nothing_new(assay: Installation) -> None:
    log(assay, MIDNIGHT - 6 * DAY, 6)
    assert summarize(MIDNIGHT - DAY) == ["first: Spend on Thu 19 Nov 2026"]
    query = "SELECT project, made_on::text, spent, expected FROM cost_forecasts ORDER BY made_on, project"
    before = assay.ask(query)
    assert [(project, made_on) for project, made_on, _, _ in before] == [("", "2026-11-19"), ("pool", "2026-11-19")]
    assert summarize(MIDNIGHT - DAY) == ["none: Spend on Thu 19 Nov 2026"]
    assert assay.ask(query) == before

    assay.log({**row(9, MIDNIGHT - 12 * HOUR, input_tokens=9000), "logged_at": MIDNIGHT + HOUR})
    log(assay, MIDNIGHT)
    assert summarize(MIDNIGHT) == ["first: Spend on Fri 20 Nov 2026", "repeat: Spend on Thu 19 Nov 2026"]
    assert summarize(MIDNIGHT) == ["none: Spend on Fri 20 Nov 2026"]
    assert assay.outbox() == ["costs_2026-11-19.json", "costs_2026-11-20.json"], "of the 18th nobody was told"
    after = assay.ask("SELECT spent, expected FROM cost_forecasts WHERE made_on = '2026-11-19' ORDER BY project")
    assert [spent - old for (spent, _), (*_, old, _) in zip(after, before, strict=True)] == [Decimal("0.0036640")] * 2
    told = json.loads((assay.home / "outbox/costs_2026-11-20.json").read_text())
    assert "fewer input tokens each" in json.dumps(told["attachments"]), "the factor that moved it"
    assert (assay.home / "outbox/costs_2026-11-20.png").exists()


def fired(assay: Installation) -> dict[str, tuple[str, bool]]:
    """By name of the rule: the day on which its alert fired, and whether it is over."""
    found = assay.ask(
        """SELECT labels ->> 'alertname', (fired_at - interval '1 us')::date::text, state = 'resolved' FROM alerts
           WHERE labels ->> 'alertname' LIKE 'budget-%' ORDER BY fired_at, 1"""
    )
    assert len(found) == len({name for name, *_ in found}), "each once a month"
    return {name: (day, over) for name, day, over in found}


def test_a_month_that_runs_over_is_told_thrice_and_is_over_when_the_next_begins(assay: Installation) -> None:
    for back, days in ((6, 4), (2, 1), (1, 1)):
        start = MIDNIGHT - back * DAY
        log(assay, start, days, live=True)
        assay.watch()
        summarize(start + (days - 1) * DAY)
    assert fired(assay) == {
        "budget-80": ("2026-11-18", False),
        "budget-forecast": ("2026-11-18", False),
        "budget-spent": ("2026-11-19", False),
    }
    told = [(assay.home / "outbox" / name).read_text() for name in assay.outbox() if "budget" in name]
    assert len(told) == len(fired(assay)), "each in a message of its own, which no other swallows"
    assert all("lifeguards" in one for one in told)
    log(assay, MIDNIGHT + 11 * DAY, live=True)
    assay.watch()
    assert {name: over for name, (_, over) in fired(assay).items()} == dict.fromkeys(fired(assay), True)


def test_what_has_no_price_is_no_spend_and_no_good_news(assay: Installation) -> None:
    assay.log(*rows(4, MIDNIGHT, DAY, request_model="in-house", provider_name="us"))
    assay.run(MIDNIGHT, MIDNIGHT + DAY)
    assay.watch()
    assert assay.ask("SELECT rule, outcome FROM rule_results WHERE rule LIKE 'budget-%' ORDER BY rule") == [
        ("budget-80", "NoData"),
        ("budget-forecast", "NoData"),
        ("budget-spent", "NoData"),
    ]


def test_a_backfill_of_the_past_alerts_nobody_and_the_first_live_window_does(assay: Installation) -> None:
    log(assay, MIDNIGHT - 6 * DAY, 6)
    assert assay.watch() == []
    assert set(fired(assay)) == {"budget-80", "budget-spent"}
    assert assay.outbox() == []
    log(assay, MIDNIGHT, live=True)
    assert [line for line in assay.watch() if "budget" in line] == ["first: pool: budget spent"]


def test_a_day_counts_as_summed_or_as_its_hours_tell_more(assay: Installation) -> None:
    log(assay, MIDNIGHT - 2 * DAY, 2)
    first = (MIDNIGHT - 2 * DAY).date()
    with connect(assay.store) as store:
        months = BudgetMonths(store)
        counted = months.spent(first.replace(day=1), MIDNIGHT)
        assert counted[""] == counted["pool"]
        assert (counted["pool"].calls, months.whole_days(first, MIDNIGHT.date())) == (8, {first, first + DAY})
        assert months.spent(first.replace(day=1), MIDNIGHT - DAY)["pool"].calls == 4
    money.roll_up(MIDNIGHT - 2 * DAY, MIDNIGHT - DAY)
    with connect(assay.store) as store:
        store.execute("DELETE FROM assay.segments_hourly WHERE hour < %s", (MIDNIGHT - DAY,))
        again = BudgetMonths(store).spent(first.replace(day=1), MIDNIGHT)["pool"]
        assert again.calls == 8
        assert again.known == pytest.approx(counted["pool"].known)
        assert BudgetMonths(store).whole_days(first, first + timedelta(days=30)) == {first, first + DAY}
