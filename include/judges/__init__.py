"""Judges: in goes an interaction, out come scores or the reasons why there are none."""
