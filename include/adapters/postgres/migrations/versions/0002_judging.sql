-- Judges by project, opinions of several judges, weights of a sample, batches, budgets, probes, the fences' secret.

-- Who judges: project ('' for all without judges of their own) -> measure -> epoch. It was measure -> epoch.
UPDATE assay.runs r SET epochs = jsonb_build_object('', r.epochs || jsonb_build_object('composite', (
    SELECT left(encode(sha256(convert_to('["' || string_agg(value, '","' ORDER BY value COLLATE "C") || '"]', 'UTF8')), 'hex'), 12)
    FROM jsonb_each_text(r.epochs))))
WHERE r.epochs <> '{}';
COMMENT ON COLUMN assay.runs.epochs IS 'project ('''' for all others) -> measure -> epoch; composite -> set of judges';
ALTER TABLE assay.runs ADD COLUMN budget jsonb NOT NULL DEFAULT '{}';     -- project -> step of the ladder, with figures

-- Opinions of the members of a cascade or a panel, and how far apart they lie.
ALTER TABLE assay.scores ADD COLUMN members jsonb NOT NULL DEFAULT '[]';  -- [{model, sample, value, explanation, cost}]
ALTER TABLE assay.scores ADD COLUMN disagreement double precision;        -- largest less smallest; NULL of one opinion

-- Usage that the endpoint did not tell is unknown, and not 0.
ALTER TABLE assay.judge_calls ALTER COLUMN input_tokens DROP NOT NULL, ALTER COLUMN input_tokens DROP DEFAULT,
    ALTER COLUMN output_tokens DROP NOT NULL, ALTER COLUMN output_tokens DROP DEFAULT,
    ALTER COLUMN cached_input_tokens DROP NOT NULL, ALTER COLUMN cached_input_tokens DROP DEFAULT,
    ALTER COLUMN reasoning_tokens DROP NOT NULL, ALTER COLUMN reasoning_tokens DROP DEFAULT;
ALTER TABLE assay.judge_calls ADD COLUMN mode text NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'batch'));
ALTER TABLE assay.judge_calls ADD COLUMN tail jsonb;                      -- [[token, log-probability]] of the last tokens
CREATE INDEX judge_calls_by_project ON assay.judge_calls (project, called_at);

-- Why an interaction is in the sample or not: its stratum, and whether a rule had it judged whatever the lot said.
ALTER TABLE assay.interactions ADD COLUMN stratum text NOT NULL DEFAULT '';
ALTER TABLE assay.interactions ADD COLUMN always boolean NOT NULL DEFAULT false;
ALTER TABLE assay.interactions ADD COLUMN planned_rate double precision;   -- what a budget made smaller; NULL: as planned

-- When something was first seen: a model, a prompt version. `what` is the word, `value` what it was.
CREATE TABLE assay.first_seen (
    source          text NOT NULL,
    project         text NOT NULL,
    what            text NOT NULL,
    value           text NOT NULL,
    first_at        timestamptz NOT NULL,
    PRIMARY KEY (source, project, what, value)
);
INSERT INTO assay.first_seen
SELECT source, project, what, value, min(logged_at)
FROM assay.interactions
CROSS JOIN LATERAL (VALUES ('model', coalesce(response_model, request_model)), ('prompt_version', prompt_version)) AS seen (what, value)
WHERE value IS NOT NULL GROUP BY 1, 2, 3, 4;

-- Sums of w^2 x and w^2 x^2, for the variance of a weighted mean; bins now hold sums of w.
ALTER TABLE assay.segments_hourly ADD COLUMN total_w2 double precision NOT NULL DEFAULT 0;
ALTER TABLE assay.segments_hourly ADD COLUMN total_sq_w2 double precision NOT NULL DEFAULT 0;
UPDATE assay.segments_hourly SET total_w2 = total * weight_sq / nullif(weight, 0), total_sq_w2 = total_sq * weight_sq / nullif(weight, 0) WHERE weight > 0;
ALTER TABLE assay.segments_hourly ALTER COLUMN bins TYPE double precision[];
UPDATE assay.segments_hourly SET bins = ARRAY(SELECT bin * weight / n FROM unnest(bins) WITH ORDINALITY AS b (bin, place) ORDER BY place)
WHERE bins IS NOT NULL AND weight <> n;
-- The largest weight of any interaction of that hour and project, drawn or not.
ALTER TABLE assay.segments_hourly ADD COLUMN heaviest double precision NOT NULL DEFAULT 1;
UPDATE assay.segments_hourly SET heaviest = weight / n WHERE n > 0 AND weight <> n;

-- Batches at a provider. The row is written before the batch is sent: a crash in between is healed by looking for it there.
CREATE TABLE assay.judge_batches (
    batch_key       text PRIMARY KEY,               -- of its requests and the moment: OpenAI keeps it as the batch's metadata
    endpoint        text NOT NULL,
    model           text NOT NULL,
    batch_id        text,                           -- the provider's name for it; NULL until it is known to be there
    status          text NOT NULL CHECK (status IN ('intended', 'submitted', 'collected', 'given_up')),
    run_id          text NOT NULL,
    requests        integer NOT NULL DEFAULT 0,
    replies         integer NOT NULL DEFAULT 0,     -- how many of them were answered
    note            text NOT NULL DEFAULT '',       -- why it was given up
    intended_at     timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,           -- it is cancelled then, and what it lacks is called live
    submitted_at    timestamptz,
    ended_at        timestamptz
);
CREATE INDEX judge_batches_by_run ON assay.judge_batches (run_id);
CREATE INDEX judge_batches_under_way ON assay.judge_batches (due_at) WHERE status IN ('intended', 'submitted');

-- The requests of batches that are under way, and of no others. The key is what keeps a request out of a second batch.
CREATE TABLE assay.judge_batch_requests (
    request_hash    text PRIMARY KEY,
    batch_key       text NOT NULL REFERENCES assay.judge_batches ON DELETE CASCADE,
    project         text NOT NULL,
    dimension       text NOT NULL,
    judge           text NOT NULL
);
CREATE INDEX judge_batch_requests_by_batch ON assay.judge_batch_requests (batch_key);

-- The same answer judged once more in disguise: what a judge's score owes to things that must not count.
CREATE TABLE assay.bias_probes (
    day             date NOT NULL,
    probe           text NOT NULL,                  -- padded, shuffled, paraphrased, planted
    dimension       text NOT NULL,
    epoch           text NOT NULL,
    project         text NOT NULL,
    interaction_id  text NOT NULL,
    logged_at       timestamptz NOT NULL,
    plain           double precision NOT NULL,      -- the score of the answer as it was logged
    probed          double precision NOT NULL,      -- and in disguise
    PRIMARY KEY (day, probe, dimension, epoch, interaction_id, logged_at)
);

-- The installation's secret for the fences around logged text: drawn once, the same for all workers, kept with the
-- calls that were made under it. Another secret makes other requests.
CREATE TABLE assay.fence (
    id              integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    secret          bytea NOT NULL CHECK (length(secret) >= 16)
);
INSERT INTO assay.fence (secret)                    -- 244 bits of chance
SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
