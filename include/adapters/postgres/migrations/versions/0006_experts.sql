-- What experts say of interactions and of their judges, the cases that they keep, and what RAGAS says of each statement.

-- What the judge said of each statement of the answer, [{text, reason, good}]; NULL of a judge that takes none apart.
ALTER TABLE assay.scores ADD COLUMN statements jsonb;

-- What a person said of an interaction. No row is changed afterwards: the latest of a person, kind and dimension counts.
CREATE TABLE assay.feedback (
    feedback_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    interaction_id  text NOT NULL,
    logged_at       timestamptz NOT NULL,
    project         text NOT NULL,
    environment     text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('score', 'correction')),
    dimension       text NOT NULL CHECK ((kind = 'score') = (dimension <> '')),
    epoch           text NOT NULL CHECK ((kind = 'score') = (epoch <> '')),     -- the judge whose score the person saw
    judged          double precision CHECK (judged BETWEEN 0 AND 1),    -- that score, or the composite of the answer
    value           double precision CHECK (value BETWEEN 0 AND 1),    -- what the person gives
    text            text NOT NULL,                  -- why; or the answer as it should have been
    who             text NOT NULL,
    at              timestamptz NOT NULL,
    CHECK ((kind = 'score') = (value IS NOT NULL))
);
CREATE INDEX feedback_by_interaction ON assay.feedback (interaction_id, logged_at);
CREATE INDEX feedback_by_time ON assay.feedback (at);

-- Interactions that are kept as examples of what is expected; `interaction` is whole, so that it outlives the retention.
CREATE TABLE assay.cases (
    case_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset         text NOT NULL,
    interaction_id  text NOT NULL,
    logged_at       timestamptz NOT NULL,
    project         text NOT NULL,
    environment     text NOT NULL,
    interaction     jsonb NOT NULL,
    expected        text NOT NULL,                  -- the answer as it should be; '' where only the note tells
    note            text NOT NULL,
    who             text NOT NULL,
    at              timestamptz NOT NULL,
    UNIQUE (dataset, interaction_id, logged_at)
);
CREATE INDEX cases_by_time ON assay.cases (at);

-- Judging again that a person asked for; `before` and `after` map each dimension, and composite, to its value.
CREATE TABLE assay.rejudgements (
    rejudgement_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    interaction_id  text NOT NULL,
    logged_at       timestamptz NOT NULL,
    project         text NOT NULL,
    environment     text NOT NULL,
    corrected       boolean NOT NULL,               -- whether a person's correction stood in for the reference
    before          jsonb NOT NULL,
    after           jsonb NOT NULL,
    who             text NOT NULL,
    at              timestamptz NOT NULL
);
CREATE INDEX rejudgements_by_interaction ON assay.rejudgements (interaction_id, logged_at);
CREATE INDEX rejudgements_by_time ON assay.rejudgements (at);

-- What the summary of a day (UTC) was made from when it was told last; another digest, and it is made and edited again.
CREATE TABLE assay.cost_summaries (
    day             date PRIMARY KEY,
    made_from       text NOT NULL
);
