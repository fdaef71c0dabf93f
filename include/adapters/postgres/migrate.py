"""Brings the schema `assay` of a store to its newest migration: `python -m include.adapters.postgres.migrate`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(dsn: str, revision: str = "head") -> None:
    """Apply every migration up to `revision` that the store at `dsn` (a libpq URI) lacks; safe to call again.

    Processes may do so at the same time; threads may not, since Alembic keeps its context in module globals.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["dsn"] = dsn
    command.upgrade(config, revision)


if __name__ == "__main__":
    if "ASSAY_STORE_DSN" not in os.environ:
        sys.exit("ASSAY_STORE_DSN is not set: give the store's libpq URI")
    migrate(os.environ["ASSAY_STORE_DSN"])
