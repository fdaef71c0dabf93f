"""Assay's code: stages whose names sort in the order in which data flows, and the adapters around them."""
