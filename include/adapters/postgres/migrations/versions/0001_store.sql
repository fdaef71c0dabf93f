-- The schema `assay`. Times are timestamptz, money is numeric USD, scores lie in [0, 1].

CREATE SCHEMA IF NOT EXISTS assay;

-- Every run of a window. The coverage ledger: logged = quarantined + excluded + scored + failed.
CREATE TABLE assay.runs (
    run_id          text PRIMARY KEY,
    source          text NOT NULL,
    window_start    timestamptz NOT NULL,
    window_end      timestamptz NOT NULL,
    live            boolean NOT NULL,               -- false: a backfill, which tells nobody
    status          text NOT NULL CHECK (status IN ('extracted', 'validated', 'settled')),
    attempts        integer NOT NULL DEFAULT 1,
    logged          bigint,
    quarantined     bigint,
    excluded        bigint,
    scored          bigint,
    failed          bigint,
    gap             bigint GENERATED ALWAYS AS (logged - quarantined - excluded - scored - failed) STORED,
    epochs          jsonb NOT NULL DEFAULT '{}',    -- dimension -> judge epoch
    weights_version text,
    warnings        jsonb NOT NULL DEFAULT '[]',    -- what the suite found worth a word, not a refusal
    versions        jsonb NOT NULL DEFAULT '{}',    -- code, suite, rules
    started_at      timestamptz NOT NULL,
    settled_at      timestamptz,
    overdue_since   timestamptz,                    -- first and last interaction of earlier windows that the run
    overdue_until   timestamptz,                    -- scores again: failures to retry, rows out of quarantine
    evaluated_at    timestamptz,                    -- when its rules were evaluated
    alerted_at      timestamptz,                    -- when alerts took what they said into account
    UNIQUE (source, window_start, window_end)
);
CREATE INDEX runs_by_end ON assay.runs (window_end);

-- Rows between extract and validate; empty when no run is under way.
CREATE TABLE assay.staged (
    run_id          text NOT NULL,
    row_key         text NOT NULL,                  -- the log's own identity of the row
    logged_at       timestamptz NOT NULL,
    raw             jsonb NOT NULL,                 -- the row in the words of the domain, as it came
    malformed       text[] NOT NULL,                -- fields whose type is not the domain's
    PRIMARY KEY (run_id, row_key)
);

-- The snapshot that was judged, whole, so that it can be replayed.
CREATE TABLE assay.interactions (
    interaction_id      text NOT NULL,
    logged_at           timestamptz NOT NULL,
    source              text NOT NULL,
    row_key             text,                       -- the log's own identity of the row
    occurred_at         timestamptz NOT NULL,
    project             text NOT NULL,
    environment         text NOT NULL,
    conversation_id     text,
    user_input          text NOT NULL,
    response            text NOT NULL,
    retrieved_contexts  jsonb NOT NULL DEFAULT '[]',
    reference           text,
    history             jsonb NOT NULL DEFAULT '[]',
    provider_name       text,
    request_model       text,
    response_model      text,
    prompt_version      text,
    input_tokens        bigint,
    output_tokens       bigint,
    cached_input_tokens bigint,
    latency_ms          double precision,
    finish_reason       text,
    error_type          text,
    attributes          jsonb NOT NULL DEFAULT '{}',
    cost                numeric(20, 10),            -- USD; NULL where the price is unknown
    sampled             boolean NOT NULL,           -- false: excluded by sampling
    sampling_rate       double precision NOT NULL CHECK (sampling_rate > 0 AND sampling_rate <= 1),
    PRIMARY KEY (interaction_id, logged_at)
) PARTITION BY RANGE (logged_at);
CREATE UNIQUE INDEX interactions_by_row ON assay.interactions (row_key, source, logged_at);
CREATE INDEX interactions_by_time ON assay.interactions (logged_at, interaction_id);
CREATE INDEX interactions_by_project ON assay.interactions (project, logged_at);

-- Rows that the suite refused.
CREATE TABLE assay.quarantine (
    source          text NOT NULL,
    row_key         text NOT NULL,
    run_id          text NOT NULL,
    interaction_id  text,
    project         text,
    logged_at       timestamptz NOT NULL,
    expectations    text[] NOT NULL,                -- the expectations that refused it
    raw             jsonb NOT NULL,
    repair          jsonb,                          -- the fields that a person replaced
    quarantined_at  timestamptz NOT NULL,
    released_at     timestamptz,
    PRIMARY KEY (source, row_key)
);
CREATE INDEX quarantine_by_time ON assay.quarantine (logged_at);

-- What every epoch stands for.
CREATE TABLE assay.judge_epochs (
    epoch           text PRIMARY KEY,
    dimension       text NOT NULL,
    source          text NOT NULL,
    judge           text NOT NULL,
    parts           jsonb NOT NULL,
    first_seen_at   timestamptz NOT NULL
);

