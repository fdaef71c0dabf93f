"""The pages inside Airflow: FastAPI, templates and a little script; a module for each page."""
