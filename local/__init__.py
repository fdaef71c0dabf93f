"""The local runtime: what a laptop or a CI job needs to run Assay whole, without Docker."""
