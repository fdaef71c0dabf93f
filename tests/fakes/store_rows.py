"""What a test says of an interaction goes in, with what it leaves out made up; a row of the store comes out."""

from __future__ import annotations

from datetime import datetime

import psycopg


def insert_interaction(connection: psycopg.Connection, name: str, at: datetime, **given: object) -> None:
    """A row of `assay.interactions`, sampled with certainty unless `given` says otherwise."""
    row: dict[str, object] = {
        "interaction_id": name,
        "logged_at": at,
        "source": "native",
        "occurred_at": at,
        "project": "p",
        "environment": "prod",
        "user_input": "why?",
        "response": "because",
        "sampled": True,
        "sampling_rate": 1.0,
        **given,
    }
    connection.execute(
        f"INSERT INTO assay.interactions ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )
