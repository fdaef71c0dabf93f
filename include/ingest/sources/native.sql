-- The native source: the table in which an application logs its interactions, one row each.
-- docs/native-source.md explains every column.
--
-- It is a log. Beyond row_id nothing is constrained, so that a broken application can still say what it did;
-- whether a row is fit to judge is decided later, by expectations/interactions.json, and nothing is lost.

CREATE TABLE IF NOT EXISTS llm_interactions (
    row_id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    interaction_id       text,
    project              text,
    environment          text,
    conversation_id      text,
    user_input           text,
    response             text,
    retrieved_contexts   jsonb,             -- ["passage", ...]
    reference            text,
    history              jsonb,             -- [{"role": "user" | "assistant", "content": "..."}, ...]
    provider_name        text,
    request_model        text,
    response_model       text,
    prompt_version       text,
    input_tokens         bigint,
    output_tokens        bigint,
    cached_input_tokens  bigint,
    latency_ms           double precision,
    finish_reason        text,
    error_type           text,
    occurred_at          timestamptz,
    logged_at            timestamptz DEFAULT now(),
    attributes           jsonb,             -- {"channel": "web", ...}
    reasoning_tokens     bigint,
    cache_write_tokens   bigint,
    input_audio_tokens   bigint,
    output_audio_tokens  bigint,
    images               bigint,
    billed_cost          numeric,
    billed_currency      text
);

-- A table that an earlier version of this file made gets what it lacks.
ALTER TABLE llm_interactions
    ADD COLUMN IF NOT EXISTS reasoning_tokens bigint,
    ADD COLUMN IF NOT EXISTS cache_write_tokens bigint,
    ADD COLUMN IF NOT EXISTS input_audio_tokens bigint,
    ADD COLUMN IF NOT EXISTS output_audio_tokens bigint,
    ADD COLUMN IF NOT EXISTS images bigint,
    ADD COLUMN IF NOT EXISTS billed_cost numeric,
    ADD COLUMN IF NOT EXISTS billed_currency text;

-- Windows are read by logged_at; row_id breaks ties, so that a reader can resume in mid-window.
CREATE INDEX IF NOT EXISTS llm_interactions_logged_at ON llm_interactions (logged_at, row_id);
