"""The money: prices and contracts, budgets and forecasts, what was saved and what it was worth."""
