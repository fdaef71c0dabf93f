"""Alembic's entry: one connection, one advisory lock, one transaction for all migrations."""

from alembic import context
from sqlalchemy import create_engine, pool, text
from sqlalchemy.engine import make_url

LOCK = 0x0A55A7  # any constant: two migrations at once wait for each other

url = make_url(context.config.attributes["dsn"]).set(drivername="postgresql+psycopg")
with create_engine(url, poolclass=pool.NullPool).begin() as connection:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS assay"))
    context.configure(connection=connection, version_table_schema="assay", version_table="schema_version")
    with context.begin_transaction():
        context.run_migrations()
