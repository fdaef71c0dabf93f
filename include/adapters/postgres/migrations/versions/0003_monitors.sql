-- What monitors look at beside scores: further measures, slices of traffic, topics, causes.

-- The same as assay.segments_hourly by an attribute of the interaction in place of model and prompt version, for the
-- attributes that rules.yaml names.
CREATE TABLE assay.slices_hourly (LIKE assay.segments_hourly INCLUDING DEFAULTS);
ALTER TABLE assay.slices_hourly RENAME COLUMN model TO attribute;
ALTER TABLE assay.slices_hourly RENAME COLUMN prompt_version TO value;
ALTER TABLE assay.slices_hourly ADD PRIMARY KEY (attribute, measure, hour, project, environment, value, epoch);
CREATE INDEX slices_by_hour ON assay.slices_hourly (hour);

-- The values of an attribute that are counted by themselves; all others are counted as 'other'.
CREATE TABLE assay.slice_places (
    attribute       text NOT NULL,
    project         text NOT NULL,
    value           text NOT NULL,
    last_at         timestamptz NOT NULL,           -- about when it was logged last: a place that nobody uses is free
    PRIMARY KEY (attribute, project, value)
);
