"""The store as it was first shipped; the SQL stands beside this file so that a DBA can read it."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    # Straight to the driver: SQLAlchemy would read the % of the SQL's own format() as parameters.
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP SCHEMA assay CASCADE")
