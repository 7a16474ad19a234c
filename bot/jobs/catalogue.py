"""The catalogue checked against what the provider has now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bot.domain.catalogue import Catalogue
from bot.domain.ports import Provider
from bot.domain.timing import Timing
from bot.errors import ProviderError

log = structlog.get_logger(__name__)


class LiveCatalogue:
    """Holds the catalogue with its live models; asks the provider at start and every few hours."""

    def __init__(
        self,
        catalogue: Catalogue,
        provider: Provider,
        timing: Timing,
        priced: Callable[[Catalogue], Catalogue] = lambda catalogue: catalogue,
    ) -> None:
        """``priced`` gives models without a table the prices that were asked for (`Quotes.over`)."""
        self._catalogue = catalogue
        self._provider = provider
        self._timing = timing
        self._priced = priced

    def now(self) -> Catalogue:
        """The catalogue as it is known now."""
        return self._priced(self._catalogue)

    async def refresh(self) -> bool:
        """Ask the provider; rows that it lacks are withdrawn, each with a log line. False: no answer."""
        try:
            endpoints = await self._provider.live_endpoints()
        except ProviderError as error:
            log.warning("catalogue_not_refreshed", error=type(error).__name__, detail=str(error))
            return False
        before = {model.name for model in self._catalogue.offered}
        self._catalogue = self._catalogue.with_live(endpoints)
        after = {model.name for model in self._catalogue.offered}
        for name in sorted(before - after):
            log.warning("model_withdrawn", model=name, endpoint=self._catalogue.models[name].endpoint)
        for name in sorted(after - before):
            log.info("model_offered", model=name)
        return True

    async def run(self) -> None:
        """Refresh until cancelled; sooner after a failure."""
        while True:
            known = self._catalogue.live is not None
            await asyncio.sleep(self._timing.catalogue_beat if known else self._timing.retry_most)
            await self.refresh()
