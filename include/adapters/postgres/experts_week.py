"""A week goes in; what experts said of interactions and judges comes out, and what it changed."""

from __future__ import annotations

import psycopg
from psycopg.rows import class_row

from include.domain.feedback import SAME_GRADE, ExpertsOnJudge, ExpertsWeek, Judged
from include.domain.interaction import Window

# Of what a person gave an interaction in a dimension the latest of the week counts.
JUDGES = """
    WITH given AS (
        SELECT DISTINCT ON (interaction_id, logged_at, who, dimension) dimension, epoch, value - judged AS difference
        FROM assay.feedback
        WHERE kind = 'score' AND at >= %(start)s AND at < %(end)s
        ORDER BY interaction_id, logged_at, who, dimension, at DESC, feedback_id DESC)
    SELECT g.dimension, coalesce(max(e.judge), '') AS judge, g.epoch,
           count(*) FILTER (WHERE abs(g.difference) < %(same)s) AS same,
           count(*) FILTER (WHERE g.difference <= -%(same)s) AS less,
           count(*) FILTER (WHERE g.difference >= %(same)s) AS more, avg(g.difference) AS difference
    FROM given g LEFT JOIN assay.judge_epochs e USING (epoch)
    WHERE g.difference IS NOT NULL
    GROUP BY g.dimension, g.epoch ORDER BY g.dimension, count(*) DESC, g.epoch"""

CORRECTED = """
    SELECT count(DISTINCT (interaction_id, logged_at)) FROM assay.feedback
    WHERE kind = 'correction' AND at >= %(start)s AND at < %(end)s"""

# An interaction that was judged again more than once goes from the first value to the last.
REJUDGED = """
    WITH each AS (
        SELECT project, (array_agg(before -> 'composite' ORDER BY at, rejudgement_id))[1]::float8 AS before,
               (array_agg(after -> 'composite' ORDER BY at DESC, rejudgement_id DESC))[1]::float8 AS after
        FROM assay.rejudgements
        WHERE corrected AND at >= %(start)s AND at < %(end)s AND before ? 'composite' AND after ? 'composite'
        GROUP BY project, interaction_id, logged_at)
    SELECT project, count(*) AS n, avg(before) AS before, avg(after) AS after
    FROM each GROUP BY project ORDER BY project"""

CASES = """
    SELECT dataset, count(*) FROM assay.cases WHERE at >= %(start)s AND at < %(end)s
    GROUP BY dataset ORDER BY dataset"""


def experts_week(connection: psycopg.Connection, window: Window) -> ExpertsWeek:
    """What was said, corrected, judged again after a correction, and kept in `window`."""
    asked = {"start": window.start, "end": window.end, "same": SAME_GRADE}
    with connection.cursor(row_factory=class_row(ExpertsOnJudge)) as cursor:
        judges = cursor.execute(JUDGES, asked).fetchall()
    with connection.cursor(row_factory=class_row(Judged)) as cursor:
        rejudged = cursor.execute(REJUDGED, asked).fetchall()
    corrected = connection.execute(CORRECTED, asked).fetchone()
    assert corrected is not None, "an aggregate without GROUP BY has one row"
    cases = connection.execute(CASES, asked).fetchall()
    return ExpertsWeek(tuple(judges), corrected[0], tuple(rejudged), tuple(cases))
