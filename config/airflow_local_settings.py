"""Enters: the start of an Airflow component. Leaves: in the scheduler, the libraries that tasks would import.

LocalExecutor forks its workers from the scheduler, so what the scheduler has imported costs a task nothing: a
task that validates with Great Expectations takes 0.3 s instead of 4. Assay's own modules are not among them, so
that a task always runs the code as it is on disk, unless `ASSAY_PRELOAD` names them.
"""

import gc
import importlib
import logging
import os
import sys

LIBRARIES = (
    "aiohttp",
    "alembic.command",
    "evidently",
    "evidently.presets",
    "genai_prices",
    "great_expectations",
    "jinja2",
    "orjson",
    "pandas",
    "psycopg",
    "pydantic_settings",
    "ragas.metrics.collections",
    "scipy.stats",
    "slack_sdk",
    "statsmodels.api",
    "yaml",
)

if "scheduler" in sys.argv[:3]:
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    for library in (*LIBRARIES, *os.environ.get("ASSAY_PRELOAD", "").split()):
        try:
            importlib.import_module(library)
        except Exception as error:  # tasks that need it will say so; the others can run
            logging.getLogger(__name__).warning("cannot preload %s: %s", library, error)
    gc.freeze()  # a collection in a worker would copy the pages that it shares with the scheduler
