"""An interaction's id goes in; all that is known of it comes out, its passages marked where they speak of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from include import settings as configuration
from include.adapters.postgres.feedback import FeedbackBook
from include.adapters.postgres.interaction_record import InteractionRecords
from include.adapters.yaml_file import load
from include.domain.feedback import Said, dataset_name
from include.domain.record import Given, Record
from include.domain.score import MOST_STATEMENTS
from include.errors import ConfigError, PageMissing
from include.judges.rubric import Point, Rubric
from include.pages.claims import Borne, claims_of
from include.pages.reading import reading

FAITHFULNESS = "faithfulness"


@dataclass(frozen=True, slots=True)
class Story:
    """An interaction and, where a judge of faithfulness took the answer apart, what the passages say of each statement.

    `by` is that judge's score, or the one that tells of no statements.
    """

    record: Record
    borne: Borne | None = None
    by: Given | None = None
    said: Said = field(default_factory=Said)
    scales: Mapping[str, Mapping[Point, str]] = field(default_factory=dict)
    """What each point means, by dimension, where a rubric says so."""

    @property
    def dataset(self) -> str:
        """Where a case of it is kept unless somebody says otherwise."""
        return dataset_name(self.record.logged.project)

    @property
    def is_partial(self) -> bool:
        """Whether the answer may state more than is kept."""
        return self.by is not None and len(self.by.statements) >= MOST_STATEMENTS

    @property
    def attributes(self) -> list[tuple[str, str]]:
        """What the application logged beside the words of the domain, by name; what is no text is shown as JSON."""
        given = self.record.logged.attributes.items()
        return sorted(
            (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for name, value in given
        )


def interaction(interaction_id: str, logged_at: datetime | None) -> Story:
    """The one that was logged at that moment, or last under this id; raises `PageMissing`."""
    settings = configuration.for_the_store()
    with reading(settings) as store:
        record = InteractionRecords(store).find(interaction_id, logged_at)
        if record is None:
            raise PageMissing("no interaction of this id is in the store, or it was older than what is kept")
        said = FeedbackBook(store).of(record.logged.interaction_id, record.logged.logged_at)
    return replace(story(record), said=said, scales=_scales(settings.rubrics))


def _scales(rubrics: Path) -> dict[str, Mapping[Point, str]]:
    """What the rubrics in force say; nothing while one of them is no rubric."""
    try:
        return {one.name: one.scale for one in (load(path, Rubric) for path in sorted(rubrics.glob("*.yaml")))}
    except ConfigError:
        return {}


def story(record: Record) -> Story:
    """With the statements that a judge of faithfulness took from the answer last."""
    judged = [one for one in record.scores if one.dimension == FAITHFULNESS]
    by = max(judged, key=lambda one: (bool(one.statements), one.scored_at), default=None)
    if by is None or not by.statements:
        return Story(record, None, by)
    contexts = [context.text for context in record.logged.contexts]
    return Story(record, claims_of(by.statements, record.logged.answer.text, contexts), by)
