"""A text goes in, the names of people in it come out: by Presidio, where somebody installed it.

The only module that knows Presidio. It is no dependency of Assay: it brings spaCy and a model of hundreds of megabytes,
and takes milliseconds for a text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from include.errors import ConfigError
from include.judges.redaction.span import Finder, Span

REMEDY = "pip install presidio-analyzer and the spaCy model, or leave `name` out of `redact`"
CONFIDENCE = 0.5
"""Presidio's own, of 0 to 1, from which a name is taken for one."""


def presidio(model: str = "en_core_web_sm", language: str = "en") -> tuple[Finder, str]:
    """A finder of names with that spaCy model, and what belongs into the epoch of a judge that uses it.

    Raises `ConfigError` where Presidio or the model is not installed: it would else be fetched from the network.
    """
    try:
        provider = import_module("presidio_analyzer.nlp_engine").NlpEngineProvider
        analyzer = import_module("presidio_analyzer").AnalyzerEngine
        versions = f"presidio {version('presidio-analyzer')}, {model} {version(model)}"
    except (ImportError, PackageNotFoundError) as error:
        raise ConfigError(f"redact: names need Presidio and {model}: {error}. Remedy: {REMEDY}") from None
    models = [{"lang_code": language, "model_name": model}]
    engine = provider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    analyze = analyzer(nlp_engine=engine, supported_languages=[language]).analyze
    return names_by(lambda text: analyze(text, language, entities=["PERSON"], score_threshold=CONFIDENCE)), versions


def names_by(analyze: Callable[[str], list[Any]]) -> Finder:
    """The finder over an analyser whose results have `start` and `end`; placeholders are no names."""

    def names(text: str) -> Iterator[Span]:
        last = 0
        for found in sorted(analyze(text), key=lambda found: (found.start, -found.end)):
            written = text[found.start : found.end]
            if found.start >= last and written and not set(written) & set("<>"):
                last = found.end
                yield Span(found.start, last, " ".join(written.split()).casefold())

    return names
