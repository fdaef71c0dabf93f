"""A search goes in, a page of interactions comes out, with what else could be looked for."""

from __future__ import annotations

from include import settings as configuration
from include.adapters.postgres.interaction_list import InteractionList
from include.assembly import open_store
from include.domain.listing import Choices, Listing, Search


def interactions(search: Search) -> tuple[Listing, Choices]:
    """What was found, and the projects, environments, models and prompt versions that were logged in its window."""
    with open_store(configuration.for_the_store()) as store:
        known = InteractionList(store)
        return known.page(search), known.choices(search.window)
