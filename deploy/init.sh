#!/usr/bin/env bash
# Run once per release, before the other services: both schemas, the pool, the first user.
set -euo pipefail
airflow db migrate
python -m include.adapters.postgres.migrate
airflow pools set judges 4 "Shards that are scored at once"
airflow users create --role Admin --username admin --password "$ADMIN_PASSWORD" \
    --firstname Assay --lastname Admin --email admin@example.com || true
