"""What an edit is charged."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bot.domain.catalogue import Catalogue
from bot.domain.edits import Edit
from bot.domain.pictures import Size
from bot.domain.plan import row_of
from bot.domain.stores import Edits
from bot.jobs.quoting import Quotes, Sent

log = structlog.get_logger(__name__)


class Charging:
    """The price of a bought edit: what the provider says that it cost, else by the picture, else the hold."""

    def __init__(self, edits: Edits, quotes: Quotes, catalogue: Callable[[], Catalogue]) -> None:
        self._edits = edits
        self._quotes = quotes
        self._catalogue = catalogue

    async def __call__(self, edit: Edit, result: Size | None) -> int:
        """The charge in micro-dollars; ``result`` is the size of the picture, if one came.

        More than was held only where the provider itself says so: it bills us that.
        """
        attempt = await self._edits.current_attempt(edit.id)
        if attempt is not None and attempt.cost is not None:
            if attempt.cost > edit.quote:
                log.warning("charged_beyond_hold", edit=edit.id, held=edit.quote, cost=attempt.cost)
            return attempt.cost
        model = row_of(self._catalogue(), edit)
        if model is None or result is None:
            return edit.quote
        sent = Sent.of(edit)
        return await self._quotes.price_of_result(model, edit.choices, result, sent, edit.quote)
