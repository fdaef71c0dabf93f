# Assay: Airflow and the project's code, every package from the hashed lock.
FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 50000 assay
WORKDIR /opt/assay

COPY requirements.txt requirements-deploy.txt ./
# --no-deps: the locks are complete, and pip would refuse the extras that some packages ask for without a hash.
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt \
 && pip install --no-cache-dir --no-deps --require-hashes -r requirements-deploy.txt

COPY --chown=assay . .
ENV AIRFLOW_HOME=/opt/assay/.airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/assay/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/assay/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false \
    ASSAY_HOME=/var/lib/assay \
    PYTHONPATH=/opt/assay \
    PYTHONUNBUFFERED=1 \
    RAGAS_DO_NOT_TRACK=true \
    GX_ANALYTICS_ENABLED=false \
    DO_NOT_TRACK=1
RUN mkdir -p /var/lib/assay .airflow && chown -R assay /var/lib/assay .airflow
USER assay
