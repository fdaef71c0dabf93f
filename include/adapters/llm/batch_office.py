"""The judge's settings go in; whoever takes batches for that judge comes out."""

from __future__ import annotations

from include.adapters.llm import anthropic, openai
from include.adapters.llm.batches_anthropic import AnthropicBatches
from include.adapters.llm.batches_openai import OpenAIBatches
from include.settings import JudgeSettings


def batches_for(judge: JudgeSettings) -> OpenAIBatches | AnthropicBatches:
    """Its batches are those of the same endpoint and model as its live calls. Raises `JudgeMisconfigured`."""
    key = judge.api_key.get_secret_value().strip()
    if judge.backend == "anthropic":
        claude = anthropic.speech(judge.base_url, key, anthropic.dialect_of(judge.model, judge.accepts))
        return AnthropicBatches(claude, judge.model, key, judge.provider)
    spoken = openai.speech(judge.base_url, key, openai.dialect_of(judge.model, judge.accepts))
    return OpenAIBatches(spoken, judge.model, key, judge.provider)
