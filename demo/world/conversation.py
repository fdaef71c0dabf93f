"""Enters: a moment at which somebody begins to ask. Leaves: the turns of the conversation as rows with their truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from demo.world.answer import Draft, Scene, compose
from demo.world.fleet import Deployment, Profile, use
from demo.world.incidents import Effect
from demo.world.knowledge import Asked, Fact, Knowledge
from demo.world.model import Defect, Language, LogRow, Message, Truth
from demo.world.phrases import Injection, phrases_in
from demo.world.question import word
from demo.world.retrieval import retrieve
from demo.world.subject import choose

BACKGROUND: Mapping[Defect, float] = {
    "wrong_number": 22,
    "contradiction": 18,
    "unsupported": 20,
    "half_missing": 13,
    "refusal": 9,
    "rude": 3,
    "over_familiar": 4,
    "wrong_language": 3,
    "injection_context": 4,
    "injection_question": 4,
}
"""How the defects of a quiet day are shared out, per hundred."""

ERROR_RATE = 0.008
ERRORS = ("timeout", "timeout", "rate_limit", "server_error")
TIMEOUT_MS = 30_000.0
REFERENCE_RATE = 0.15
REMEMBERED = 8
"""Messages of history that the applications send along."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds at the moment of a turn: what is deployed, and what is wrong with it."""

    prompt_version: str
    release: str
    effect: Effect
    incident: str | None
    """The incident behind the effect; without an effect, the incident that the whole conversation is."""


