"""A week's report goes in; the paragraph that a model wrote of its figures comes out, where judging.yaml asks for one.

The call goes through the ledger of calls: the same figures are paid for once and have the same paragraph.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import AsyncExitStack

from pydantic import BaseModel

from include.adapters.llm import client_for
from include.adapters.postgres.fence import fence_secret
from include.adapters.postgres.judge_calls import JudgeCalls
from include.adapters.yaml_file import load
from include.assembly import Courtroom, courtroom, now, open_store, price_book
from include.domain.llm import CallPurpose, ChatMessage, LLMRequest
from include.domain.report import WeeklyReport
from include.errors import AssayError
from include.judges.calls import Calls
from include.judges.fence import NOTICE, enclose
from include.judges.judging import JudgingFile
from include.judges.ledger import LedgerDesk
from include.judges.reply import Malformed, parse
from include.reports.paragraph import TASK, Told, named, objection, told_of
from include.settings import Settings

LOG = logging.getLogger(__name__)
PURPOSE = CallPurpose("weekly-report", "paragraph", "paragraph")
"""For what the ledger says it was paid; of no project."""


class Reply(BaseModel):
    """What the model answers with."""

    paragraph: str


def paragraph_of(report: WeeklyReport, settings: Settings) -> str | None:
    """None where no model is named, none could be asked, or what it wrote may not be shown; the log says why."""
    if not load(settings.judging, JudgingFile).paragraph:
        return None
    try:
        court = courtroom(settings)
        return None if court.is_offline else asyncio.run(_written(court, told_of(report)))
    except AssayError as error:
        LOG.warning("the weekly report goes without a paragraph: %s", error)
        return None


async def _written(court: Courtroom, told: Told) -> str:
    def read(content: str) -> str:
        text = parse(content, Reply).paragraph
        if problem := objection(text, told):
            raise Malformed(problem)
        return text

    assert court.judging.paragraph
    model = court.models[court.judging.paragraph]
    client = client_for(model)
    with open_store(court.settings) as store:
        secret = fence_secret(store)
        store.commit()
        desk = LedgerDesk(JudgeCalls(store))
        calls = Calls(client, desk, price_book(court.settings.contracts), now)
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(client)
            opened.push_async_callback(desk.close)
            request = _request(told, secret, model.temperature, model.max_output_tokens)
            return named((await calls.ask(request, PURPOSE, read)).value, told)


def _request(told: Told, secret: bytes, temperature: float, max_output_tokens: int) -> LLMRequest:
    system = f'{TASK}\n\n{NOTICE}\n\nReply with one JSON object: "paragraph", the text.'
    figures = json.dumps(told.figures, ensure_ascii=False, indent=1)
    return LLMRequest(
        (ChatMessage("system", system), ChatMessage("user", enclose([("figures", figures)], secret))),
        "paragraph",
        {
            "type": "object",
            "properties": {"paragraph": {"type": "string"}},
            "required": ["paragraph"],
            "additionalProperties": False,
        },
        temperature,
        max_output_tokens,
    )
