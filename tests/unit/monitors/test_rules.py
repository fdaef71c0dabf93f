"""rules.yaml: the shipped file, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from include.adapters.yaml_file import load
from include.domain.segment import AMOUNTS
from include.errors import ConfigError
from include.monitors.rules import LevelRule, Rules
from include.monitors.vocabulary import COLUMNS, RATES

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
    assert watched >= {"composite", "correctness", "faithfulness", "professionalism", "error", "quarantine", "failure"}
    assert watched >= {"refusal", "negative_feedback", "latency_ms"}
    tests = {rule.test for rule in SHIPPED.rules}
    assert tests == {"level", "volume", "spend", "coverage", "budget", "monthly_budget", "probe", "epoch", "drift"}


def test_every_key_is_explained_at_the_head_of_the_file() -> None:
    head = FILE.read_text().split("\nrules:")[0]
    keys = {field.alias or name for rule in SHIPPED.rules for name, field in type(rule).model_fields.items()}
    keys |= {"attributes", *RATES, *AMOUNTS, *COLUMNS}
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
        ({"below": 1}, "multiple of 0.05 under 1"),
        ({"above": 0.5}, "above is for latency_ms"),
        ({"percentile": 95}, "percentile is for latency_ms"),
        ({"measure": "latency_ms"}, "no share of bad ones by itself"),
        ({"measure": "latency_ms", "above": 4000, "percentile": 95}, "no share of bad ones by itself"),
        ({"measure": "latency_ms", "above": 4200}, "4200 is not an edge"),
        ({"measure": "latency_ms", "percentile": 95, "trailing": None, "target": 0.1}, "a percentile is of the past"),
        ({"measure": "refusal", "above": 10}, "is a share already"),
        ({"worse": "lower"}, "worse is for bill_differs, error"),
        ({"baseline": {"from": "2026-10-01", "to": "2026-10-15"}}, "give either target"),
        ({"trailing": None, "baseline": {"from": "2026-10-15", "to": "2026-10-01"}}, "end before they begin"),
        ({"against": "previous"}, "only a model or prompt version has a previous one"),
        ({"against": "previous", "by": ["model"], "trailing": None, "target": 0.5}, "only a model or prompt version"),
        ({"same_hours": True, "trailing": None, "target": 0.5}, "the same at all hours"),
        ({"measure": "quarantine", "by": ["model"]}, "by project and environment"),
        ({"by": ["language", "model"]}, "language, model are not counted together"),
        ({"by": ["language"], "where": {"attributes.tenant": "acme"}}, "are not counted together"),
        ({"where": {"tenant": "acme"}}, "tenant is no column"),
        ({"by": ["attributes.a b"]}, "attributes.a b is no column"),
        ({"below": 0.5, "measure": "error"}, "is a share already"),
        ({"measure": "volume"}, "neither a score nor a share"),
        ({"measure": "Faith fulness"}, "should match pattern"),
        ({"min_effect": 0}, "greater than 0"),
        ({"target": 0.05, "trailing": None}, "leave [0, 1]"),
        ({"by": ["project", "project"]}, "twice"),
        ({"by": ["country"]}, "country is no column"),
        ({"for": 0}, "greater than or equal to 1"),
        ({"severity": "loud"}, "Input should be 'info'"),
        ({"test": "coverage", "by": ["project"]}, "of the whole run"),
    ],
)
def test_a_mistake_is_refused_in_words(change: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Rules.model_validate({"rules": [LEVEL | change]})
    assert told in str(refused.value)


@pytest.mark.parametrize("test", ["probe", "budget", "coverage", "drift"])
def test_what_is_not_counted_by_the_hour_has_neither_filter_nor_attribute(test: str) -> None:
    said = {key: LEVEL[key] for key in ("name", "description", "category", "owner", "runbook")} | {"test": test}
    if test == "drift":
        said["measures"] = ["composite"]
    for change in ({"where": {"environment": "prod"}}, {"by": ["language"]}):
        with pytest.raises(ValidationError):
            Rules.model_validate({"rules": [said | change]})


@pytest.mark.parametrize(
    ("found", "remedy"),
    [
        ("measure: latency_ms\n    above: 4200\n    trailing: 14d", "Remedy: take 4000 or 5000"),
        ("measure: composite\n    by: [country]\n    trailing: 14d", "Remedy: name one of project, environment"),
        (
            "measure: refusal\n    by: [language, model]\n    trailing: 14d",
            "Remedy: name one attribute, beside project",
        ),
    ],
)
def test_an_impossible_combination_is_refused_with_a_remedy(tmp_path: Path, found: str, remedy: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        f"rules:\n  - name: x\n    description: d\n    test: level\n    {found}\n    min_effect: 0.1\n"
        "    category: quality\n    owner: o\n    runbook: r\n"
    )
    with pytest.raises(ConfigError, match=rf"rules\.yaml:\d+: .*{remedy}"):
        load(file, Rules)


def test_attributes_are_counted_where_a_rule_or_the_list_names_them() -> None:
    rules = Rules.model_validate(
        {
            "attributes": ["channel", "language"],
            "rules": [
                LEVEL | {"by": ["project", "attributes.tenant"]},
                LEVEL | {"name": "y", "where": {"attributes.tenant": "acme"}},
            ],
        }
    )
    assert rules.counted == ("attributes.channel", "attributes.tenant", "language")
    assert SHIPPED.counted == ()  # nobody pays for what nobody asked for


def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(FILE.read_text().replace("    min_effect: 0.05\n", "    min_effect: 0.05\n    treshold: 1\n"))
    line = file.read_text().splitlines().index("    treshold: 1") + 1
    with pytest.raises(ConfigError, match=rf"rules\.yaml:{line}: .*treshold"):
        load(file, Rules)


def test_the_examples_in_the_documentation_are_rules() -> None:
    text = (FILE.parents[2] / "docs/alerts.md").read_text()
    examples = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    said = {key: LEVEL[key] for key in ("description", "category", "owner", "runbook")}
    rules = Rules.model_validate(
        {"rules": [said | {"name": f"x-{number}"} | one for number, one in enumerate(examples)]}
    )
    assert rules.counted == ("attributes.tenant", "language")


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two rules are called x"):
        Rules.model_validate({"rules": [LEVEL, LEVEL]})
