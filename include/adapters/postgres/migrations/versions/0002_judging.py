"""Judges by project, opinions of several judges, weights of a sample, batches, budgets, probes, fences."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    raise NotImplementedError("restore a backup: what was judged since then has no place in the older schema")
