"""rules.yaml: the shipped file, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from include.adapters.yaml_file import load
from include.errors import ConfigError
from include.monitors.rules import LevelRule, Rules

FILE = Path(__file__).parents[3] / "include/monitors/rules.yaml"
SHIPPED = load(FILE, Rules)
LEVEL = {
    "name": "x",
    "description": "d",
    "test": "level",
    "measure": "faithfulness",
    "trailing": "14d",
    "min_effect": 0.1,
    "category": "quality",
    "owner": "o",
    "runbook": "r",
}


def test_the_shipped_rules_watch_every_kind_of_trouble() -> None:
    watched = {rule.measure for rule in SHIPPED.rules if isinstance(rule, LevelRule)}
    assert watched == {"composite", "correctness", "faithfulness", "professionalism", "error", "quarantine", "failure"}
    assert {rule.test for rule in SHIPPED.rules} == {"level", "volume", "spend", "coverage", "budget", "probe", "drift"}


def test_every_key_is_explained_at_the_head_of_the_file() -> None:
    head = FILE.read_text().split("\nrules:")[0]
    keys = {field.alias or name for rule in SHIPPED.rules for name, field in type(rule).model_fields.items()}
    assert [key for key in sorted(keys) if key not in head] == []


def test_a_rule_is_short_because_its_defaults_are_good() -> None:
    [rule] = Rules.model_validate({"rules": [LEVEL]}).rules
    assert isinstance(rule, LevelRule)
    assert (rule.by, rule.for_windows, rule.over) == (("project", "environment"), 1, timedelta(days=3))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"treshold": 0.5}, "Extra inputs are not permitted"),
        ({"test": "guess"}, "does not match any of the expected tags"),
        ({"trailing": "two weeks"}, "whole number and h, d or w"),
        ({"trailing": "0d"}, "greater than"),
        ({"trailing": None}, "give either target"),
        ({"target": 0.5}, "give either target"),
        ({"below": 0.33}, "multiple of 0.05"),
        ({"below": 0.5, "measure": "error"}, "is a share already"),
        ({"measure": "latency_ms"}, "neither a score nor a share"),
        ({"measure": "Faith fulness"}, "should match pattern"),
        ({"min_effect": 0}, "greater than 0"),
        ({"target": 0.05, "trailing": None}, "leave [0, 1]"),
        ({"by": ["project", "project"]}, "twice"),
        ({"by": ["country"]}, "Input should be 'project'"),
        ({"for": 0}, "greater than or equal to 1"),
        ({"severity": "loud"}, "Input should be 'info'"),
        ({"test": "coverage", "by": ["project"]}, "of the whole run"),
    ],
)
def test_a_mistake_is_refused_in_words(change: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Rules.model_validate({"rules": [LEVEL | change]})
    assert told in str(refused.value)


def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(FILE.read_text().replace("    min_effect: 0.05\n", "    min_effect: 0.05\n    treshold: 1\n"))
    line = file.read_text().splitlines().index("    treshold: 1") + 1
    with pytest.raises(ConfigError, match=rf"rules\.yaml:{line}: .*treshold"):
        load(file, Rules)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two rules are called x"):
        Rules.model_validate({"rules": [LEVEL, LEVEL]})
