-- Computes the rows of assay.segments_hourly, or those of one attribute in assay.slices_hourly, for the whole hours of
-- [start, end), a statement for each family of measures. Words after a dollar are filled in by segments.py: model and
-- version are, of a slice, the attribute and its value. The last statement is for assay.segments_hourly alone.

-- Hashes and sorts of a busy day stay in memory; until the transaction ends.
SET LOCAL work_mem = '128MB';

DELETE FROM ${table}
WHERE hour >= %(start)s AND hour < %(end)s AND epoch = ANY(%(ids)s || '{""}'::text[]) ${only};

-- Scores and composites, each with the weight 1 / sampling rate, which its bin adds up; and the largest weight of any
-- interaction of that hour and project, drawn or not.
WITH drawn AS (
    SELECT date_trunc('hour', logged_at, 'UTC') AS hour, project, environment, max(1 / sampling_rate) AS heaviest
    FROM assay.interactions
    WHERE logged_at >= %(start)s AND logged_at < %(end)s
    GROUP BY 1, 2, 3),
given AS (
    SELECT interaction_id, logged_at, dimension AS measure, epoch, value
    FROM assay.scores
    WHERE logged_at >= %(start)s AND logged_at < %(end)s AND source = ANY(%(judges)s) AND epoch = ANY(%(ids)s)
    UNION ALL
    SELECT interaction_id, logged_at, 'composite', epochs, value
    FROM assay.composites
    WHERE logged_at >= %(start)s AND logged_at < %(end)s AND value IS NOT NULL
      AND epochs = ANY(%(ids)s) AND weights_version = %(weights_version)s),
binned AS (
    SELECT date_trunc('hour', logged_at, 'UTC') AS hour, project, environment,
           ${model} AS model, ${version} AS prompt_version,
           measure, epoch,
           -- A hair more than the value, so that 0.6 * 0.75 + 0.3 is not below its own bin.
           least(%(bins)s - 1, floor(value * %(bins)s + 1e-9))::int AS bin,
           count(*) AS n, sum(1 / sampling_rate) AS weight, sum(1 / sampling_rate ^ 2) AS weight_sq,
           sum(value / sampling_rate) AS total, sum(value * value / sampling_rate) AS total_sq,
           sum(value / sampling_rate ^ 2) AS total_w2, sum(value * value / sampling_rate ^ 2) AS total_sq_w2,
           min(value) AS low, max(value) AS high
    FROM given JOIN assay.interactions USING (interaction_id, logged_at)
    WHERE logged_at >= %(start)s AND logged_at < %(end)s AND sampled
      AND epoch = coalesce(%(epochs)s -> project, %(epochs)s -> '') ->> measure
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8)
INSERT INTO ${table}
SELECT hour, project, environment, model, prompt_version, measure, epoch,
       sum(n), sum(weight), sum(weight_sq), sum(total), sum(total_sq), min(low), max(high),
       ARRAY(SELECT coalesce(sum(counted.weight), 0)
             FROM generate_series(0, %(bins)s - 1) AS every
             LEFT JOIN unnest(array_agg(bin), array_agg(weight)) AS counted (bin, weight) ON counted.bin = every
             GROUP BY every ORDER BY every),
       sum(total_w2), sum(total_sq_w2), max(heaviest)
FROM binned JOIN drawn USING (hour, project, environment)
GROUP BY 1, 2, 3, 4, 5, 6, 7;