CREATE TABLE assay.scores (
    interaction_id  text NOT NULL,
    logged_at       timestamptz NOT NULL,
    dimension       text NOT NULL,
    epoch           text NOT NULL,
    source          text NOT NULL CHECK (source IN ('LLM_JUDGE', 'RAGAS', 'CODE', 'HUMAN', 'END_USER')),
    value           double precision NOT NULL CHECK (value >= 0 AND value <= 1),
    explanation     text NOT NULL,
    input_tokens    bigint NOT NULL DEFAULT 0,
    output_tokens   bigint NOT NULL DEFAULT 0,
    cached_input_tokens bigint NOT NULL DEFAULT 0,
    reasoning_tokens bigint NOT NULL DEFAULT 0,
    cost            numeric(20, 10),
    scored_at       timestamptz NOT NULL,
    PRIMARY KEY (interaction_id, logged_at, dimension, epoch, source)
) PARTITION BY RANGE (logged_at);
CREATE INDEX scores_by_time ON assay.scores (logged_at, interaction_id);

-- What could not be scored; the row goes when a later attempt scores it.
CREATE TABLE assay.score_failures (
    interaction_id  text NOT NULL,
    logged_at       timestamptz NOT NULL,
    dimension       text NOT NULL,
    epoch           text NOT NULL,
    source          text NOT NULL,
    error_type      text NOT NULL,
    message         text NOT NULL,
    retryable       boolean NOT NULL,
    attempts        integer NOT NULL DEFAULT 1,
    failed_at       timestamptz NOT NULL,
    PRIMARY KEY (interaction_id, logged_at, dimension, epoch, source)
);
CREATE INDEX score_failures_by_time ON assay.score_failures (logged_at);

CREATE TABLE assay.composites (
    interaction_id  text NOT NULL,
    logged_at       timestamptz NOT NULL,
    weights_version text NOT NULL,
    epochs          text NOT NULL,                  -- identity of the set of judges
    value           double precision CHECK (value >= 0 AND value <= 1),   -- NULL while a dimension is missing
    by_dimension    jsonb NOT NULL,
    PRIMARY KEY (interaction_id, logged_at, weights_version, epochs)
) PARTITION BY RANGE (logged_at);
CREATE INDEX composites_by_time ON assay.composites (logged_at, interaction_id);

-- Every paid call: cache and cost ledger in one. The key is the hash of everything that shapes the reply.
CREATE TABLE assay.judge_calls (
    request_hash    text PRIMARY KEY,
    project         text NOT NULL,
    dimension       text NOT NULL,
    judge           text NOT NULL,
    provider_name   text NOT NULL,
    request_model   text NOT NULL,
    response_model  text,
    outcome         text NOT NULL,                  -- 'ok' or a FailureType of a call that was paid for
    reply           text,
    finish_reason   text,
    request_id      text,
    input_tokens    bigint NOT NULL DEFAULT 0,
    output_tokens   bigint NOT NULL DEFAULT 0,
    cached_input_tokens bigint NOT NULL DEFAULT 0,
    reasoning_tokens bigint NOT NULL DEFAULT 0,
    cost            numeric(20, 10),                -- USD; NULL where the price is unknown
    latency_ms      double precision NOT NULL,
    called_at       timestamptz NOT NULL
);
CREATE INDEX judge_calls_by_time ON assay.judge_calls (called_at);

-- What monitors and pages read: one row per hour, segment and measure. With sampling weights w = 1 / rate:
-- n values, sums of w, w^2, w x and w x^2. `bins` counts scores in twenty half-open bins of 0.05 (the last is closed).
CREATE TABLE assay.segments_hourly (
    hour            timestamptz NOT NULL,
    project         text NOT NULL,
    environment     text NOT NULL,
    model           text NOT NULL,
    prompt_version  text NOT NULL,
    measure         text NOT NULL,                  -- composite, a dimension, latency_ms, input_tokens, spend, volume, ...
    epoch           text NOT NULL,                  -- judge epoch of a score, epoch set of a composite, else ''
    n               bigint NOT NULL,
    weight          double precision NOT NULL,
    weight_sq       double precision NOT NULL,
    total           double precision NOT NULL,
    total_sq        double precision NOT NULL,
    low             double precision,
    high            double precision,
    bins            bigint[],
    PRIMARY KEY (measure, hour, project, environment, model, prompt_version, epoch)
);
CREATE INDEX segments_by_hour ON assay.segments_hourly (hour);

-- Each rule at each window, with its evidence.
CREATE TABLE assay.rule_results (
    rule            text NOT NULL,
    fingerprint     text NOT NULL,                  -- of the labels
    window_start    timestamptz NOT NULL,
    window_end      timestamptz NOT NULL,
    outcome         text NOT NULL CHECK (outcome IN ('Ok', 'Breached', 'NoData', 'Error')),
    labels          jsonb NOT NULL,
    value           double precision,
    reference       double precision,
    n               bigint,
    evidence        jsonb NOT NULL,
    sentence        text NOT NULL,                  -- the finding in words
    for_windows     integer NOT NULL,               -- breached windows in a row that make the alert fire
    keep_firing_for integer NOT NULL,               -- good windows in a row that resolve it
    annotations     jsonb NOT NULL,                 -- description, owner, runbook
    evaluated_at    timestamptz NOT NULL,
    PRIMARY KEY (rule, fingerprint, window_start, window_end)
);
CREATE INDEX rule_results_by_end ON assay.rule_results (window_end);

