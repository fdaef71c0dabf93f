"""Hourly segments and rules go in; what each rule found, with its evidence, comes out."""
