"""What the documents name exists: commands, settings, DAGs, tables, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from include.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
VERBS = ("score", "backfill", "watch", "summarize", "report", "calibrate", "replay", "tend")


def named(pattern: str, *, only_code: bool = True) -> list[tuple[str, str]]:
    """(document, name) for each match of the pattern's group in the documents' code, or in all of their text."""
    return sorted(
        {
            (str(path.relative_to(ROOT)), match)
            for path in DOCUMENTS
            for text in (CODE.findall(path.read_text()) if only_code else [path.read_text()])
            for match in re.findall(pattern, text)
        }
    )


def text_of(*patterns: str) -> str:
    return "\n".join(path.read_text() for pattern in patterns for path in sorted(ROOT.glob(pattern)))


def unknown(found: list[tuple[str, str]], known: set[str]) -> list[tuple[str, str]]:
    return [(document, name) for document, name in found if name not in known]


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    found = named(r"(?<![\w-])make ([a-z][a-z-]*)")
    assert found
    assert unknown(found, targets) == []


def test_make_help_tells_of_every_target_that_is_meant_for_people() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    assert targets - set(re.findall(r"^([a-z][a-z-]*):.*## ", makefile, re.MULTILINE)) <= {"setup-dev"}


def test_every_variable_that_is_named_is_read_by_somebody() -> None:
    settings = {f"ASSAY_{name.upper()}" for name in Settings.model_fields}
    code = text_of("include/schedule.py", "include/adapters/postgres/migrate.py", "config/*.py", "docker-compose.yml")
    found = named(r"\b(ASSAY_[A-Z]+(?:_[A-Z]+)*)(?![A-Z_*])", only_code=False)
    assert found
    assert unknown(found, settings | set(re.findall(r"\bASSAY_[A-Z_]+\b", code))) == []


def test_every_dag_that_is_named_exists() -> None:
    dags = set(re.findall(r'^with DAG\(\n    "(\w+)"', text_of("dags/*.py"), re.MULTILINE))
    assert len(dags) >= 6
    found = [(document, name) for document, name in named(r"`(\w+_\w+)`") if name.split("_")[0] in VERBS]
    assert unknown(found, dags) == []


def test_every_table_that_is_named_exists() -> None:
    schema = text_of("include/adapters/postgres/migrations/versions/*.sql")
    found = named(r"\bassay\.([a-z_]+)\b", only_code=False)
    assert found
    assert unknown(found, set(re.findall(r"CREATE (?:TABLE|FUNCTION|VIEW) assay\.(\w+)", schema))) == []


def test_every_file_that_a_document_links_to_exists() -> None:
    assert list(_broken_links()) == []


def _broken_links() -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
            if "://" not in target and not (path.parent / target).exists():
                yield str(path.relative_to(ROOT)), target


def test_the_readme_tells_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text
