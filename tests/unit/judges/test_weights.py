"""Weights as a person writes them, and composites that they make."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.adapters.yaml_file import load
from include.domain.score import Weights
from include.errors import ConfigError
from include.judges.composite import composite
from include.judges.weights import WeightsFile

AT = datetime(2026, 11, 20, tzinfo=UTC)
SHIPPED = Path(__file__).parents[3] / "include/judges/weights.yaml"
WEIGHTS = Weights("w", {"correctness": 0.6, "faithfulness": 0.2, "professionalism": 0.2})


def file(tmp_path: Path, text: str) -> WeightsFile:
    path = tmp_path / "weights.yaml"
    path.write_text(text)
    return load(path, WeightsFile)


def test_the_shipped_weights_are_those_of_the_design() -> None:
    assert load(SHIPPED, WeightsFile).of("any").by_dimension == WEIGHTS.by_dimension


def test_a_project_may_have_weights_of_its_own(tmp_path: Path) -> None:
    weights = file(tmp_path, "weights: {a: 0.5, b: 0.5}\nprojects:\n  clinic: {c: 1.0}\n")
    assert weights.of("clinic").by_dimension == {"c": 1.0}
    assert weights.of("bank").by_dimension == {"a": 0.5, "b": 0.5}
    assert weights.of("clinic").version == weights.of("bank").version == weights.version


def test_the_version_changes_with_the_content_and_only_with_it(tmp_path: Path) -> None:
    first = file(tmp_path, "weights: {a: 0.5, b: 0.5}")
    assert file(tmp_path, "# why\nweights: {b: 0.5, a: 0.5}\nprojects: {}").version == first.version
    assert file(tmp_path, "weights: {a: 0.6, b: 0.4}").version != first.version
    assert file(tmp_path, "weights: {a: 0.5, b: 0.5}\nprojects: {p: {a: 1}}").version != first.version


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("weights: {a: 0.6, b: 0.5}", ":1: weights", "sum to 1, not 1.1"),
        ("weights: {a: 1.0}\nprojects:\n  p: {a: 0.5}", ":3: projects.p", "sum to 1, not 0.5"),
        ("weights: {a: 1.5, b: -0.5}", ":1: weights.a", "less than or equal to 1"),
        ("weight: {a: 1.0}", ":1: weight", "remove the key"),
        ("weights: {}", ":1: weights", "sum to 1, not 0"),
    ],
)
def test_wrong_weights_are_named_with_file_line_and_key(tmp_path: Path, text: str, place: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        file(tmp_path, text)
    assert f"weights.yaml{place}" in str(raised.value)
    assert words in str(raised.value)


def test_a_composite_is_the_weighted_sum() -> None:
    values = {"correctness": 0.5, "faithfulness": 1.0, "professionalism": 0.0, "extra": 0.9}
    found = composite("a", AT, values, WEIGHTS, "set")
    assert found.value == pytest.approx(0.5)
    assert (found.weights_version, found.epochs, found.by_dimension) == ("w", "set", values)


@pytest.mark.parametrize("missing", WEIGHTS.by_dimension)
def test_missing_is_not_zero(missing: str) -> None:
    values = {dimension: 1.0 for dimension in WEIGHTS.by_dimension if dimension != missing}
    assert composite("a", AT, values, WEIGHTS, "set").value is None


def test_a_dimension_without_weight_is_shown_and_may_be_missing() -> None:
    weights = Weights("w", {"correctness": 1.0, "context_recall": 0.0})
    assert composite("a", AT, {"correctness": 0.5}, weights, "set").value == 0.5
    both = composite("a", AT, {"correctness": 0.5, "context_recall": 1.0}, weights, "set")
    assert (both.value, both.by_dimension["context_recall"]) == (0.5, 1.0)


@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_a_composite_lies_between_its_parts(given_values: tuple[float, float, float]) -> None:
    values = dict(zip(WEIGHTS.by_dimension, given_values, strict=True))
    found = composite("a", AT, values, WEIGHTS, "set").value
    assert found is not None
    assert 0 <= found <= 1
    assert min(given_values) - 1e-12 <= found <= max(given_values) + 1e-12