@dataclass(slots=True)
class Conversation:
    """A user and an assistant, and what they have said so far."""

    profile: Profile
    knowledge: Knowledge
    language: Language
    deployment: Deployment
    conversation_id: str
    channel: str
    group: str
    known: list[Fact] = field(default_factory=list)
    history: list[Message] = field(default_factory=list)

    def turn(self, moment: datetime, conditions: Conditions, rng: Random) -> tuple[LogRow, Truth]:
        """The next question and its answer, logged at `moment`."""
        effect = conditions.effect
        defect = self._defect(effect, rng)
        caused = defect in effect.defects  # rather than one of the background's
        asked = choose(self.knowledge, self.language, defect, self.known, rng)
        injection = self._injection(defect, rng)
        question = word(self.knowledge, self.language, asked, rng, first=not self.known)
        if defect == "injection_question" and injection:
            question = f"{question} {injection.plant}"
        scene = self._scene(asked, injection, rng, thorough=caused and effect.thorough)
        draft = compose(scene, defect, rng)
        row = self._row(moment, conditions, question, draft, self._contexts(scene, defect, draft, rng), rng)
        if rng.random() < REFERENCE_RATE:
            row["reference"] = " ".join(one.statements[0].true for one in asked)
        self._remember(asked, question, draft)
        return row, Truth(
            row["interaction_id"],
            moment,
            self.profile.project,
            defect,
            conditions.incident if caused or not effect.defects else None,
            draft.correct,
            draft.faithful,
            draft.professional,
        )

    def _defect(self, effect: Effect, rng: Random) -> Defect | None:
        if rng.random() < ERROR_RATE:
            return "error"
        if rng.random() < effect.defect_rate:
            return rng.choices(list(effect.defects), list(effect.defects.values()))[0]
        if rng.random() < self.profile.defect_rate:
            return rng.choices(list(BACKGROUND), list(BACKGROUND.values()))[0]
        return None

    def _injection(self, defect: Defect | None, rng: Random) -> Injection | None:
        phrases = phrases_in(self.language)
        if defect == "injection_context":
            return rng.choice(phrases.injections_context)
        return rng.choice(phrases.injections_question) if defect == "injection_question" else None

    def _scene(self, asked: Sequence[Asked], injection: Injection | None, rng: Random, *, thorough: bool) -> Scene:
        fact = asked[0].fact
        siblings = self.knowledge.siblings(fact, self.language) if len(asked) == 1 else []
        spare = [say for sibling in siblings for say in sibling.say if say.stands_alone]
        return Scene(
            asked=asked,
            volunteered=(rng.choice(spare),) if spare and rng.random() < 0.45 else (),
            phrases=phrases_in(self.language),
            foreign=phrases_in("en" if self.language == "de" else "de"),
            extras=self.knowledge.topics[fact.topic].extras[self.language],
            thorough=thorough,
            injection=injection,
        )

    def _contexts(self, scene: Scene, defect: Defect | None, draft: Draft, rng: Random) -> list[str]:
        gold = list(dict.fromkeys(asked.fact.text for asked in scene.asked))
        topic = scene.asked[0].fact.topic
        passages = retrieve(self.knowledge.texts[self.language], topic, gold, draft.wrong_numbers, rng)
        if defect == "lost_context":
            return [passage for passage in passages if passage not in gold]
        if defect == "injection_context" and scene.injection:
            poisoned = rng.randrange(len(passages))
            passages[poisoned] = f"{passages[poisoned]} {scene.injection.plant}"
        return passages

    def _row(
        self,
        moment: datetime,
        conditions: Conditions,
        question: str,
        draft: Draft,
        contexts: list[str],
        rng: Random,
    ) -> LogRow:
        failed = draft.finish_reason == "error"
        error = rng.choice(ERRORS) if failed else None
        deployment = conditions.effect.deployment or self.deployment
        history = self.history[-REMEMBERED:]
        prompt_chars = len(question) + sum(map(len, contexts)) + sum(len(message["content"]) for message in history)
        usage = use(deployment, self.profile.system_tokens, prompt_chars, len(draft.text), rng)
        latency_ms = TIMEOUT_MS if error == "timeout" else usage.latency_ms
        return LogRow(
            interaction_id=str(UUID(int=rng.getrandbits(128), version=4)),
            project=self.profile.project,
            environment="production",
            conversation_id=self.conversation_id,
            user_input=question,
            response=draft.text,
            retrieved_contexts=contexts,
            reference=None,
            history=history,
            provider_name=deployment.provider,
            request_model=deployment.request_model,
            response_model=deployment.response_model,
            prompt_version=conditions.prompt_version,
            input_tokens=None if failed else usage.input_tokens,
            output_tokens=None if failed else usage.output_tokens,
            cached_input_tokens=None if failed else usage.cached_input_tokens,
            latency_ms=latency_ms,
            finish_reason=draft.finish_reason,
            error_type=error,
            occurred_at=moment - timedelta(milliseconds=latency_ms) - _delay(rng),
            logged_at=moment,
            attributes={
                "channel": self.channel,
                "locale": self.language,
                "user_group": self.group,
                "app_version": conditions.release,
            },
            reasoning_tokens=None if failed else usage.reasoning_tokens,
        )

    def _remember(self, asked: Sequence[Asked], question: str, draft: Draft) -> None:
        self.known += [one.fact for one in asked]
        if draft.text:
            self.history += [
                Message(role="user", content=question),
                Message(role="assistant", content=draft.text),
            ]


def begin(profile: Profile, knowledge: Knowledge, rng: Random) -> Conversation:
    """Somebody who has not asked anything yet."""
    deployments, weights = zip(*profile.models, strict=True)
    return Conversation(
        profile=profile,
        knowledge=knowledge,
        language=profile.language(rng),
        deployment=rng.choices(deployments, weights)[0],
        conversation_id=f"conv_{rng.getrandbits(48):012x}",
        channel=rng.choice(profile.channels),
        group=rng.choice(profile.groups),
    )


def _delay(rng: Random) -> timedelta:
    """Rows are written within a second or so; one in two hundred waits in a queue for minutes or hours."""
    late = rng.random() < 0.005
    return timedelta(seconds=rng.lognormvariate(8, 0.9) if late else rng.expovariate(2.5))
