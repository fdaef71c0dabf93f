-- Computes the rows of assay.costs_daily and assay.judge_costs_daily of one UTC day anew, from the rows of the calls
-- that were made on it; whoever runs it holds the lock.

-- Hashes of a day with a million users stay in memory; until the transaction ends.
SET LOCAL work_mem = '128MB';

DELETE FROM assay.costs_daily WHERE day = %(day)s;

DELETE FROM assay.judge_costs_daily WHERE day = %(day)s;

-- Of each project the user groups that cost most keep their names; the rest is 'other', so that an attribute with a
-- value of its own for every user makes no row for every user. Which those are is found first, by one narrow pass.
WITH summed AS (
    SELECT project, attributes ->> %(user_group)s AS user_group, sum(cost) AS cost, count(*) AS calls
    FROM assay.interactions
    WHERE occurred_at >= %(start)s AND occurred_at < %(end)s
    GROUP BY 1, 2),
ranked AS (
    SELECT project, user_group, row_number() OVER (
        PARTITION BY project ORDER BY cost DESC NULLS LAST, calls DESC, user_group COLLATE "C") AS place
    FROM summed
    WHERE user_group <> ''),
placed AS MATERIALIZED (
    SELECT project, user_group, left(user_group, 100) AS name FROM ranked WHERE place <= %(places)s)
INSERT INTO assay.costs_daily (day, kind, project, model, environment, prompt_version, user_group, provider_name,
    price_source, calls, unpriced, input_tokens, output_tokens, cached_input_tokens, reasoning_tokens,
    cache_write_tokens, cost, billed_calls, billed_cost, billed_computed)
SELECT %(day)s, 'application', i.project, coalesce(response_model, request_model, '') AS model, environment,
       coalesce(prompt_version, '') AS version,
       coalesce(name, CASE WHEN attributes ->> %(user_group)s <> '' THEN 'other' ELSE '' END) AS named,
       coalesce(provider_name, '') AS provider, coalesce(price_source, '') AS priced_by,
       count(*), count(*) - count(cost), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
       coalesce(sum(cached_input_tokens), 0), coalesce(sum(reasoning_tokens), 0),
       coalesce(sum(cache_write_tokens), 0), sum(cost), count(cost + billed_cost),
       coalesce(sum(billed_cost) FILTER (WHERE cost IS NOT NULL), 0),
       coalesce(sum(cost) FILTER (WHERE billed_cost IS NOT NULL), 0)
FROM assay.interactions i
LEFT JOIN placed p ON (p.project, p.user_group) = (i.project, i.attributes ->> %(user_group)s)
WHERE occurred_at >= %(start)s AND occurred_at < %(end)s
GROUP BY i.project, model, environment, version, named, provider, priced_by;

WITH called AS MATERIALIZED (
    SELECT project, dimension, judge, coalesce(response_model, request_model) AS model, mode, provider_name,
           count(*) AS calls, count(*) - count(cost) AS unpriced, coalesce(sum(input_tokens), 0) AS input_tokens,
           coalesce(sum(output_tokens), 0) AS output_tokens,
           coalesce(sum(cached_input_tokens), 0) AS cached_input_tokens,
           coalesce(sum(reasoning_tokens), 0) AS reasoning_tokens,
           coalesce(sum(cache_write_tokens), 0) AS cache_write_tokens, sum(cost) AS cost
    FROM assay.judge_calls
    WHERE called_at >= %(start)s AND called_at < %(end)s
    GROUP BY 1, 2, 3, 4, 5, 6),
by_judge AS (
    INSERT INTO assay.judge_costs_daily (day, project, dimension, judge, model, mode, provider_name, calls, unpriced,
        input_tokens, output_tokens, cached_input_tokens, reasoning_tokens, cache_write_tokens, cost)
    SELECT %(day)s, project, dimension, judge, model, mode, provider_name, calls, unpriced, input_tokens,
           output_tokens, cached_input_tokens, reasoning_tokens, cache_write_tokens, cost
    FROM called)
INSERT INTO assay.costs_daily (day, kind, project, model, provider_name, calls, unpriced, input_tokens,
    output_tokens, cached_input_tokens, reasoning_tokens, cache_write_tokens, cost)
SELECT %(day)s, 'judge', project, model, provider_name, sum(calls), sum(unpriced), sum(input_tokens),
       sum(output_tokens), sum(cached_input_tokens), sum(reasoning_tokens),
       sum(cache_write_tokens), sum(cost)
FROM called
GROUP BY project, model, provider_name;
