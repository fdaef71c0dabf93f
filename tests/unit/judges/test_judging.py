"""judging.yaml as an ops engineer edits it, and the benches that come of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from include.adapters.yaml_file import load
from include.domain.score import Score
from include.errors import ConfigError
from include.judges.judging import Judging, JudgingFile
from include.judges.redaction import KINDS
from include.judges.weights import WeightsFile
from tests.unit.judges.bench import ASKED, RUBRICS, bench, escalating, judge, model, rubric

SHIPPED = RUBRICS.parent / "judging.yaml"


def file(tmp_path: Path, text: str) -> JudgingFile:
    (tmp_path / "judging.yaml").write_text(text)
    return load(tmp_path / "judging.yaml", JudgingFile)


def test_the_shipped_file_says_what_is_the_default_anyway() -> None:
    shipped = load(SHIPPED, JudgingFile)
    assert shipped == JudgingFile()
    assert set(shipped.judging.redact) == set(KINDS)
    assert shipped.names == {"main"}


def test_every_key_is_explained_in_the_shipped_file() -> None:
    text = SHIPPED.read_text()
    assert [key for key in Judging.model_fields if f"\n  {key}: " not in text] == []


def test_a_project_names_only_what_differs(tmp_path: Path) -> None:
    found = file(
        tmp_path,
        "judging: {strong: big, redact: [email], budget_usd_per_day: 2.50}\n"
        "projects:\n  clinic: {strong: null, panel: [main, second], cheaper: small}\n",
    )
    assert found.of("bank") == found.judging
    assert found.of("bank").budget_usd_per_day == Decimal("2.5")
    clinic = found.of("clinic")
    assert (clinic.strong, clinic.panel, clinic.redact, clinic.model) == (None, ("main", "second"), ("email",), "main")
    assert found.names == {"main", "big", "second", "small"}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("judge: {}", ":1: judge", "Remedy: remove the key"),
        ("judging: {models: main}", ":1: judging.models", "Remedy: remove the key"),
        ("judging: {model: null}", ":1: judging.model", "Remedy: name one, as main"),
        ("judging: {model: Big One}", ":1: judging.model", "found 'Big One'"),
        ("judging: {strong: main}", ":1: judging", "Remedy: name another model, or strong: null"),
        ("judging: {cheaper: main}", ":1: judging", "cheaper is main, as is model"),
        ("judging: {panel: [main]}", ":1: judging.panel", "a panel of 1. Remedy: name two or three models, or none"),
        ("judging: {panel: [a, b, c, d]}", ":1: judging.panel", "a panel of 4"),
        ("judging: {panel: [a, a]}", ":1: judging.panel", "a stands twice"),
        (
            "judging: {panel: [a, b], strong: c}",
            ":1: judging",
            "both a cascade (strong) and a panel. Remedy: leave one",
        ),
        ("judging: {strong: c}\nprojects:\n  p: {panel: [a, b]}", ":2: projects", "p: both a cascade (strong) and a"),
        ("judging: {model: a}\nprojects:\n  p: {strong: a}", ":2: projects", "p: strong is a, as is model"),
        ("projects:\n  p: {budget_usd_per_day: 0}", ":2: projects.p.budget_usd_per_day", "greater than 0"),
        ("projects:\n  p: {budget_usd_per_day: .inf}", ":2: projects.p.budget_usd_per_day", "finite"),
        ("judging: {budget_usd_per_day: lots}", ":1: judging.budget_usd_per_day", "found 'lots'"),
        ("judging: {redact: [phones]}", ":1: judging.redact.1", "found 'phones'"),
        ("judging: {redact: email}", ":1: judging.redact", "valid tuple"),
        ("judging: {redact: [email, email]}", ":1: judging.redact", "email stands twice"),
        ("judging: {batch: always}", ":1: judging.batch", "'never' or 'backfills'"),
        ("judging: {delay: perhaps}", ":1: judging.delay", "valid boolean"),
        ("projects: [p]", ":1: projects", "valid dictionary"),
    ],
)
def test_a_mistake_is_named_with_file_line_key_and_remedy(tmp_path: Path, text: str, place: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        file(tmp_path, text)
    told = str(raised.value)
    assert f"judging.yaml{place}" in told
    assert words in told
    assert "Remedy: " in told


def weights(text: str, tmp_path: Path) -> WeightsFile:
    (tmp_path / "weights.yaml").write_text(text)
    return load(tmp_path / "weights.yaml", WeightsFile)


async def test_projects_are_judged_by_their_models_and_each_is_asked_by_name(tmp_path: Path) -> None:
    models = {name: model(name) for name in ("main", "b")}
    found = bench(
        [rubric()], models, file=file(tmp_path, "projects:\n  clinic: {panel: [main, b]}\n  shop: {model: b}\n")
    )
    # The clinic's panel asks what the others were asked before: it is on record, and not paid for again.
    for project, calls in (("bank", [1, 0]), ("shop", [1, 1]), ("clinic", [1, 1])):
        assert isinstance(await found.of(project)[0].score(ASKED), Score)
        assert [len(one.requests) for one in models.values()] == calls
    assert len({found.of(project)[0].epoch.id for project in ("bank", "shop", "clinic")}) == 3


def test_a_project_has_the_dimensions_that_its_weights_name(tmp_path: Path) -> None:
    found = bench([rubric(), rubric("professionalism")], {"main": model("m")}).weighed(
        weights(
            "weights: {correctness: 1}\nprojects:\n  clinic: {correctness: 1, context_recall: 0, noise_robustness: 0}",
            tmp_path,
        )
    )
    assert [one.epoch.dimension for one in found.of("bank")] == ["correctness"]
    assert [one.epoch.dimension for one in found.of("clinic")] == ["correctness", "context_recall", "noise_robustness"]


@pytest.mark.parametrize("named", ["noise_sensitivity: 0", "response_relevancy: 0", "tone: 0"])
def test_a_dimension_that_nobody_judges_is_refused_even_without_weight(tmp_path: Path, named: str) -> None:
    with pytest.raises(ConfigError, match=r"nobody judges.*Remedy.*noise_robustness.*embeddings in judging\.yaml"):
        bench([rubric()], {"main": model("m")}).weighed(weights(f"weights: {{correctness: 1, {named}}}", tmp_path))


def test_a_project_that_steps_down_has_its_cheaper_model_alone(tmp_path: Path) -> None:
    given = file(tmp_path, "judging: {strong: big, cheaper: small}\nprojects:\n  clinic: {cheaper: null}\n")
    models = {name: model(name) for name in ("main", "big", "small")}
    whole = bench([escalating(scores=[3])], models, file=given)
    whole = whole.weighed(weights("weights: {correctness: 0.5, faithfulness: 0.5}", tmp_path))
    down = whole.stepped_down({"bank": 1, "clinic": 2})
    assert [one.epoch.parts["model"] for one in down.of("bank")] == ["small", "small"]
    assert [one.epoch.parts["model"] for one in down.of("clinic")] == ["main", "main"]
    assert down.of("shop") == whole.of("shop")
    assert "cheap" in whole.of("shop")[0].epoch.parts
    assert whole.stepped_down(()).by_project == whole.by_project


async def test_what_is_hidden_from_a_judge_is_each_projects_own(tmp_path: Path) -> None:
    asked = model("m")
    found = bench([rubric()], {"main": asked}, file=file(tmp_path, "projects:\n  open: {redact: []}\n"))
    for project in ("bank", "open"):
        await found.of(project)[0].score(replace(ASKED, user_input="I am anna@example.org", project=project))
    closed, shown = (request.messages[1].content for request in asked.requests)
    assert "anna@example.org" not in closed
    assert "anna@example.org" in shown
    assert judge(found).epoch.id != found.of("open")[0].epoch.id