-- What the application logged of every interaction, sampled or not. What it did not log has no value and no row.
-- One pass over the interactions, then one row for each measure.
WITH logged AS (
    SELECT date_trunc('hour', logged_at, 'UTC') AS hour, project, environment,
           ${model} AS model, ${version} AS prompt_version,
           1.0::float8 AS volume, (error_type IS NOT NULL)::int::float8 AS error,
           (lower(finish_reason) = ANY(%(refusals)s))::int::float8 AS refusal,
           (coalesce(lower(attributes ->> 'feedback'), '') IN ('positive', 'negative'))::int::float8 AS feedback,
           CASE lower(attributes ->> 'feedback') WHEN 'negative' THEN 1.0 WHEN 'positive' THEN 0 END::float8 AS negative_feedback,
           cost::float8 AS spend,
           -- A call that failed and told no tokens may have been billed or not.
           CASE WHEN input_tokens IS NOT NULL OR output_tokens IS NOT NULL
                  OR error_type IS NULL AND coalesce(response_model, request_model) IS NOT NULL
                THEN (cost IS NULL)::int::float8 END AS unpriced,
           (abs(billed_cost - cost) > greatest(billed_cost * 0.01, 0.000001))::int::float8 AS bill_differs,
           latency_ms, input_tokens::float8, output_tokens::float8,
           cached_input_tokens::float8,
           length(response)::float8 AS response_chars, length(user_input)::float8 AS user_input_chars
    FROM assay.interactions
    WHERE logged_at >= %(start)s AND logged_at < %(end)s),
summed AS (
    SELECT hour, project, environment, model, prompt_version, ${sums}
    FROM logged
    GROUP BY hour, project, environment, model, prompt_version)
INSERT INTO ${table}
SELECT hour, project, environment, model, prompt_version, measure, '', n, n, n, total, total_sq, low, high,
       -- How often each bin was seen, up to the last that was.
       CASE WHEN places IS NOT NULL THEN ARRAY(
           SELECT (count(*) - 1)::float8
           FROM (SELECT generate_series(0, (SELECT max(place) FROM unnest(places) AS place))
                 UNION ALL SELECT unnest(places)) AS every (bin)
           GROUP BY bin ORDER BY bin) END,
       total, total_sq, 1
FROM summed
CROSS JOIN LATERAL (VALUES ${measured}) AS measured (measure, n, total, total_sq, low, high, places)
WHERE n > 0;

-- 1 of an interaction that a judge failed at, 0 of one that is scored or that gave the judges nothing to judge.
WITH failures AS (
    SELECT interaction_id, logged_at, bool_or(error_type = ANY(%(judges_faults)s)) AS judges_fault
    FROM assay.score_failures
    WHERE logged_at >= %(start)s AND logged_at < %(end)s
      AND epoch = ANY(%(ids)s)
    GROUP BY interaction_id, logged_at),
judged AS (
    SELECT i.logged_at, project, environment, ${model} AS model, ${version} AS prompt_version, coalesce(judges_fault, false)::int::float8 AS value
    FROM assay.interactions i
    LEFT JOIN failures USING (interaction_id, logged_at)
    LEFT JOIN assay.composites c
      ON (c.interaction_id, c.logged_at) = (i.interaction_id, i.logged_at)
     AND c.epochs = coalesce(%(epochs)s -> i.project, %(epochs)s -> '') ->> 'composite' AND c.weights_version = %(weights_version)s
    WHERE i.logged_at >= %(start)s AND i.logged_at < %(end)s
      AND (c.value IS NOT NULL OR judges_fault IS NOT NULL))
INSERT INTO ${table}
SELECT date_trunc('hour', logged_at, 'UTC'), project, environment, model, prompt_version, 'failure', '',
       count(*), count(*), count(*), sum(value), sum(value), min(value), max(value), NULL, sum(value), sum(value), 1
FROM judged
GROUP BY 1, 2, 3, 4, 5;

-- 1 of a row that is in quarantine, 0 of one that the suite let through.
WITH rows AS (
    SELECT logged_at, project, environment, 0.0::float8 AS value FROM assay.interactions
    UNION ALL
    SELECT logged_at, coalesce(nullif(project, ''), 'unknown'),
           coalesce(nullif(left(raw ->> 'environment', 100), ''), 'unknown'), 1
    FROM assay.quarantine WHERE released_at IS NULL)
INSERT INTO ${table}
SELECT date_trunc('hour', logged_at, 'UTC'), project, environment, '', '', 'quarantine', '',
       count(*), count(*), count(*), sum(value), sum(value), min(value), max(value), NULL, sum(value), sum(value), 1
FROM rows
WHERE logged_at >= %(start)s AND logged_at < %(end)s
GROUP BY 1, 2, 3;
