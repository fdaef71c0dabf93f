"""A courtroom goes in; what embeds logged questions comes out, where judging.yaml names a model for it.

Questions go through the ledger of calls, so that none is paid for twice: of a reference that hardly changes from look
to look, only the new ones are. What must not leave the house is hidden first, as from judges.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from include.adapters.llm import client_for
from include.adapters.postgres.judge_calls import JudgeCalls
from include.assembly import Courtroom, now, open_store, price_book
from include.domain.interaction import Interaction
from include.domain.llm import CallPurpose, ChatMessage, LLMRequest
from include.errors import AssayError
from include.judges.calls import Calls
from include.judges.ledger import LedgerDesk
from include.judges.ragas_replies import vector
from include.judges.redaction import Redactor

LOG = logging.getLogger(__name__)
DIMENSION = "meaning"
Embed = Callable[[str, Sequence[str]], Sequence[Sequence[float]]]


def embedder(court: Courtroom) -> Embed | None:
    """What gives the vectors of a project's questions, in their order; None where no project has a model for it.

    It gives none of a project without a model, nor where the model cannot be reached: drift of meaning is not known
    then, which stops no other rule.
    """
    if court.is_offline or not court.judging.embedders:
        return None

    def embed(project: str, questions: Sequence[str]) -> Sequence[Sequence[float]]:
        name = court.judging.of(project).embeddings
        try:
            return asyncio.run(_vectors(court, project, name, questions)) if name else ()
        except AssayError as error:
            LOG.warning("questions of %s were not embedded: %s", project, error)
            return ()

    return embed


async def _vectors(court: Courtroom, project: str, name: str, questions: Sequence[str]) -> list[list[float]]:
    redactor = Redactor(court.judging.of(project).redact)
    client = client_for(court.models[name], embeds=True)
    with open_store(court.settings) as store:
        desk = LedgerDesk(JudgeCalls(store))
        calls = Calls(client, desk, price_book(court.settings.contracts), now)
        purpose = CallPurpose(project, DIMENSION, DIMENSION)

        async def ask(question: str) -> list[float]:
            shown, _ = redactor(_as_interaction(project, question))
            message = ChatMessage("user", shown.user_input or "?")
            request = LLMRequest((message,), "embedding", {}, temperature=0, max_output_tokens=0)
            return (await calls.ask(request, purpose, vector)).value

        async with AsyncExitStack() as opened:
            await opened.enter_async_context(client)
            opened.push_async_callback(desk.close)
            return await asyncio.gather(*map(ask, questions))


def _as_interaction(project: str, question: str) -> Interaction:
    return Interaction("", now(), now(), project, "", question, "")
