-- What is priced and billed, sums of it, budgets' forecasts, what judging saved.

-- Tokens with a price of their own are part of input_tokens or output_tokens; NULL where they were not logged.
ALTER TABLE assay.interactions
    ADD COLUMN reasoning_tokens bigint,
    ADD COLUMN cache_write_tokens bigint,
    ADD COLUMN input_audio_tokens bigint,
    ADD COLUMN output_audio_tokens bigint,
    ADD COLUMN images bigint,                       -- pictures in the request or made by it, where each has a price
    ADD COLUMN billed_amount numeric(20, 10),       -- what the application logged as billed, in its own currency
    ADD COLUMN billed_currency text,
    ADD COLUMN billed_cost numeric(20, 10),         -- the same in USD; NULL where nothing was logged or no rate is known
    ADD COLUMN price_source text;                   -- 'list', or the contract that gave the price; NULL where cost is
UPDATE assay.interactions SET price_source = 'list' WHERE cost IS NOT NULL;
ALTER TABLE assay.judge_calls ADD COLUMN cache_write_tokens bigint;       -- part of input_tokens; NULL where it is not known

-- Who changed the price of what is past: each row is one act.
CREATE TABLE assay.repricings (
    repricing_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL,
    who             text NOT NULL,
    why             text NOT NULL,
    window_start    timestamptz NOT NULL,           -- by occurred_at
    window_end      timestamptz NOT NULL,
    project         text,                           -- NULL: all
    interactions    bigint NOT NULL,                -- looked at
    changed         bigint NOT NULL,
    cost_before     numeric(24, 10) NOT NULL,       -- USD of those that had a price
    cost_after      numeric(24, 10) NOT NULL,
    unpriced_before bigint NOT NULL,
    unpriced_after  bigint NOT NULL,
    prices          text NOT NULL,                  -- which price list, and which contracts (a digest)
    reached         text[],                         -- the last interaction looked at: occurred_at, id, logged_at
    finished_at     timestamptz                     -- NULL: broken off; the same command goes on where it stopped
);

-- Sums by day, now by environment, prompt version and user group as well. Rows of judges leave those empty.
ALTER TABLE assay.costs_daily
    ADD COLUMN environment text NOT NULL DEFAULT '',
    ADD COLUMN prompt_version text NOT NULL DEFAULT '',
    ADD COLUMN user_group text NOT NULL DEFAULT '',           -- 'other' of those beyond the most expensive of project and day
    ADD COLUMN provider_name text NOT NULL DEFAULT '',
    ADD COLUMN price_source text NOT NULL DEFAULT '',         -- as in interactions; '' of judges and where there is no price
    ADD COLUMN reasoning_tokens bigint NOT NULL DEFAULT 0,
    ADD COLUMN cache_write_tokens bigint NOT NULL DEFAULT 0,
    ADD COLUMN billed_calls bigint NOT NULL DEFAULT 0,         -- of those, both costs are known
    ADD COLUMN billed_cost numeric(20, 10) NOT NULL DEFAULT 0, -- what was billed for them, in USD
    ADD COLUMN billed_computed numeric(20, 10) NOT NULL DEFAULT 0;  -- and what `cost` says of them
ALTER TABLE assay.costs_daily DROP CONSTRAINT costs_daily_pkey;
ALTER TABLE assay.costs_daily
    ADD PRIMARY KEY (day, project, kind, model, environment, prompt_version, user_group, provider_name, price_source);
-- A call belongs to the day on which it was made, however late it was logged.
CREATE INDEX interactions_by_occurrence ON assay.interactions (occurred_at);
-- When the sums were last brought up to date: what settled since then may have changed a day that lies back.
CREATE TABLE assay.costs_seen (
    id              integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    at              timestamptz NOT NULL
);
CREATE INDEX runs_by_settlement ON assay.runs (settled_at);
CREATE INDEX quarantine_by_release ON assay.quarantine (released_at) WHERE released_at IS NOT NULL;

-- What judging cost, by day (UTC, of the call).
CREATE TABLE assay.judge_costs_daily (
    day             date NOT NULL,
    project         text NOT NULL,
    dimension       text NOT NULL,
    judge           text NOT NULL,
    model           text NOT NULL,
    mode            text NOT NULL,                  -- live, batch
    provider_name   text NOT NULL DEFAULT '',
    calls           bigint NOT NULL,
    unpriced        bigint NOT NULL,
    input_tokens    bigint NOT NULL,
    output_tokens   bigint NOT NULL,
    cached_input_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL DEFAULT 0,
    cache_write_tokens bigint NOT NULL DEFAULT 0,
    cost            numeric(20, 10),                -- USD; NULL where no call has a price
    PRIMARY KEY (day, project, dimension, judge, model, mode, provider_name)
);

