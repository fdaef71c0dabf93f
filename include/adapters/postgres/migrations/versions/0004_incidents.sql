-- Silences and maintenance, threads and receivers, acknowledgements and verdicts of on-call, heartbeats.

-- For how many of its windows in a row an alert's rule could not tell, since it last could; NULL where it never could.
ALTER TABLE assay.alerts_seen ADD COLUMN blind integer;

-- The episodes that a message leaves out because they were muted, and what it says of acknowledgement and mutes.
ALTER TABLE assay.notification_log
    ADD COLUMN muted text[] NOT NULL DEFAULT '{}',
    ADD COLUMN standing text NOT NULL DEFAULT '';

-- matchers: [{label, operator, value}]; all of them must hold. A silence that ends early keeps its row.
ALTER TABLE assay.silences ADD CONSTRAINT silences_match_something CHECK (jsonb_array_length(matchers) > 0);
CREATE INDEX silences_by_end ON assay.silences (ends_at);

CREATE TABLE assay.acknowledgements (
    incident_id     text PRIMARY KEY,
    who             text NOT NULL,
    at              timestamptz NOT NULL
);

-- What on-call says of an incident, one row for each person: was it worth being told?
CREATE TABLE assay.verdicts (
    incident_id     text NOT NULL,
    who             text NOT NULL,
    useful          boolean NOT NULL,
    at              timestamptz NOT NULL,
    PRIMARY KEY (incident_id, who)
);

-- When each part of Assay last came to its end: whoever finds an old row knows that nobody watches.
CREATE TABLE assay.heartbeats (
    name            text PRIMARY KEY,               -- watch_quality, watch_assay
    at              timestamptz NOT NULL,
    pinged_at       timestamptz,                    -- when the address outside last answered, if there is one
    failure         text                            -- why it did not answer this time
);

-- What the thread of a message holds, one row for each reply: written with the intent before sending, completed after.
CREATE TABLE assay.thread_log (
    message_key     text NOT NULL,
    receiver        text NOT NULL,
    event           text NOT NULL,                  -- what happened; unique in the thread
    text            text NOT NULL,
    intended_at     timestamptz NOT NULL,
    confirmed       boolean NOT NULL DEFAULT false, -- whether it is known to stand there
    PRIMARY KEY (message_key, receiver, event)
);

-- The digest of the message up to which its thread tells the history.
CREATE TABLE assay.threads (
    message_key     text NOT NULL,
    receiver        text NOT NULL,
    digest          text NOT NULL,
    PRIMARY KEY (message_key, receiver)
);
-- Messages that were told before there were threads get none for what is past.
INSERT INTO assay.threads SELECT message_key, receiver, digest FROM assay.notification_log WHERE ts IS NOT NULL;
