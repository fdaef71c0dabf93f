"""The tree as a stranger gets it: documented, and nothing in it that belongs to one machine or one network."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOMES = re.compile(r"(?<![\w.~-])/(?:root|home/\w+|Users/\w+|work)/")
REGISTRIES = re.compile(r"https?://[^\s\"']*(?:pypi|pythonhosted|artifactory|nexus|jfrog|/simple\b)", re.IGNORECASE)
INDEX = re.compile(r"^\s*(?:-i|--(?:extra-)?index-url|--find-links|--trusted-host)\b", re.MULTILINE)


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this tree is no git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts(paths: list[Path]) -> list[tuple[str, str]]:
    found = []
    for path in paths:
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # an image
    return [(name, text) for name, text in found if ROOT / name != Path(__file__)]


@pytest.mark.parametrize("pattern", [HOMES, REGISTRIES], ids=["a developer's directory", "a package registry"])
def test_no_tracked_file_names(tracked: list[Path], pattern: re.Pattern[str]) -> None:
    assert [(name, match.group()) for name, text in texts(tracked) for match in pattern.finditer(text)] == []


def test_no_lock_names_where_packages_come_from(tracked: list[Path]) -> None:
    locks = [path for path in tracked if path.match("requirements*")]
    assert len(locks) >= 4
    assert [name for name, text in texts(locks) if INDEX.search(text)] == []


def test_nothing_that_a_machine_made_is_tracked(tracked: list[Path]) -> None:
    made = {".venv", ".assay", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "logs"}
    assert [str(path) for path in tracked if made & set(path.relative_to(ROOT).parts) or path.suffix == ".pyc"] == []


def test_every_module_opens_with_a_sentence(tracked: list[Path]) -> None:
    silent = []
    for path in tracked:
        is_test = path.name.startswith("test_")  # named after what it tests
        if path.suffix == ".py" and not is_test and (source := path.read_text()).strip():
            opening = (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0]
            if not opening.endswith((".", ":")):
                silent.append(str(path.relative_to(ROOT)))
    assert silent == []
