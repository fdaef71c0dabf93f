"""What keeps pages quick where there is much: sums by day and by the hour that agree, and a wait that has an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from include.adapters.postgres import connect
from include.adapters.postgres.stretches import Stretches, days_of
from include.domain.interaction import Window
from include.errors import PageGivenUp
from include.pages.reading import reading
from include.settings import Settings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 16, tzinfo=UTC)
HOURS = """
    INSERT INTO assay.segments_hourly (hour, project, environment, model, prompt_version, measure, epoch, n, weight,
        weight_sq, total, total_sq)
    SELECT hour, 'bank', 'production', model, '', measure, 'e1', 1, 1, 1, extract(epoch FROM hour - %(start)s), 1
    FROM generate_series(%(start)s, %(end)s - interval '1 hour', interval '1 hour') AS hour,
         unnest(ARRAY['a', 'b']) AS model, unnest(ARRAY['composite', 'volume', 'tone']) AS measure"""
KEPT = {"start": MIDNIGHT - DAY, "end": MIDNIGHT + 4 * DAY}


@pytest.mark.parametrize(
    ("start", "end"),
    [(-6, 18), (0, 24), (3, 5), (3, 24), (-24, 96), (5, 70), (23, 25), (-100, 200)],
)
def test_days_and_the_hours_that_are_left_add_up_to_the_hours(store_dsn: str, start: int, end: int) -> None:
    window = Window(MIDNIGHT + start * HOUR, MIDNIGHT + end * HOUR)
    inside = [hour for hour in range(-24, 96) if start <= hour < end]
    with connect(store_dsn) as store:
        store.execute(HOURS, KEPT)
        store.execute("SELECT assay.sum_days(%(start)s, %(end)s)", KEPT)
        (whole,) = Stretches(store).read(["composite"], [window])
        days = Stretches(store).read(["composite"], [window], by_day=True)
        store.rollback()
    assert (whole.starts_at, whole.segment, whole.epoch) == (window.start, ("bank", "production", "composite"), "e1")
    assert (whole.tally.n, whole.tally.total) == (2 * len(inside), 2 * sum(3600.0 * (hour + 24) for hour in inside))
    assert sum(one.tally.n for one in days) == whole.tally.n
    assert all(one.starts_at.hour == 0 or one.starts_at == window.start for one in days)


def test_a_stretch_is_cut_at_every_midnight_and_nowhere_else() -> None:
    pieces = days_of(Window(MIDNIGHT + 18 * HOUR, MIDNIGHT + 50 * HOUR))
    assert [(one.start - MIDNIGHT) / HOUR for one in pieces] == [18, 24, 48]
    assert pieces[-1].end == MIDNIGHT + 50 * HOUR


def test_a_page_that_takes_too_long_is_given_up_in_words_and_leaves_nothing_behind(store_dsn: str) -> None:
    settings = Settings(store_dsn=SecretStr(store_dsn), source_dsn=SecretStr(""))
    with pytest.raises(PageGivenUp, match=r"within 0\.05 seconds"), reading(settings, patience_ms=50) as store:
        store.execute("SELECT pg_sleep(30)")
    with connect(store_dsn) as store:
        others = store.execute(
            """SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()"""
        )
        assert others.fetchone() == (0,)
