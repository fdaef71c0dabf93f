"""Enters: a fresh store and a fresh log. Leaves: an Assay that is installed on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.installation import Installation, installed


@pytest.fixture
def assay(store_dsn: str, source_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An empty installation; it goes with the test."""
    return installed(store_dsn, source_dsn, tmp_path, monkeypatch)
