"""Which segments got better or worse by more than noise, and what that did to their projects."""

from __future__ import annotations

import pytest

from include.domain.report import ProjectWeek, Reached, SegmentTally, Trend
from include.domain.segment import Tally
from include.reports.changes import changes_of
from include.reports.quality import held_to
from tests.fakes.weekly import project

PROJECTS = (project("clinic", 0.7, 0.8, Trend.WORSE), project("bank", 0.9, 0.9, Trend.STEADY))
EPOCH = "e" * 12


def tally(mean: float, n: int, spread: float = 0.1) -> Tally:
    total, total_sq = mean * n, (mean**2 + spread**2) * n
    return Tally(n, n, n, total, total_sq, 0.0, 1.0, total, total_sq, 1.0)


def version(name: str, mean: float, n: int = 100, *, of: str = "clinic", epoch: str = EPOCH) -> SegmentTally:
    return SegmentTally(of, "production", (("model", "m"), ("prompt_version", name)), epoch, tally(mean, n))


def language(name: str, mean: float, n: int = 100, *, of: str = "clinic") -> SegmentTally:
    return SegmentTally(of, "production", (("language", name),), EPOCH, tally(mean, n))


def names(now: list[SegmentTally], before: list[SegmentTally]) -> list[str]:
    return [one.parts[-1][1] for one in changes_of(now, before, PROJECTS)]


def test_a_segment_that_fell_is_told_with_what_it_did_to_its_project() -> None:
    before = [version("v1", 0.8), version("v2", 0.8, 300)]
    (told,) = changes_of([version("v1", 0.4), version("v2", 0.8, 300)], before, PROJECTS)
    assert (told.project, told.parts[-1], told.share, told.share_before) == (
        "clinic",
        ("prompt_version", "v1"),
        0.25,
        0.25,
    )
    assert (told.difference, told.brought) == (pytest.approx(-0.4), pytest.approx(-0.1))


def test_whichever_brought_most_comes_first_whatever_its_own_change() -> None:
    before = [version("small", 0.8), version("large", 0.8, 900)]
    assert names([version("small", 0.3), version("large", 0.6, 900)], before) == ["large", "small"]


def test_a_difference_that_is_noise_is_not_told() -> None:
    before = [version("v1", 0.8, 5), version("v2", 0.8, 300)]
    assert names([version("v1", 0.75, 5), version("v2", 0.8, 300)], before) == []


def test_a_difference_that_matters_to_nobody_is_not_told_however_certain() -> None:
    before = [version("v1", 0.8, 50_000), version("v2", 0.8, 50_000)]
    assert names([version("v1", 0.793, 50_000), version("v2", 0.8, 50_000)], before) == []
    rare = [version("v1", 0.8, 100), version("v2", 0.8, 50_000)]
    assert names([version("v1", 0.4, 100), version("v2", 0.8, 50_000)], rare) == []


def test_a_new_segment_is_held_to_what_was_usual_in_its_project() -> None:
    before = [version("v1", 0.8, 400)]
    (told,) = changes_of([version("v1", 0.8, 200), version("v2", 0.5, 200)], before, PROJECTS)
    assert (told.parts[-1][1], told.before, told.usual) == ("v2", None, pytest.approx(0.8))
    assert told.brought == pytest.approx(-0.15)


def test_the_only_segment_of_a_project_is_the_project_and_not_told_again() -> None:
    assert names([version("v1", 0.4)], [version("v1", 0.8)]) == []


def test_scores_of_other_judges_than_the_projects_are_not_compared() -> None:
    before = [version("v1", 0.8, epoch="other"), version("v2", 0.8)]
    now = [version("v1", 0.4, epoch="other"), version("v2", 0.8)]
    assert names(now, before) == []


def test_a_project_without_a_week_before_tells_nothing() -> None:
    assert names([version("v1", 0.4), version("v2", 0.8)], []) == []


def test_of_segments_that_are_the_same_interactions_the_deployment_is_told() -> None:
    before = [version("v1", 0.8), version("v2", 0.8, 300), language("de", 0.8), language("en", 0.8, 300)]
    now = [version("v1", 0.4), version("v2", 0.8, 300), language("de", 0.4), language("en", 0.8, 300)]
    assert names(now, before) == ["v1"]


def test_many_segments_at_once_raise_the_bar() -> None:
    """One of two is told at a p of about 0.02, one of forty is not."""
    few = [version("v0", 0.8), version("v1", 0.8)]
    many = [version(f"v{number}", 0.8) for number in range(40)]
    fallen = version("v0", 0.767)
    assert names([fallen, *few[1:]], few) == ["v0"]
    assert names([fallen, *many[1:]], many) == []


@pytest.mark.parametrize(
    ("now", "target", "reached"),
    [(0.9, 0.75, Reached.YES), (0.7, 0.75, Reached.NO), (0.75, 0.75, Reached.UNSURE), (0.9, None, None)],
)
def test_a_target_is_reached_or_missed_with_the_whole_interval(
    now: float, target: float | None, reached: Reached | None
) -> None:
    (held,) = held_to([project("p", now, now, Trend.STEADY)], {} if target is None else {"p": target})
    assert held.reached is reached


def test_targets_are_of_the_project_or_of_all_and_who_fell_or_missed_comes_first() -> None:
    projects: list[ProjectWeek] = [
        project("fine", 0.9, 0.9, Trend.STEADY),
        project("short", 0.5, 0.5, Trend.STEADY),
        project("fell", 0.8, 0.9, Trend.WORSE),
    ]
    held = held_to(projects, {"": 0.6, "fine": 0.7})
    assert [(one.project, one.target) for one in held] == [("fell", 0.6), ("short", 0.6), ("fine", 0.7)]
