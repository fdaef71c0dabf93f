"""A search goes in, a page of interactions comes out, with what else could be looked for."""

from __future__ import annotations

from include import settings as configuration
from include.adapters.postgres.interaction_list import InteractionList
from include.domain.listing import Choices, Listing, Search
from include.pages.reading import reading


def interactions(search: Search) -> tuple[Listing, Choices]:
    """What was found, and the projects, environments, models and prompt versions that were logged in its window."""
    with reading(configuration.for_the_store()) as store:
        known = InteractionList(store)
        return known.page(search), known.choices(search.window)
