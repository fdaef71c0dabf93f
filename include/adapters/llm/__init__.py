"""Endpoints of language models behind the port `LLMClient`, over plain HTTP, without any vendor's library."""

from include.adapters.llm.openai import OpenAIClient
from include.settings import JudgeSettings

__all__ = ["OpenAIClient", "client_for"]


def client_for(judge: JudgeSettings) -> OpenAIClient:
    """The client of the configured judge; raises `JudgeMisconfigured` where its address is none."""
    return OpenAIClient(
        judge.base_url,
        judge.model,
        judge.api_key.get_secret_value(),
        provider=judge.provider,
        concurrency=judge.concurrency,
        timeout_s=judge.timeout_s,
        deadline_s=judge.deadline_s,
    )
