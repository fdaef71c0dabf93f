"""What the pages inside Airflow show comes out, a module for each page: read from the store, never written."""
