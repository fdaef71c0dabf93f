"""The demonstration: an invented world of four LLM applications; the product knows nothing of it."""