-- One row per episode of an alert; at most one open episode per fingerprint.
CREATE TABLE assay.alerts (
    fingerprint     text NOT NULL,
    starts_at       timestamptz NOT NULL,           -- start of the first breached window
    state           text NOT NULL CHECK (state IN ('pending', 'firing', 'resolved')),
    labels          jsonb NOT NULL,
    sentence        text NOT NULL,                  -- of the last breached window, as is the evidence
    evidence        jsonb NOT NULL,
    recovery        jsonb,                          -- evidence of the last good window
    annotations     jsonb NOT NULL,                 -- owner, runbook, unit, ... as the rule has them
    live            boolean NOT NULL,               -- false: of the past, which tells nobody
    breached        integer NOT NULL,               -- breached windows so far
    good            integer NOT NULL DEFAULT 0,     -- good windows in a row
    good_since      timestamptz,                    -- start of the first of them
    fired_at        timestamptz,                    -- end of the window that made it fire
    breached_at     timestamptz NOT NULL,           -- end of the last breached window
    ends_at         timestamptz CHECK ((ends_at IS NULL) = (state <> 'resolved')),
    updated_at      timestamptz NOT NULL,           -- end of the last window that was taken into account
    incident_id     text CHECK ((incident_id IS NULL) = (state = 'pending')),
    explained_at    timestamptz,                    -- end of the last window in which an alert of its incident did
    PRIMARY KEY (fingerprint, starts_at)
);
CREATE UNIQUE INDEX alerts_one_open_episode ON assay.alerts (fingerprint) WHERE ends_at IS NULL;
CREATE INDEX alerts_by_incident ON assay.alerts (incident_id);

-- How far each alert has come, breached or not: an older window never changes what on-call was told.
CREATE TABLE assay.alerts_seen (
    fingerprint     text PRIMARY KEY,
    window_end      timestamptz NOT NULL
);

CREATE TABLE assay.silences (
    silence_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    matchers        jsonb NOT NULL,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL CHECK (ends_at > starts_at),
    author          text NOT NULL,
    comment         text NOT NULL
);

-- One row per message and receiver: written with the intent before sending, completed after.
CREATE TABLE assay.notification_log (
    message_key     text NOT NULL,                  -- an incident's id, or the key of another message
    receiver        text NOT NULL,                  -- slack, outbox
    channel         text NOT NULL,                  -- as the route names it; '' is the connection's own
    address_channel text,                           -- the receiver's id of the channel,
    ts              text,                           -- and Slack's name of the message in it
    status          text NOT NULL CHECK (status IN ('intended', 'sent', 'failed', 'withheld')),
    reason          text NOT NULL,                  -- NotifyReason of the last change
    digest          text NOT NULL,                  -- of the message as it stands
    firing          text[] NOT NULL,                -- the episodes that it names as firing
    resolved        text[] NOT NULL,                -- and as resolved
    message         jsonb NOT NULL,
    error           text,
    first_intended_at timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    edits           integer NOT NULL DEFAULT 0,
    PRIMARY KEY (message_key, receiver)
);

-- Spend per day. `unpriced` counts the rows whose price is unknown and whose cost is therefore not in the sum.
CREATE TABLE assay.costs_daily (
    day             date NOT NULL,                  -- UTC, on which the call was made
    project         text NOT NULL,
    model           text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('application', 'judge')),
    calls           bigint NOT NULL,
    unpriced        bigint NOT NULL,
    input_tokens    bigint NOT NULL,
    output_tokens   bigint NOT NULL,
    cached_input_tokens bigint NOT NULL,
    cost            numeric(20, 10),                -- USD; NULL where no row has a price
    PRIMARY KEY (day, project, model, kind)
);

CREATE TABLE assay.reports (
    report_id       text PRIMARY KEY,
    window_start    timestamptz NOT NULL,
    window_end      timestamptz NOT NULL,
    title           text NOT NULL,
    headline        text NOT NULL,
    path            text NOT NULL,                  -- relative to Assay's home
    attachments     jsonb NOT NULL DEFAULT '[]',    -- [{label, name}]: files in the same folder
    sha256          text NOT NULL,
    created_at      timestamptz NOT NULL
);

-- Makes the monthly partitions that cover [first, last]; safe to call again and concurrently.
CREATE FUNCTION assay.ensure_partitions(first timestamptz, last timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', first AT TIME ZONE 'UTC');
    parent text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('assay.ensure_partitions'));
    WHILE month <= last AT TIME ZONE 'UTC' LOOP
        FOREACH parent IN ARRAY ARRAY['interactions', 'scores', 'composites'] LOOP
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS assay.%I PARTITION OF assay.%I FOR VALUES FROM (%L) TO (%L)',
                parent || to_char(month, '_YYYY_MM'), parent,
                month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
        END LOOP;
        month := month + interval '1 month';
    END LOOP;
END $$;
