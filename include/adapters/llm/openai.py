"""An address and a key go in, a client of an OpenAI-compatible chat completions endpoint comes out."""

from __future__ import annotations

from typing import Unpack

from yarl import URL

from include.adapters.llm.answers import read
from include.adapters.llm.client import ModelClient, Options
from include.adapters.llm.dialect import LIMITS, Dialect, Shape
from include.adapters.llm.models import chat_completions, shape_of
from include.adapters.llm.speech import Dialect as AnyDialect
from include.adapters.llm.speech import Speech, address, shown
from include.settings import Accepts

AZURE = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")


class OpenAIClient(ModelClient):
    """One model at OpenAI, Azure OpenAI, Gemini, OpenRouter, or a LiteLLM, vLLM or Ollama of one's own.

    `accepts` overrides what `models.yaml` says about the model.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str = "",
        *,
        provider: str = "openai",
        accepts: Accepts | None = None,
        **options: Unpack[Options],
    ) -> None:
        key = api_key.strip()
        super().__init__(speech(base_url, key, dialect_of(model, accepts)), model, key, provider, **options)


def dialect_of(model: str, accepts: Accepts | None = None) -> Dialect:
    """What is known of a model before its first call."""
    known = chat_completions(model, accepts)
    limit = LIMITS[0] if known.limit is None else known.limit
    return Dialect(shape_of(known, Shape), limit, known.temperature is not False, known.logprobs is not False)


def speech(base_url: str, key: str, dialect: AnyDialect) -> Speech:
    """How to speak to the endpoint below `base_url`, whose query (Azure's `api-version`) every call carries.

    Raises `JudgeMisconfigured` where the address is none.
    """
    base = address(base_url)
    url = (base / "chat" / "completions").with_query(base.query)
    return Speech(url, shown(base), _key(base, key), dialect, read)


def _key(base: URL, key: str) -> dict[str, str]:
    """The header that carries the key: Azure's own for Azure's keys, not for the tokens of Entra ID (a JWT)."""
    is_azure = (base.host or "").endswith(AZURE) or "api-version" in base.query
    if is_azure and key and not key.startswith("eyJ"):
        return {"api-key": key}
    return {"Authorization": f"Bearer {key}"} if key else {}
