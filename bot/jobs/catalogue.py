"""The catalogue checked against what the providers have now."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog

from bot.clock import Clock
from bot.domain.catalogue import Catalogue
from bot.domain.live import Checked, LiveInput, LiveList, LiveModel, LiveModels, checked
from bot.domain.ports import Provider
from bot.domain.stores import Notes
from bot.domain.timing import Timing
from bot.errors import ProviderDown, ProviderError, StorageBusy
from bot.jobs.notes import read

log = structlog.get_logger(__name__)

NOTE = "models:"  # and the provider's name


class LiveCatalogue:
    """Holds the catalogue with its live models; reads the providers' lists at start and every few hours.

    The last lists are notes in the database, so that every process, and a start without a network, knows
    them. One process reads them for all, but for a model that an edit was just refused.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        providers: Mapping[str, Provider],
        notes: Notes,
        timing: Timing,
        clock: Clock,
        priced: Callable[[Catalogue], Catalogue] = lambda catalogue: catalogue,
    ) -> None:
        """``priced`` gives models without a table the prices that were asked for (`Quotes.over`)."""
        self._rows = catalogue
        self._providers = providers
        self._notes = notes
        self._timing = timing
        self._clock = clock
        self._priced = priced
        self._lists: dict[str, LiveList] = {}
        self._checked = checked(catalogue, dict.fromkeys(providers))
        self._read_at: float | None = None  # monotonic
        self._fine = False  # whether every provider answered last
        self._turn = asyncio.Lock()

    def now(self) -> Catalogue:
        """The catalogue as it is known now, with prices."""
        return self._priced(self.unpriced())

    def unpriced(self) -> Catalogue:
        """The same with the prices of its file only."""
        return self._checked.catalogue

    @property
    def checked(self) -> Checked:
        """What is live and what isn't, and why."""
        return self._checked

    @property
    def lists(self) -> Mapping[str, LiveList]:
        """What the providers had when they were last asked, as far as is known."""
        return self._lists

    async def load(self) -> None:
        """Take up what was known before the last restart, or what another process has read since."""
        found: dict[str, LiveList] = {}
        for name in self._providers:
            have = self._lists[name].at if name in self._lists else None
            try:
                known = await read(self._notes, f"{NOTE}{name}", _list_of, have)
            except StorageBusy as error:
                log.warning("models_not_loaded", provider=name, detail=str(error))
                continue
            if known is not None:
                found[name] = known
        if found:
            self._lists |= found
            self._take()

    async def refresh(self) -> bool:
        """Read every provider's list; False if one did not answer, whose last list then still holds."""
        async with self._turn:
            return await self._refresh()

    async def verify(self, name: str) -> bool:
        """Whether a model is live, read anew: a provider just refused an edit of it.

        Many edits may meet the end of a model together, and the list is large: it is read once.
        """
        asked = self._clock.monotonic()
        async with self._turn:
            fresh = self._read_at is not None and self._read_at > asked - self._timing.retry_first
            if self.unpriced().is_live(name) and not fresh:
                await self._refresh()
        return self.unpriced().is_live(name)

    async def run(self) -> None:
        """Refresh until cancelled, in one process at a time; sooner after a failure."""
        while True:
            await asyncio.sleep(self._timing.catalogue_beat if self._fine else self._timing.retry_most)
            await self.refresh()

    async def follow(self) -> None:
        """Take up the lists that another process reads, until cancelled."""
        while True:
            await self.load()
            await asyncio.sleep(self._timing.retry_most)

    async def _refresh(self) -> bool:
        answers = [await self._read(name, provider) for name, provider in self._providers.items()]
        self._read_at = self._clock.monotonic()
        self._take()
        self._fine = all(answers)
        return self._fine

    async def _read(self, name: str, provider: Provider) -> bool:
        try:
            found = LiveList(await provider.live_models(), self._clock.now())
            self._check(name, found.models)
        except ProviderError as error:
            kept = self._lists.get(name)
            age = None if kept is None else round((self._clock.now() - kept.at).total_seconds())
            detail = {"error": type(error).__name__, "detail": str(error)}
            log.warning("catalogue_not_refreshed", provider=name, list_age_seconds=age, **detail)
            return False
        self._lists[name] = found
        try:
            await self._notes.put(f"{NOTE}{name}", json.dumps(_plain(found)), found.at)
        except StorageBusy as error:
            log.warning("models_not_kept", provider=name, detail=str(error))
        return True

    def _check(self, name: str, found: LiveModels | None) -> None:
        """Raise ProviderDown if a list lacks all of our models at once: they don't all die in an hour."""
        known = self._lists.get(name)
        if found is None or known is None or known.models is None:
            return
        ours = {row.endpoint for row in self._rows.models.values() if row.provider == name}
        before = ours & known.models.keys()
        if len(before) > 1 and ours.isdisjoint(found):
            raise ProviderDown(f"its list lacks all of our {len(before)} models at once")

    def _take(self) -> None:
        """Check the rows against the lists, and log what is new."""
        lists: dict[str, LiveModels | None] = dict.fromkeys(self._providers)
        lists |= {name: known.models for name, known in self._lists.items()}
        before, self._checked = self._checked, checked(self._rows, lists)
        for name, why in _news(before.withdrawn, self._checked.withdrawn):
            log.warning("model_withdrawn", model=name, endpoint=self._rows.models[name].endpoint, why=why)
        for name in sorted(before.withdrawn.keys() - self._checked.withdrawn.keys()):
            log.info("model_offered", model=name)
        for name, why in _news(before.narrowed, self._checked.narrowed):
            log.warning("model_narrowed", model=name, why=why)
        for name in sorted(self._checked.unread - before.unread):
            log.warning("model_without_schema", model=name)


def _news(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, why) for name, why in after.items() if before.get(name) != why]


def _plain(known: LiveList) -> dict[str, Any]:
    models = None if known.models is None else [asdict(model) for model in known.models.values()]
    return {"at": known.at.isoformat(), "models": models}


def _list_of(text: str) -> LiveList:
    """What `_plain` wrote."""
    kept = json.loads(text)
    at, models = datetime.fromisoformat(kept["at"]), kept["models"]
    return LiveList(None if models is None else {row["endpoint"]: _model(row) for row in models}, at)


def _model(row: Mapping[str, Any]) -> LiveModel:
    inputs = row["inputs"]
    read = None if inputs is None else {name: _input(entry) for name, entry in inputs.items()}
    return LiveModel(row["endpoint"], row["kind"], row["micros"], read)


def _input(entry: Mapping[str, Any]) -> LiveInput:
    return LiveInput(**{**entry, "values": tuple(entry["values"])})
