"""A store and who may see what go in; what a message tells beside its alerts comes out, with secrets hidden.

It joins the store's facts to the redactor of the judges: what leaves for a chat is hidden at least as well as what
leaves for a judge.
"""

from __future__ import annotations

from collections.abc import Sequence

from include.adapters.postgres.incident_facts import IncidentFacts
from include.domain.alert import Alert, Exchange
from include.domain.interaction import Interaction
from include.judges.judging import JudgingFile
from include.judges.redaction import Redactor
from include.judges.redaction.outward import outward
from include.notify.blocks import shorten
from include.notify.messages import Background

SHOWN = 3
ABOUT = 0.3
"""On the scale of scores, from 0 to 1."""
MAX_QUESTION, MAX_ANSWER = 160, 240


def background(facts: IncidentFacts, judging: JudgingFile) -> Background:
    """Charts from rule results, examples from the interactions, redacted."""
    redactor = outward(judging)

    def quotes(alert: Alert) -> list[str]:
        return [quote(one, redactor(one.project)) for one in telling(facts.exchanges(alert, SHOWN))]

    return Background(trail=facts.trail, quotes=quotes)


def telling(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Those that score about as badly as the worst of them: a good answer shows nothing that is wrong."""
    worst = min((one.score for one in exchanges if one.score is not None), default=0.0)
    return [one for one in exchanges if one.score is None or one.score <= worst + ABOUT]


def quote(exchange: Exchange, redactor: Redactor) -> str:
    """Question and answer in one line; values are hidden before the texts are cut."""
    logged = Interaction(
        interaction_id=exchange.interaction_id,
        logged_at=exchange.logged_at,
        occurred_at=exchange.logged_at,
        project=exchange.project,
        environment=exchange.environment,
        user_input=exchange.user_input,
        response=exchange.response,
    )
    hidden, _ = redactor(logged)
    question, answer = shorten(hidden.user_input, MAX_QUESTION), shorten(hidden.response, MAX_ANSWER)
    score = f" (scored {exchange.score:.2f})" if exchange.score is not None else ""
    return f"“{question}” → “{answer or 'no answer'}”{score}"
