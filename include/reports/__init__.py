"""Costs and scores go in, the daily cost summary and the weekly report come out."""
