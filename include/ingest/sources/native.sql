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
    attributes           jsonb              -- {"channel": "web", ...}
);

-- Windows are read by logged_at; row_id breaks ties, so that a reader can resume in mid-window.
CREATE INDEX IF NOT EXISTS llm_interactions_logged_at ON llm_interactions (logged_at, row_id);
