"""What experts say of one interaction and its judges: their own scores, corrections and kept cases.

It is kept beside what the judges said and changes none of it; only judging again (`include.rejudging`) does.
"""

from __future__ import annotations

from datetime import datetime

import psycopg

from include import settings as configuration
from include.adapters.postgres.feedback import FeedbackBook
from include.assembly import now, open_store
from include.domain.feedback import Case, Feedback, FeedbackKind, dataset_name
from include.errors import FeedbackRefused, PageMissing

MOST_REASON, MOST_ANSWER = 2_000, 20_000
"""Characters of a reason or a note, and of an answer."""
GONE = "the store has this interaction no more: it was older than what is kept"


def disagree(
    interaction_id: str, logged_at: datetime, dimension: str, epoch: str, value: float, why: str, who: str
) -> None:
    """Note the score in [0, 1] that an expert gives instead of the judge of that epoch, which stays as it is.

    Raises `FeedbackRefused` where there is no reason, or that judge gave no score; `PageMissing` where the interaction
    is gone.
    """
    if not 0 <= value <= 1:
        raise FeedbackRefused(f"a score lies in [0, 1], not {value}")
    reason = _bounded(why, "Say why: it is what the judge's rubric can be mended by", MOST_REASON)
    with open_store(configuration.for_the_store()) as store:
        book = FeedbackBook(store)
        project, environment = _place(store, interaction_id, logged_at)
        judged = book.judged(interaction_id, logged_at, dimension, epoch)
        if judged is None:
            raise FeedbackRefused("that judge gave no score here, or was asked again since. Load the page again")
        said = (project, environment, FeedbackKind.SCORE, reason, who, now())
        book.say(Feedback(interaction_id, logged_at, *said, dimension, epoch, judged, value))


def correct(interaction_id: str, logged_at: datetime, answer: str, who: str) -> None:
    """Note the answer as it should have been; raises `FeedbackRefused` or `PageMissing`."""
    text = _bounded(answer, "Write the answer as it should have been", MOST_ANSWER)
    with open_store(configuration.for_the_store()) as store:
        book = FeedbackBook(store)
        project, environment = _place(store, interaction_id, logged_at)
        judged = book.composite(interaction_id, logged_at)
        said = (project, environment, FeedbackKind.CORRECTION, text, who, now())
        book.say(Feedback(interaction_id, logged_at, *said, judged=judged))


def keep(interaction_id: str, logged_at: datetime, dataset: str, expected: str, note: str, who: str) -> None:
    """Copy the interaction, whole, into a dataset, by default its project's; there it outlives the retention.

    What is expected is the latest correction unless it is told, and may be nothing where a note tells. Done again it
    replaces both. Raises `FeedbackRefused` or `PageMissing`.
    """
    told = _bounded(note, None, MOST_REASON)
    with open_store(configuration.for_the_store()) as store:
        book = FeedbackBook(store)
        project, _ = _place(store, interaction_id, logged_at)
        name = dataset_name(dataset.strip() or project)
        if not name:
            raise FeedbackRefused("Give the dataset a name of letters and digits")
        correction = book.of(interaction_id, logged_at).correction
        wanted = _bounded(expected, None, MOST_ANSWER) or (correction.text if correction else "")
        if not wanted and not told:
            raise FeedbackRefused("Say what is expected, or note what this case shows")
        if not book.keep(Case(name, interaction_id, logged_at, wanted, told, who, now())):
            raise PageMissing(GONE)


def _place(store: psycopg.Connection, interaction_id: str, logged_at: datetime) -> tuple[str, str]:
    place = FeedbackBook(store).place(interaction_id, logged_at)
    if place is None:
        raise PageMissing(GONE)
    return place


def _bounded(text: str, needed: str | None, most: int) -> str:
    """The text without space around it; refused where it is too long, or empty and `needed`."""
    told = text.replace("\r\n", "\n").strip()
    if needed and not told:
        raise FeedbackRefused(needed)
    if len(told) > most:
        raise FeedbackRefused(f"A text has {most:,} characters here at most, and this one {len(told):,}")
    return told
