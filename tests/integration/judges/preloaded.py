"""Imports RAGAS at once: what workers are forked from that are to be at work within a moment."""

from include.judges.ragas_scorers import prepare

prepare()
