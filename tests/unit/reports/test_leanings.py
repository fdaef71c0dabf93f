"""How far disguises moved a judge's scores, and which of that is a fault."""

from __future__ import annotations

import pytest

from include.domain.probe import ShiftTally
from include.reports.leanings import leanings_of


@pytest.mark.parametrize(
    ("probe", "mean", "is_fault"),
    [("padded", 0.1, True), ("padded", -0.1, False), ("shuffled", -0.1, True), ("shuffled", 0.001, False)],
)
def test_a_fault_is_more_than_noise_and_of_padding_only_upwards(probe: str, mean: float, is_fault: bool) -> None:
    (told,) = leanings_of([ShiftTally(probe, "tone", "e", 100, mean, 0.01)])
    assert told.is_fault is is_fault
    assert told.low is not None
    assert told.low < mean


def test_one_answer_has_no_interval_and_faults_come_first() -> None:
    one = ShiftTally("padded", "tone", "e", 1, 0.9, None)
    told = leanings_of([one, ShiftTally("planted", "tone", "e", 100, 0.1, 0.01)])
    assert [(lean.probe, lean.low is None, lean.is_fault) for lean in told] == [
        ("planted", False, True),
        ("padded", True, False),
    ]
