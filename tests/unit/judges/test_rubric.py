"""Rubric files as a domain expert writes them, and mistakes in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from include.adapters.yaml_file import load
from include.errors import ConfigError
from include.judges.rubric import Rubric
from tests.unit.judges.bench import ASKED

WHOLE = """\
name: tone
version: 2
question: Is it polite?
guidance: Judge the tone.
scale: {1: bad, 2: poor, 3: fair, 4: good, 5: best}
inputs: [user_input, response]
languages: [en, de]
temperature: 0.5
escalate:
  scores: [3]
  samples: 2
  probability: 0.8
  at_most: 0.2
  expected: 0.4
examples:
  - user_input: Hello
    response: Good day
    reasoning: Polite.
    score: 5
notes: {2: Second version.}
"""


def written(tmp_path: Path, *replaced: str) -> Path:
    text = WHOLE
    for before, after in zip(replaced[::2], replaced[1::2], strict=True):
        assert before in text
        text = text.replace(before, after, 1)
    (tmp_path / "tone.yaml").write_text(text)
    return tmp_path / "tone.yaml"


def test_a_rubric_holds_what_its_file_says(tmp_path: Path) -> None:
    rubric = load(written(tmp_path), Rubric)
    assert rubric.languages == ("en", "de")
    assert rubric.escalate is not None
    assert rubric.escalate.model_dump() == {
        "scores": (3,),
        "samples": 2,
        "probability": 0.8,
        "at_most": 0.2,
        "expected": 0.4,
    }


@pytest.mark.parametrize(
    ("before", "after", "place", "words"),
    [
        ("name: tone", "name: Tone of voice", ":1: name", "Remedy: change the value"),
        ("name: tone\n", "", ":1: name", "Remedy: add the key"),
        ("version: 2", "version: 0", ":2: version", "greater than or equal to 1"),
        ("version: 2", "version: soon", ":2: version", "valid integer"),
        ("question: Is it polite?", "question: ''", ":3: question", "at least 1 character"),
        ("question: Is it polite?", "question:", ":3: question", "valid string"),
        ("question:", "questoin:", ":3: questoin", "known: name, version, question"),
        ("guidance: Judge the tone.\n", "", ":1: guidance", "Remedy: add the key"),
        ("5: best", "6: best", ":5: scale.6", "Input should be 1, 2, 3, 4 or 5"),
        (", 5: best", "", ":5: scale", "5 has no anchor. Remedy: write a sentence for each point from 1 to 5"),
        ("3: fair", "3: ''", ":5: scale.3", "at least 1 character"),
        ("3: fair", "3: fair, 3: fair", ":5", "key '3' stands twice. Remedy: mend the YAML syntax"),
        ("[user_input, response]", "[user_input]", ":6: inputs", "Remedy: add response"),
        ("[user_input, response]", "[question, response]", ":6: inputs.1", "found 'question'"),
        ("[user_input, response]", "[response, response]", ":6: inputs", "response stands twice"),
        ("[user_input, response]", "[]", ":6: inputs", "at least 1 item"),
        ("[en, de]", "[english]", ":7: languages.1", "found 'english'"),
        ("[en, de]", "[EN]", ":7: languages.1", "found 'EN'"),
        ("[en, de]", "[no]", ":7: languages.1", 'Remedy: write "no" in quotes for Norwegian'),
        ("[en, de]", "en", ":7: languages", "valid tuple"),
        ("[en, de]", "[en, en]", ":7: languages", "en stands twice. Remedy: name each once"),
        ("temperature: 0.5", "temperature: 3", ":8: temperature", "less than or equal to 2"),
        ("scores: [3]", "scores: [0]", ":10: escalate.scores.1", "found '0'"),
        ("scores: [3]", "scores: [3, 3]", ":10: escalate.scores", "3 stands twice"),
        ("samples: 2", "samples: 9", ":11: escalate.samples", "1 or 2"),
        ("probability: 0.8", "probability: 80", ":12: escalate.probability", "less than or equal to 1"),
        ("at_most: 0.2", "at_most: 20", ":13: escalate.at_most", "less than or equal to 1"),
        ("at_most: 0.2", "at_most: 0", ":13: escalate.at_most", "greater than 0"),
        ("  at_most: 0.2\n", "", ":9: escalate.at_most", "Remedy: add the key"),
        ("expected: 0.4", "expected: 0", ":14: escalate.expected", "greater than 0"),
        ("expected: 0.4", "expects: 0.4", ":14: escalate.expects", "Remedy: remove the key or mend its spelling"),
        (
            "  scores: [3]\n  samples: 2\n  probability: 0.8\n",
            "",
            ":10: escalate.at_most",
            "Remedy: add scores, samples: 2 or probability",
        ),
        ("score: 5", "score: 7", ":19: examples.1.score", "found '7'"),
        ("    reasoning: Polite.\n", "", ":16: examples.1.reasoning", "Remedy: add the key"),
        (
            "    response: Good day",
            "    response: Good day\n    reference: Hi",
            ":15: examples",
            "example 1 has reference, which inputs leave out. Remedy: add reference to inputs, or drop it",
        ),
        ("{2: Second version.}", "{1: First.}", ":20: notes", "Remedy: say what is new in version 2"),
        ("notes: {2: Second version.}\n", "", ":1: notes", "nothing on version 2"),
        ("name: tone", "name: [", ":3", "Remedy: mend the YAML syntax"),
    ],
)
def test_a_mistake_is_named_with_file_line_key_and_remedy(
    tmp_path: Path, before: str, after: str, place: str, words: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load(written(tmp_path, before, after), Rubric)
    told = str(raised.value)
    assert f"tone.yaml{place}" in told
    assert words in told
    assert "Remedy: " in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("logged", "speaks"),
    [
        ("en", True),
        ("de-AT", True),
        ("DE_at", True),
        ("fr", False),
        ("", True),
        (None, True),
        (3, True),
        ("eng", False),
    ],
)
def test_only_another_language_that_was_logged_is_foreign(
    tmp_path: Path, logged: str | int | None, speaks: bool
) -> None:
    rubric = load(written(tmp_path), Rubric)
    assert rubric.speaks(replace(ASKED, attributes={"language": logged})) is speaks
    assert rubric.speaks(ASKED)
    everything = load(written(tmp_path, "languages: [en, de]\n", ""), Rubric)
    assert everything.speaks(replace(ASKED, attributes={"language": logged}))
