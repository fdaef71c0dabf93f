"""The sampling plan: what may stand in the file, and which rate, stratum and rule a row has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.adapters.yaml_file import load
from include.domain.intake import Facts, Findings
from include.errors import ConfigError
from include.ingest.intake import Desk, decide
from include.ingest.language import ENOUGH_CHARS, UNKNOWN, detect
from include.ingest.sample import lot
from include.ingest.strata import DAY_S, SamplingPlan
from include.settings import STAGES
from tests.unit.ingest.rows import facts

SHIPPED = STAGES / "ingest/sampling.yaml"


def never(text: str) -> str:
    raise AssertionError("nobody asked for a language")


def plan(**given: object) -> SamplingPlan:
    return SamplingPlan.model_validate(given)


def test_the_shipped_plan_is_the_default_and_judges_everything() -> None:
    assert load(SHIPPED, SamplingPlan) == SamplingPlan()
    assert SamplingPlan().part(facts("1"), never).rate == 1.0


def test_another_base_rate_leaves_the_rest_of_the_plan() -> None:
    one = plan(rates=[{"project": "bank", "rate": 0.5}], floor=3)
    assert one.at(None) is one
    assert one.at(0.1) == plan(rate=0.1, rates=[{"project": "bank", "rate": 0.5}], floor=3)


RATES = [
    {"project": "bank", "length": "long", "rate": 0.5},
    {"project": "bank", "rate": 0.2},
    {"feedback": "negative", "rate": 0.9},
    {"language": "de", "rate": 0.3},
    {"model": "m-dated", "prompt_version": "v1", "environment": "staging", "rate": 0.4},
]


@pytest.mark.parametrize(
    ("row", "rate"),
    [
        ({"response_chars": 1000}, 0.5),
        ({"response_chars": 999}, 0.2),
        ({"response_chars": None, "feedback": "negative"}, 0.2),  # the first that fits
        ({"project": "clinic", "feedback": "negative"}, 0.9),
        ({"project": "clinic", "feedback": "Meh"}, 0.05),
        ({"project": "clinic", "language": "de"}, 0.3),
        ({"project": "clinic", "excerpt": "Guten Tag"}, 0.3),
        ({"project": "clinic", "excerpt": "Guten Tag", "language": "en"}, 0.05),  # what was logged counts
        ({"project": "c", "response_model": "m-dated", "prompt_version": "v1", "environment": "staging"}, 0.4),
        ({"project": "c", "request_model": "m-dated", "prompt_version": "v1", "environment": "production"}, 0.05),
    ],
)
def test_the_first_entry_that_fits_sets_the_rate(row: dict[str, Any], rate: float) -> None:
    found = plan(rate=0.05, rates=RATES).part(facts("1", **row), lambda text: "de" if "Guten" in text else "en")
    assert found.rate == rate


def test_a_stratum_is_named_by_the_attributes_that_the_plan_names() -> None:
    row = facts("1", response_chars=50, language="pt", feedback="positive", prompt_version="v2")
    named = plan(strata=["project", "length", "language", "feedback", "prompt_version", "model"])
    assert named.part(row, never).stratum == (
        "project=bank, length=short, language=pt, feedback=positive, prompt_version=v2, model=gpt-4.1-mini"
    )
    assert plan(strata=[]).part(row, never).stratum == ""


NEW = {"version_known_s": DAY_S - 1, "project_known_s": 2 * DAY_S - 1}


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({}, None),
        ({"flagged": True}, "flagged"),
        ({"feedback": "negative"}, "flagged"),
        ({"feedback": "positive"}, None),
        ({"error_type": "timeout"}, "error"),
        (NEW, "new_prompt_version"),
        (NEW | {"version_known_s": DAY_S, "project_known_s": 9 * DAY_S}, None),  # its first day is over
        (NEW | {"project_known_s": DAY_S}, None),  # the project itself is new
        (NEW | {"version_known_s": None}, None),
    ],
)
def test_what_is_judged_whatever_its_lot(row: dict[str, Any], rule: str | None) -> None:
    assert plan(rate=0.001).part(facts("1", **row), never).always == rule
    assert plan(rate=0.001, always=[]).part(facts("1", **row), never).always is None


def test_a_decision_carries_the_lot_and_the_part() -> None:
    def unchecked(rows: object, bounds: object) -> Findings:
        return Findings({})

    class Free:
        def price(self, *_: object) -> None:
            return None

    desk = Desk(unchecked, Free(), lambda *_: None, plan(rate=0.3, strata=["project"]))
    rows: list[Facts] = [facts("1"), facts("2", flagged=True)]
    quiet, flagged = decide(rows, Findings({}), desk)
    assert (quiet.stratum, quiet.rate, quiet.always, quiet.lot) == ("project=bank", 0.3, False, lot("id-1"))
    assert flagged.always


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("rate: 0\n", "sampling.yaml:1: rate: Input should be greater than 0"),
        ("rate: 0.5\nrates:\n  - {rate: 0.1}\n", "sampling.yaml:3: rates.1: Value error, says of nobody"),
        ("rates:\n  - {project: a, rate: 2}\n", "less than or equal to 1"),
        ("rates:\n  - {length: huge, rate: 0.1}\n", "'short', 'medium' or 'long'"),
        ("rates:\n  - {language: English, rate: 0.1}\n", "sampling.yaml:2: rates.1.language"),
        ("strata: [project, project]\n", "names something twice"),
        ("strata: [weather]\n", "sampling.yaml:1: strata.1"),
        ("always: [sometimes]\n", "sampling.yaml:1: always.1"),
        ("flor: 3\n", "sampling.yaml:1: flor: Extra inputs are not permitted (found '3'); known: rate, rates, strata"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(tmp_path: Path, written: str, told: str) -> None:
    path = tmp_path / "sampling.yaml"
    path.write_text(written)
    with pytest.raises(ConfigError) as caught:
        load(path, SamplingPlan)
    assert told in str(caught.value)
    assert "Remedy: " in str(caught.value)


def test_a_short_answer_has_no_language() -> None:
    assert detect("Ja. " + " " * ENOUGH_CHARS) == UNKNOWN


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The office opens at nine on weekdays, and you need your identity card.", "en"),
        ("Das Amt öffnet werktags um neun, und Sie brauchen Ihren Ausweis.", "de"),
        ("Puede restablecer su contraseña en la configuración.", "es"),
        ("Le bureau ouvre à neuf heures en semaine.", "fr"),
    ],
)
def test_the_language_of_an_answer_is_detected(text: str, language: str) -> None:
    pytest.importorskip("py3langid")
    assert detect(text) == language
