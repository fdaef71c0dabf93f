"""A source's YAML file goes in, the SQL that reads the log in the words of the domain comes out."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

WORDS = (
    *("interaction_id", "occurred_at", "project", "environment", "conversation_id", "user_input", "response"),
    *("retrieved_contexts", "reference", "history", "provider_name", "request_model", "response_model"),
    *("prompt_version", "input_tokens", "output_tokens", "cached_input_tokens", "latency_ms", "finish_reason"),
    *("error_type", "attributes", "reasoning_tokens", "cache_write_tokens", "input_audio_tokens"),
    *("output_audio_tokens", "images", "billed_cost", "billed_currency"),
)
"""What a row is read as, besides its key and `logged_at`."""


class Columns(BaseModel):
    """For each word of the domain an SQL expression over the log's row; a word that the log lacks is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interaction_id: str
    logged_at: str
    occurred_at: str
    project: str
    user_input: str
    response: str
    environment: str = "'production'"
    conversation_id: str = "NULL::text"
    retrieved_contexts: str = "NULL::jsonb"
    reference: str = "NULL::text"
    history: str = "NULL::jsonb"
    provider_name: str = "NULL::text"
    request_model: str = "NULL::text"
    response_model: str = "NULL::text"
    prompt_version: str = "NULL::text"
    input_tokens: str = "NULL::bigint"
    output_tokens: str = "NULL::bigint"
    cached_input_tokens: str = "NULL::bigint"
    latency_ms: str = "NULL::float8"
    finish_reason: str = "NULL::text"
    error_type: str = "NULL::text"
    attributes: str = "NULL::jsonb"
    reasoning_tokens: str = "NULL::bigint"
    cache_write_tokens: str = "NULL::bigint"
    input_audio_tokens: str = "NULL::bigint"
    output_audio_tokens: str = "NULL::bigint"
    images: str = "NULL::bigint"
    billed_cost: str = "NULL::numeric"
    billed_currency: str = "NULL::text"


class SourceMapping(BaseModel):
    """Where a log lies and how its rows are read. The SQL is trusted: whoever writes this file may read the log."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    table: str = Field(alias="from", min_length=1)
    row_key: str = Field(min_length=1)
    columns: Columns

    @property
    def count(self) -> str:
        """SQL with the parameters `start` and `end`: how many rows the log holds in the window."""
        return f"SELECT count(*) FROM {_literally(self.table)} WHERE {self._window}"  # noqa: S608

    @property
    def rows(self) -> str:
        """SQL with the parameters `start` and `end`: `row_key`, `logged_at` and `WORDS` of each row in the window.

        `occurred_at` comes as text, since a timestamp such as `infinity` has no value in Python.
        """
        columns = {word: _literally(getattr(self.columns, word)) for word in WORDS}
        words = [f"({expression}) AS {word}" for word, expression in columns.items() if word != "occurred_at"]
        return (
            f"SELECT ({_literally(self.row_key)})::text AS row_key, "  # noqa: S608
            f"({_literally(self.columns.logged_at)})::timestamptz AS logged_at, "
            f"({columns['occurred_at']})::text AS occurred_at, {', '.join(words)} "
            f"FROM {_literally(self.table)} WHERE {self._window}"
        )

    @property
    def _window(self) -> str:
        logged_at = _literally(self.columns.logged_at)
        return f"({logged_at}) >= %(start)s AND ({logged_at}) < %(end)s"


def _literally(expression: str) -> str:
    """The expression inside a statement with parameters, where a lone % would begin one."""
    return expression.replace("%", "%%")
