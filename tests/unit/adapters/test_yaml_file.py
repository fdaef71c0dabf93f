"""Every error of a YAML file names file, line, key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from include.adapters.yaml_file import load
from include.errors import ConfigError


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")

    share: float = Field(ge=0, le=1)


class Root(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    leaves: list[Leaf] = []


def write(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text)
    return path


def test_a_valid_file_becomes_the_model(tmp_path: Path) -> None:
    assert load(write(tmp_path, "name: a\nleaves: [{share: 0.5}]"), Root) == Root(name="a", leaves=[Leaf(share=0.5)])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "name: a\nnmae: b",
            ":2: nmae: Extra inputs are not permitted (found 'b'); known: name, leaves. Remedy: remove",
        ),
        (
            "name: a\nleaves:\n  - share: 0.5\n  - share: 2\n",
            ":4: leaves.2.share: Input should be less than or equal to 1",
        ),
        ("leaves: []", ":1: name: Field required. Remedy: add the key"),
        ("name: a\nleaves:\n  - sahre: 1\n", ":3: leaves.1.sahre: Extra inputs"),
        ("name: [", ":1: "),
        ("name: a\nname: b", ":2: key 'name' stands twice"),
        ("name: !!python/object:os.system {}", ":1: could not determine a constructor"),
        ("", ":1: name: Field required"),
        ("- a", "Input should be a valid dictionary"),
    ],
)
def test_an_error_names_file_line_key_and_remedy(tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path, Root)
    assert str(caught.value).startswith(str(path))
    assert told in str(caught.value)
    assert "Remedy:" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: No such file or directory\. Remedy:"):
        load(tmp_path / "none.yaml", Root)


def test_bytes_that_are_not_utf8_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(b"name: \xff")
    with pytest.raises(ConfigError, match="not UTF-8 at byte 6"):
        load(path, Root)
