"""An interaction's id goes in; all that is known of it comes out, its passages marked where they speak of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from include import settings as configuration
from include.adapters.postgres.interaction_record import InteractionRecords
from include.assembly import open_store
from include.domain.record import Record
from include.domain.score import ScoreSource
from include.errors import PageMissing
from include.pages.claims import Borne, claims_of

FAITHFULNESS = "faithfulness"


@dataclass(frozen=True, slots=True)
class Story:
    """An interaction and, where RAGAS judged its faithfulness, what the passages say of the answer's statements."""

    record: Record
    borne: Borne | None

    @property
    def attributes(self) -> list[tuple[str, str]]:
        """What the application logged beside the words of the domain, by name; what is no text is shown as JSON."""
        given = self.record.logged.attributes.items()
        return sorted(
            (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for name, value in given
        )


def interaction(interaction_id: str, logged_at: datetime | None) -> Story:
    """The one that was logged at that moment, or last under this id; raises `PageMissing`."""
    with open_store(configuration.for_the_store()) as store:
        record = InteractionRecords(store).find(interaction_id, logged_at)
    if record is None:
        raise PageMissing("no interaction of this id is in the store, or it was older than what is kept")
    return story(record)


def story(record: Record) -> Story:
    """With the statements that RAGAS judged last."""
    judged = [one for one in record.scores if (one.dimension, one.source) == (FAITHFULNESS, ScoreSource.RAGAS)]
    if not judged:
        return Story(record, None)
    latest = max(judged, key=lambda one: one.scored_at)
    contexts = [context.text for context in record.logged.contexts]
    return Story(record, claims_of(record.logged.answer.text, contexts, latest.explanation))
