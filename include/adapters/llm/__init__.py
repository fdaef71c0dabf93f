"""Endpoints of language models behind the port `LLMClient`, over plain HTTP, without any vendor's library."""

from include.adapters.llm.openai import OpenAIClient

__all__ = ["OpenAIClient"]
