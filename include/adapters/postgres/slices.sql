-- Gives the values of an attribute that were logged in [start, end) their places: of each project the most frequent of
-- those that have none take what is left of the places. A value keeps its place, so that its past stays its own.

WITH seen AS (
    SELECT project, ${value} AS value, count(*) AS n, max(logged_at) AS last_at
    FROM assay.interactions
    WHERE logged_at >= %(start)s AND logged_at < %(end)s
    GROUP BY 1, 2),
ranked AS (
    SELECT s.*, p.value IS NOT NULL AS has_place,
           row_number() OVER (PARTITION BY s.project, p.value IS NULL ORDER BY n DESC, s.value) AS rank
    FROM seen s LEFT JOIN assay.slice_places p ON (p.attribute, p.project, p.value) = (%(attribute)s, s.project, s.value)
    WHERE s.value <> ''),
taken AS (
    SELECT project, count(*) AS places
    FROM assay.slice_places
    WHERE attribute = %(attribute)s AND last_at >= %(start)s - interval '60 days'
    GROUP BY project)
INSERT INTO assay.slice_places AS known
SELECT %(attribute)s, project, value, last_at
FROM ranked LEFT JOIN taken USING (project)
WHERE has_place OR rank <= %(places)s - coalesce(places, 0)
ORDER BY project, value
ON CONFLICT (attribute, project, value) DO UPDATE SET last_at = excluded.last_at
WHERE known.last_at < excluded.last_at - interval '1 day';
