"""Calls that are noted, left to a batch, or put off: what is asked of the model, and what the judge hears."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from include.domain.cost import Spend
from include.domain.interaction import Interaction
from include.domain.llm import CallPurpose, ChatMessage, LLMRequest, SparedCall
from include.domain.score import FailureType, Score, ScoreFailure
from include.errors import JudgeError
from include.judges.build import offline_judges
from include.judges.ledger import LedgerDesk, MemoryLedger
from include.judges.rubric import SCHEMA, verdict
from include.judges.wanted import DelayedJudge, Notebook, Patience, WantedCall
from tests.fakes.llm import FakeModel

AT = datetime(2026, 11, 20, tzinfo=UTC)
REQUEST = LLMRequest((ChatMessage("user", "judge this"),), "verdict", SCHEMA, 0.1, 64)
PURPOSE = CallPurpose("bank", "correctness", "rubric correctness 1")
KEY = REQUEST.key(FakeModel.endpoint, FakeModel.model)


class NoPrices:
    def price(self, *_: object) -> None:
        return None


class Batches:
    """Holds requests, and says how often it was asked."""

    def __init__(self, *keys: str) -> None:
        self.keys, self.asked = set(keys), 0

    def waiting(self, keys: Collection[str]) -> dict[str, str]:
        self.asked += 1
        return {key: "b" * 64 for key in keys if key in self.keys}


async def test_what_a_judge_wants_is_noted_under_who_would_answer_and_not_called() -> None:
    model, notebook = FakeModel(), Notebook()
    calls = notebook.calls(model, LedgerDesk(MemoryLedger()), NoPrices(), lambda: AT)
    for _ in range(2):
        with pytest.raises(JudgeError) as raised:
            await calls.ask(REQUEST, PURPOSE, verdict)
        assert (raised.value.error_type, raised.value.retryable) == (FailureType.POSTPONED.value, True)
    assert model.requests == []
    assert notebook.wanted == {(model.endpoint, model.model): {KEY: WantedCall(KEY, REQUEST, PURPOSE)}}


async def test_what_is_on_record_is_not_noted() -> None:
    model, notebook, ledger = FakeModel(), Notebook(), MemoryLedger()
    patience = Patience(ledger, Batches())
    said = await patience.calls(model, LedgerDesk(patience), NoPrices(), lambda: AT).ask(REQUEST, PURPOSE, verdict)
    noted = notebook.calls(model, LedgerDesk(ledger), NoPrices(), lambda: AT)
    assert (await noted.ask(REQUEST, PURPOSE, verdict)).value == said.value
    assert not any(notebook.wanted.values())


async def test_looking_for_what_is_wanted_spares_no_call_and_judging_what_is_on_record_does() -> None:
    told: list[int] = []

    class Telling(MemoryLedger):
        def spared(self, calls: Mapping[SparedCall, Spend]) -> None:
            told.append(sum(spend.calls for spend in calls.values()))

    ledger = Telling()
    patience = Patience(ledger, None)
    for make in (patience.calls, Notebook().calls, patience.calls):
        desk = LedgerDesk(patience)
        await make(FakeModel(), desk, NoPrices(), lambda: AT).ask(REQUEST, PURPOSE, verdict)
        await desk.close()
    assert told == [1]


async def test_what_waits_in_a_batch_is_called_only_when_it_has_left_it() -> None:
    model, batches = FakeModel(), Batches(KEY)
    patience = Patience(MemoryLedger(), batches)
    calls = patience.calls(model, LedgerDesk(patience), NoPrices(), lambda: AT)
    with pytest.raises(JudgeError, match="it waits in batch bbbbbbbbbbbb") as raised:
        await calls.ask(REQUEST, PURPOSE, verdict)
    assert (raised.value.error_type, raised.value.retryable) == (FailureType.IN_BATCH.value, True)
    await calls.ask(replace(REQUEST, temperature=0.2), PURPOSE, verdict)
    assert len(model.requests) == 1, "the other one waits in none"
    batches.keys.clear()
    await calls.ask(REQUEST, PURPOSE, verdict)
    assert len(model.requests) == 2


async def test_what_is_on_record_is_not_looked_for_in_batches() -> None:
    batches = Batches()
    patience = Patience(MemoryLedger(), batches)
    calls = patience.calls(FakeModel(), LedgerDesk(patience), NoPrices(), lambda: AT)
    await calls.ask(REQUEST, PURPOSE, verdict)
    asked = batches.asked
    await calls.ask(REQUEST, PURPOSE, verdict)
    assert batches.asked == asked


async def test_without_batches_every_call_is_made() -> None:
    model, patience = FakeModel(), Patience(MemoryLedger(), None)
    await patience.calls(model, LedgerDesk(patience), NoPrices(), lambda: AT).ask(REQUEST, PURPOSE, verdict)
    assert len(model.requests) == 1


@pytest.mark.parametrize(("project", "kind"), [("patient", ScoreFailure), ("urgent", Score)])
async def test_a_project_that_may_wait_is_put_off_and_any_other_is_judged(project: str, kind: type) -> None:
    judge = next(one for one in offline_judges() if one.epoch.dimension == "professionalism")
    interaction = Interaction(
        interaction_id="i",
        logged_at=AT,
        occurred_at=AT,
        project=project,
        environment="prod",
        user_input="When?",
        response="We open at nine.",
    )
    delayed = DelayedJudge(judge, lambda name: name == "patient")
    outcome = await delayed.score(interaction)
    assert delayed.epoch == judge.epoch
    assert isinstance(outcome, kind)
    if isinstance(outcome, ScoreFailure):
        assert (outcome.error_type, outcome.retryable) == (FailureType.POSTPONED, True)
        assert outcome.epoch == judge.epoch.id