-- What a month (UTC) of a project is expected to cost at its end, as it was expected each day; '' is all projects.
CREATE TABLE assay.cost_forecasts (
    project         text NOT NULL,
    month           date NOT NULL,                  -- its first day
    made_on         date NOT NULL,                  -- the last day whose spend it knows
    spent           numeric(20, 10) NOT NULL,       -- USD from the month's first day to made_on
    expected        numeric(20, 10) NOT NULL,       -- USD of the whole month
    low             numeric(20, 10) NOT NULL,
    high            numeric(20, 10) NOT NULL,
    PRIMARY KEY (project, month, made_on)
);

-- Calls to judges that were not made since their reply was on record, by day (UTC) of the question.
CREATE TABLE assay.judge_cache_daily (
    day             date NOT NULL,
    project         text NOT NULL,
    dimension       text NOT NULL,
    judge           text NOT NULL,
    model           text NOT NULL,                  -- as it is asked for
    hits            bigint NOT NULL,
    unpriced        bigint NOT NULL,                -- of those, nobody knows what the call had cost
    saved           numeric(20, 10) NOT NULL,       -- USD that the others had cost when they were made
    PRIMARY KEY (day, project, dimension, judge, model)
);

-- What a request of a batch under way will about cost, in USD; NULL where its price is unknown.
ALTER TABLE assay.judge_batch_requests ADD COLUMN expected numeric(20, 10);

-- What was judged on a day, whenever it was logged: a few pages for each partition.
CREATE INDEX scores_by_judging ON assay.scores USING brin (scored_at) WITH (autosummarize = on);

-- The sums of assay.segments_hourly and assay.slices_hourly by day (UTC), which rules compare hours with: 24 times fewer
-- rows. Whatever writes hours calls assay.sum_days for them in the same transaction.
CREATE TABLE assay.segments_daily (LIKE assay.segments_hourly INCLUDING DEFAULTS);
ALTER TABLE assay.segments_daily RENAME COLUMN hour TO day;
ALTER TABLE assay.segments_daily ADD PRIMARY KEY (measure, day, project, environment, model, prompt_version, epoch);
CREATE INDEX segments_by_day ON assay.segments_daily (day);
CREATE TABLE assay.slices_daily (LIKE assay.slices_hourly INCLUDING DEFAULTS);
ALTER TABLE assay.slices_daily RENAME COLUMN hour TO day;
ALTER TABLE assay.slices_daily ADD PRIMARY KEY (attribute, measure, day, project, environment, value, epoch);
CREATE INDEX slices_by_day ON assay.slices_daily (day);

-- Adds up anew the days that [since, until) touches. Of two at once the second waits, and then sees what the first wrote.
CREATE FUNCTION assay.sum_days(since timestamptz, until timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz := date_trunc('day', since, 'UTC');
    after timestamptz := date_trunc('day', until - interval '1 us', 'UTC') + interval '24 hours';
    bins text := (SELECT string_agg(format('sum(bins[%s])', place), ', ' ORDER BY place) FROM generate_series(1, 52) place);
    hours text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('assay.segments_daily', 0));
    FOREACH hours IN ARRAY ARRAY['segments', 'slices'] LOOP
        EXECUTE format('DELETE FROM assay.%I WHERE day >= $1 AND day < $2', hours || '_daily') USING first, after;
        EXECUTE format(
            'INSERT INTO assay.%I
             SELECT date_trunc(''day'', hour, ''UTC''), project, environment, %s, measure, epoch, sum(n), sum(weight),
                    sum(weight_sq), sum(total), sum(total_sq), min(low), max(high),
                    nullif(array_remove(ARRAY[%s], NULL), ''{}''), sum(total_w2), sum(total_sq_w2), max(heaviest)
             FROM assay.%I WHERE hour >= $1 AND hour < $2 GROUP BY 1, 2, 3, 4, 5, 6, 7',
            hours || '_daily',
            CASE hours WHEN 'segments' THEN 'model, prompt_version' ELSE 'attribute, value' END,
            bins,
            hours || '_hourly'
        ) USING first, after;
    END LOOP;
END $$;

SELECT assay.sum_days(min(hour), max(hour) + interval '1 hour')
FROM (SELECT hour FROM assay.segments_hourly UNION ALL SELECT hour FROM assay.slices_hourly) AS hours
HAVING count(*) > 0;

-- What a list of interactions is found by: words of question and answer, the lowest composite, a conversation. A text of
-- any length has words, since more than the first 20,000 characters are not read; the cost tells the planner that
-- taking a text apart is dear, and that the index spares it.
CREATE FUNCTION assay.words_of(user_input text, response text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5000 AS $$
BEGIN
    RETURN pg_catalog.to_tsvector('pg_catalog.simple', left(user_input, 20000) || ' ' || left(response, 20000));
END $$;
CREATE INDEX interactions_by_words ON assay.interactions USING gin (assay.words_of(user_input, response));
CREATE INDEX interactions_by_conversation ON assay.interactions (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX composites_by_value ON assay.composites (value, logged_at, interaction_id);

-- Who let a row out of quarantine; NULL where the log itself was mended.
ALTER TABLE assay.quarantine ADD COLUMN released_by text;
