"""Who is served how: each project's traffic, languages, models and prompt versions; tokens and latency of a call."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from demo.world.model import Language


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model at a provider. Rates are typical, not exact."""

    provider: str
    request_model: str
    response_model: str
    chars_per_token: float
    reasoning_tokens: float
    """Mean hidden tokens of an answer; they count as output."""
    tokens_per_second: float
    first_token_ms: float
    """Median time to the first token."""
    cache_step: int | None
    """Prompt caches are hit in steps of so many tokens; None: the provider does not report them."""


GPT_5_MINI = Deployment("openai", "gpt-5-mini", "gpt-5-mini-2025-08-07", 4.3, 180, 95, 700, 128)
GPT_41_MINI = Deployment("openai", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", 4.3, 0, 75, 420, 128)
HAIKU = Deployment("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001", 3.7, 0, 110, 520, 1)
SONNET = Deployment("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", 3.7, 0, 62, 900, 1)
FLASH = Deployment("gcp.gemini", "gemini-2.5-flash", "gemini-2.5-flash", 4.1, 120, 160, 480, 64)
FLASH_LITE = Deployment("gcp.gemini", "gemini-2.5-flash-lite", "gemini-2.5-flash-lite", 4.1, 0, 240, 260, 64)
LLAMA = Deployment("self-hosted", "meta-llama-3.1-8b-finetune", "meta-llama-3.1-8b-finetune", 3.9, 0, 48, 240, None)


@dataclass(frozen=True, slots=True)
class Profile:
    """One project. `hours` are weights of the 24 UTC hours; `prompts` are (first day of the world, version)."""

    project: str
    share: float
    weekend: float
    """Traffic of a Saturday or Sunday as a share of a weekday's."""
    hours: tuple[float, ...]
    german: float
    defect_rate: float
    system_tokens: int
    models: tuple[tuple[Deployment, float], ...]
    prompts: tuple[tuple[int, str], ...]
    channels: tuple[str, ...]
    groups: tuple[str, ...]
    releases: tuple[str, ...]

    def prompt_on(self, day: float) -> str:
        """The prompt version in use on this day of the world."""
        return [version for first, version in self.prompts if first <= day][-1]

    def release_on(self, day: float) -> str:
        """The application's own release: a new one about every nine days."""
        return self.releases[min(int(day // 9), len(self.releases) - 1)]

    def language(self, rng: Random) -> Language:
        """The language of a conversation."""
        return "de" if rng.random() < self.german else "en"


OFFICE = (1, 1, 1, 1, 2, 5, 10, 18, 26, 30, 30, 28, 25, 26, 28, 28, 26, 24, 20, 16, 12, 8, 5, 2)
LONG_DAY = (2, 1, 1, 1, 2, 5, 12, 20, 26, 28, 27, 26, 24, 23, 23, 23, 24, 26, 26, 24, 20, 14, 8, 4)
WORLDWIDE = (9, 8, 8, 8, 9, 11, 14, 18, 22, 24, 24, 23, 22, 25, 28, 29, 28, 27, 25, 23, 21, 18, 14, 11)

PROFILES = (
    Profile(
        project="bank-helpdesk",
        share=0.35,
        weekend=0.78,
        hours=LONG_DAY,
        german=0.22,
        defect_rate=0.05,
        system_tokens=1540,
        models=((GPT_5_MINI, 0.75), (GPT_41_MINI, 0.25)),
        prompts=((0, "v3"), (12, "v4")),
        channels=("app", "app", "web", "web", "phone-transcript"),
        groups=("private", "private", "private", "business", "student"),
        releases=("5.18.0", "5.18.2", "5.19.0", "5.19.1"),
    ),
    Profile(
        project="clinic-booking",
        share=0.20,
        weekend=0.85,
        hours=OFFICE,
        german=0.30,
        defect_rate=0.06,
        system_tokens=1210,
        models=((HAIKU, 1.0),),
        prompts=((0, "v7"), (22, "v9")),
        channels=("web", "web", "whatsapp", "kiosk"),
        groups=("patient", "patient", "patient", "relative", "referrer"),
        releases=("2.4.0", "2.4.1", "2.5.0", "2.5.3"),
    ),
    Profile(
        project="docs-assistant",
        share=0.28,
        weekend=0.80,
        hours=WORLDWIDE,
        german=0.12,
        defect_rate=0.08,
        system_tokens=1860,
        models=((FLASH, 0.7), (SONNET, 0.3)),
        prompts=((0, "v12"), (6, "v13"), (20, "v14")),
        channels=("docs-site", "docs-site", "editor", "slack"),
        groups=("free", "free", "team", "enterprise"),
        releases=("0.31.0", "0.32.0", "0.32.1", "0.33.0"),
    ),
    Profile(
        project="city-services",
        share=0.17,
        weekend=0.78,
        hours=OFFICE,
        german=0.35,
        defect_rate=0.07,
        system_tokens=1130,
        models=((GPT_41_MINI, 0.95), (LLAMA, 0.05)),
        prompts=((0, "v2"), (14, "v3")),
        channels=("web", "web", "web", "app", "counter"),
        groups=("resident", "resident", "resident", "newcomer", "business"),
        releases=("1.9", "1.10", "1.11", "1.12"),
    ),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the provider reports of a call; tokens are None where it reports none."""

    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    reasoning_tokens: int | None
    latency_ms: float


def use(deployment: Deployment, system_tokens: int, prompt_chars: int, answer_chars: int, rng: Random) -> Usage:
    """Tokens that follow from the texts, and a skewed latency that follows from the tokens."""
    prompt = round(prompt_chars / deployment.chars_per_token * rng.lognormvariate(0, 0.05))
    answer = math.ceil(answer_chars / deployment.chars_per_token * rng.lognormvariate(0, 0.05))
    hidden = round(rng.gammavariate(2, deployment.reasoning_tokens / 2)) if deployment.reasoning_tokens else 0
    waiting = deployment.first_token_ms * rng.lognormvariate(0, 0.35)
    writing = (answer + hidden) / (deployment.tokens_per_second * rng.lognormvariate(0, 0.2)) * 1000
    cached = None
    if deployment.cache_step is not None:
        cached = system_tokens // deployment.cache_step * deployment.cache_step if rng.random() < 0.6 else 0
    thought = None if deployment.cache_step is None else hidden
    return Usage(system_tokens + prompt, answer + hidden, cached, thought, round(waiting + writing, 1))
