"""Endpoints of language models behind the port `LLMClient`, over plain HTTP, without any vendor's library."""

from include.adapters.llm.anthropic import AnthropicClient
from include.adapters.llm.client import ModelClient, Options
from include.adapters.llm.embeddings import EmbeddingClient
from include.adapters.llm.openai import OpenAIClient
from include.domain.ports import Crew
from include.settings import JudgeSettings

__all__ = ["AnthropicClient", "EmbeddingClient", "ModelClient", "OpenAIClient", "client_for"]


def client_for(judge: JudgeSettings, crew: Crew | None = None, *, embeds: bool = False) -> ModelClient:
    """The client of the configured judge, whose limits the workers of `crew` share; or one that `embeds`.

    Raises `JudgeMisconfigured` where its address is none, `ConfigError` where `accepts` does not fit the backend.
    """
    chats = AnthropicClient if judge.backend == "anthropic" else OpenAIClient
    kind = EmbeddingClient if embeds else chats
    options = Options(
        concurrency=judge.concurrency,
        requests_per_minute=judge.requests_per_minute,
        tokens_per_minute=judge.tokens_per_minute,
        crew=crew,
        timeout_s=judge.timeout_s,
        deadline_s=judge.deadline_s,
    )
    key = judge.api_key.get_secret_value()
    return kind(judge.base_url, judge.model, key, provider=judge.provider, accepts=judge.accepts, **options)
