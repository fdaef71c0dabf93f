"""Who reads a page and what they may do; where the app runs outside Airflow, a test says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import HTTPException, Request
from itsdangerous import BadData, URLSafeTimedSerializer

GOOD_FOR_S = 12 * 3600
"""How long a page may stand open before what it offers to do is refused."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A person who was let in: their id and name as Airflow has them, and whether they may trigger a DAG."""

    user_id: str
    name: str
    may_trigger: Callable[[str], bool]


def reader_of(request: Request) -> Reader:
    """Who asks; the door has put them there (see `build_app`)."""
    reader = request.state.reader
    assert isinstance(reader, Reader), "no route is without its door"
    return reader


class Tokens:
    """What a form must bring back so that no other site can send it in a reader's name; `secret` is the server's."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="assay pages")

    def issue(self, reader: Reader) -> str:
        """For the forms of one page."""
        return self._serializer.dumps(reader.user_id)

    def acting(self, request: Request, token: str, dag_id: str) -> Reader:
        """Who acts: they may trigger the DAG concerned and sent the form from our page; raises `HTTPException`."""
        reader = reader_of(request)
        if not reader.may_trigger(dag_id):
            raise HTTPException(403, f"Whoever acts here needs the permission to trigger the DAG {dag_id}.")
        try:
            is_ours = self._serializer.loads(token, max_age=GOOD_FOR_S) == reader.user_id
        except BadData:
            is_ours = False
        if not is_ours:
            raise HTTPException(403, "This page stood open for too long, or the form is not ours. Load it again.")
        return reader
