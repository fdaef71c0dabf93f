#!/usr/bin/env bash
# Run once by the postgres image: three databases, and a role for the application's log that can only read.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username postgres \
    -v airflow="$AIRFLOW_DB_PASSWORD" -v store="$ASSAY_STORE_PASSWORD" -v reader="$ASSAY_SOURCE_PASSWORD" <<'SQL'
CREATE ROLE airflow LOGIN PASSWORD :'airflow';
CREATE ROLE assay LOGIN PASSWORD :'store';
CREATE ROLE assay_reader LOGIN PASSWORD :'reader';
CREATE DATABASE airflow OWNER airflow;
CREATE DATABASE assay OWNER assay;
CREATE DATABASE app;
REVOKE CONNECT ON DATABASE airflow, assay, app FROM PUBLIC;
GRANT CONNECT ON DATABASE app TO assay_reader;
\connect app
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO assay_reader;
SQL
psql -v ON_ERROR_STOP=1 --username postgres --dbname app -f /native.sql
