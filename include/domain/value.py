"""What a week's money bought: tallies of answers, conversations and prompts, and what is told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from include.domain.cost import Spend
from include.domain.segment import Tally


class Stratum(NamedTuple):
    """What makes questions comparable: they are alike in all of these."""

    language: str
    """As logged, "" where it was not."""
    length: int
    """Of the question: 0 under 200 bytes, 1 under 1,000, 2 from there on."""
    has_contexts: bool
    is_first_turn: bool


@dataclass(frozen=True, slots=True)
class AnswerTally:
    """Interactions of one stratum that one model answered; `values` are composites, `good` is 1 where one is good."""

    project: str
    environment: str
    model: str
    stratum: Stratum
    spend: Spend
    answered: int
    """Those with an answer and without an error."""
    values: Tally
    good: Tally


@dataclass(frozen=True, slots=True)
class FeedbackTally:
    """Conversations of a project whose users said something; `resolved` are those whose last word was positive."""

    project: str
    conversations: int
    resolved: int
    spend: Spend


@dataclass(frozen=True, slots=True)
class PromptTally:
    """Calls of one prompt version to one model; `before` are the tokens and calls of the week before.

    `input_tokens` are those of all calls.
    """

    project: str
    provider: str
    model: str
    prompt_version: str
    calls: int
    input_tokens: int
    calls_before: int
    input_tokens_before: int

    @property
    def per_call(self) -> float:
        """Input tokens of a call."""
        return self.input_tokens / self.calls if self.calls else 0.0

    @property
    def per_call_before(self) -> float:
        """The same in the week before."""
        return self.input_tokens_before / self.calls_before if self.calls_before else 0.0


@dataclass(frozen=True, slots=True)
class CacheTally:
    """How a prompt version used its provider's cache, of the calls that say how many tokens came from there.

    `constant` tokens begin every prompt; `warm` calls came within minutes of another of that version, and `missed`
    counts the tokens of theirs that a cache could have held and that were not read from it. `silent` calls do not say.
    """

    project: str
    provider: str
    model: str
    prompt_version: str
    calls: int
    warm: int
    silent: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    constant: int
    missed: int


@dataclass(frozen=True, slots=True)
class Range:
    """A figure with its 95 % interval; without bounds where nothing bounds it."""

    value: Decimal
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class GoodAnswers:
    """What an answer with a composite of `good_from` or more cost; `share` of the answers is such, by `judged` of them.

    `cost` is None where too little was judged, nothing was good, or no call has a price.
    """

    project: str
    environment: str
    good_from: float
    spend: Spend
    answered: int
    judged: int
    share: Range | None
    cost: Range | None


@dataclass(frozen=True, slots=True)
class ResolvedConversations:
    """What a resolved conversation cost, among those with feedback: all they cost, over those that were resolved."""

    project: str
    conversations: int
    resolved: int
    spend: Spend
    cost: Range | None


class Verdict(StrEnum):
    """Whether a cheaper model would have done."""

    ENOUGH = "enough"
    TOO_FEW = "too_few"
    """Too few interactions of comparable questions to tell."""
    MAY_LOSE = "may_lose"
    """A loss larger than the margin is not excluded."""
    BELOW_TARGET = "below_target"
    """It may lie below the target."""


@dataclass(frozen=True, slots=True)
class CheaperModel:
    """A model that cost less than the one that a project spends most on, on comparable questions.

    `n` counts judged answers of each there; `difference` is its composite less that of `model` on the latter's own
    questions; `price_ratio` what it costs of the other's price; `comparable` the share of the other's interactions that
    are comparable; `saving` the USD that these would have cost less in the week.
    """

    project: str
    environment: str
    model: str
    cheaper: str
    verdict: Verdict
    n: tuple[int, int]
    comparable: float
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    expected: float | None = None
    price_ratio: float | None = None
    saving: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CacheMissed:
    """What a prompt version could have saved by its provider's cache; shares are of its input tokens."""

    project: str
    model: str
    prompt_version: str
    calls: int
    constant: int
    cached: float
    achievable: float
    saving: Decimal


@dataclass(frozen=True, slots=True)
class Conversation:
    """A dear conversation; `usual` is the median of what the project's cost, in USD."""

    project: str
    conversation_id: str
    spend: Spend
    usual: Decimal | None
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class RetryLoop:
    """Calls of one caller that go round and round: to no avail, or far more of them than is usual in the project.

    `wasted` are those in vain, and of a run that is too long those beyond the `usual` number.
    """

    project: str
    caller: str
    """The conversation, or the user where none was logged."""
    interaction_id: str
    """Of the first call."""
    calls: int
    in_vain: int
    """Calls that failed, or whose question had been answered before."""
    usual: int | None
    """Nine in ten runs of the project have no more calls; None where too few are known."""
    first_at: datetime
    last_at: datetime
    wasted: Spend


@dataclass(frozen=True, slots=True)
class RetryLoops:
    """All of a week: how many, the calls that they wasted and what these cost; and the dearest of them."""

    count: int = 0
    wasted: Spend = field(default_factory=Spend)
    dearest: tuple[RetryLoop, ...] = ()


@dataclass(frozen=True, slots=True)
class GrownPrompt:
    """A prompt version whose calls take more input tokens than before; `extra` is what that cost, None if unknown.

    `before_version` is what it is compared with: itself in the week before, or the version that it followed.
    """

    project: str
    model: str
    prompt_version: str
    before_version: str
    calls: int
    per_call: float
    per_call_before: float
    extra: Decimal | None


@dataclass(frozen=True, slots=True)
class ValueTallies:
    """What value is told from."""

    answers: tuple[AnswerTally, ...] = ()
    feedback: tuple[FeedbackTally, ...] = ()
    prompts: tuple[PromptTally, ...] = ()
    caches: tuple[CacheTally, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    loops: RetryLoops = field(default_factory=RetryLoops)


@dataclass(frozen=True, slots=True)
class ValueWeek:
    """What the week's money bought; `silent` counts calls whose log does not say what came from a provider's cache."""

    good: tuple[GoodAnswers, ...] = ()
    resolved: tuple[ResolvedConversations, ...] = ()
    cheaper: tuple[CheaperModel, ...] = ()
    caches: tuple[CacheMissed, ...] = ()
    silent: int = 0
    conversations: tuple[Conversation, ...] = ()
    loops: RetryLoops = field(default_factory=RetryLoops)
    grown: tuple[GrownPrompt, ...] = ()
