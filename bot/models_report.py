"""``python -m bot models``: which models are offered, which are not and why, and which could be added."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from datetime import datetime

from bot import own_models
from bot.clock import Clock
from bot.domain.catalogue import Model
from bot.domain.live import LiveModel, LiveModels, Misfit
from bot.domain.live_rows import drafted, others
from bot.domain.money import dollars
from bot.domain.stores import Notes
from bot.errors import StartRefused
from bot.jobs.catalogue import LiveCatalogue
from bot.jobs.quoting import Quotes
from bot.reports import Cell, Dollars, Form, Table, missing
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.migrations import pending
from bot.storage.notes import SqlNotes
from bot.wiring import outgoing, results
from bot.wiring.money import WAVESPEED

_NAMES = ("model", "state", "price", "mask", "pictures", "provider", "endpoint")
_OTHERS = ("endpoint", "base_price", "mask", "pictures")


class Models:
    """The catalogue against the providers' lists, read just now."""

    def __init__(self, live: LiveCatalogue, providers: Collection[str], fresh: bool) -> None:
        self._live = live
        self._providers = providers
        self._fresh = fresh

    def written(self, form: Form) -> str:
        """Both tables: our rows, and the other edit models that the account could use."""
        ours = Table((*_NAMES, "why"), [(*self._row(model), self._why(model.name)) for model in self._rows])
        rest = Table(_OTHERS, [_other(model) for model in self._others])
        if form is Form.JSON:
            found = {"models": json.loads(ours.written(form)), "others": json.loads(rest.written(form))}
            return json.dumps(found)
        shown = Table(_NAMES, [self._row(model) for model in self._set_up], tuple(self._remarks()))
        head = "Other edit models of WaveSpeed (python -m bot models --add ENDPOINT prints a row for one):"
        return f"{shown.written(form)}\n\n{head}\n{rest.written(form)}"

    def added(self, endpoint: str) -> str:
        """A row for one of WaveSpeed's models, in TOML.

        Raises:
            StartRefused: there is no such model, it has a row, or no row of ours can be made of it.
        """
        rows = self._live.unpriced().models
        for row in rows.values():
            if (row.provider, row.endpoint) == (WAVESPEED, endpoint):
                raise StartRefused(f"{endpoint} has a row already: {row.name}")
        found = self._list.get(endpoint)
        if found is None:
            raise StartRefused(f"WaveSpeed has no model {endpoint!r:.100}: python -m bot models lists them")
        try:
            text = drafted(found, WAVESPEED, self._list, rows)
        except Misfit as error:
            raise StartRefused(f"No row can be made of {endpoint}: {error}") from error
        return f"# For {own_models.NAME} in DATA_DIR. Look at every remark first.\n{text}"

    @property
    def _rows(self) -> list[Model]:
        catalogue = self._live.now()
        hidden = (row for row in catalogue.models.values() if row not in catalogue.offered)
        return [*catalogue.offered, *hidden]

    @property
    def _set_up(self) -> list[Model]:
        return [model for model in self._rows if model.provider in self._providers]

    @property
    def _list(self) -> LiveModels:
        known = self._live.lists.get(WAVESPEED)
        return (known.models or {}) if known else {}

    @property
    def _others(self) -> list[LiveModel]:
        return others(self._live.unpriced(), WAVESPEED, self._list)

    def _row(self, model: Model) -> tuple[Cell, ...]:
        mask = "required" if model.needs_mask else "yes" if model.mask else ""
        shown = (model.most_pictures, model.provider, model.endpoint)
        return (model.name, self._state(model), _prices(model), mask, *shown)

    def _state(self, model: Model) -> str:
        if model.name in self._live.checked.withdrawn:
            return "withdrawn"
        return "no price yet" if model.quoted else "offered"

    def _why(self, name: str) -> str | None:
        checked = self._live.checked
        return checked.withdrawn.get(name) or checked.narrowed.get(name)

    def _remarks(self) -> list[str]:
        """Lines below the table."""
        reasons = [f"{model.name}: {why}" for model in self._set_up if (why := self._why(model.name))]
        missing = sorted({model.provider for model in self._rows} - set(self._providers))
        reasons += [outgoing.NOT_SET_UP.get(name, f"{name}: not set up") for name in missing]
        if any(self._state(model) == "no price yet" for model in self._set_up):
            reasons.append("What has no price yet is offered once the running bot has asked for its prices.")
        if not self._fresh:
            reasons.append(f"Not every provider answered. WaveSpeed's list is {_age(self._live)}.")
        return ["", *reasons] if reasons else []


def _prices(model: Model) -> str | None:
    if model.quoted:
        return None
    cheapest, dearest = (dollars(edge(row.micros for row in model.prices)) for edge in (min, max))
    return cheapest if cheapest == dearest else f"{cheapest}–{dearest}"


def _other(model: LiveModel) -> tuple[Cell, ...]:
    inputs = model.inputs or {}
    base = None if model.micros is None else Dollars(model.micros)
    pictures = 1 if "images" not in inputs else inputs["images"].most
    return (model.endpoint, base, "yes" if {"mask", "mask_image"} & inputs.keys() else "", pictures)


def _age(live: LiveCatalogue) -> str:
    known = live.lists.get(WAVESPEED)
    return "not known" if known is None else f"of {known.at:%Y-%m-%d %H:%M} UTC"


class _NoNotes:
    """Notes where there is no database yet: none, and none are kept."""

    async def get(self, name: str) -> str | None:
        return None

    async def newer(self, name: str, than: datetime | None) -> str | None:
        return None

    def alone(self, name: str) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def put(self, name: str, text: str, now: datetime) -> None:
        return None

    async def put_new(self, name: str, text: str, now: datetime) -> bool:
        return True

    async def drop(self, name: str) -> bool:
        return False


def _is_current(url: str) -> bool:
    return not missing(url) and not pending(url)


@asynccontextmanager
async def _notes(settings: Settings) -> AsyncIterator[Notes]:
    """The notes of the settings' database, if it is there and of this version."""
    if not await asyncio.to_thread(_is_current, settings.app_database_url):
        yield _NoNotes()
        return
    database = Database.open(settings.app_database_url)
    try:
        yield SqlNotes(database)
    finally:
        await database.close()


async def look(settings: Settings, clock: Clock) -> Models:
    """Read the providers' lists; where one does not answer, what the bot kept of it.

    Raises:
        StartRefused: the operator's rows can't be read. StorageBusy.
    """
    rows = own_models.rows(settings.data_dir)
    async with AsyncExitStack() as stack:
        notes = await stack.enter_async_context(_notes(settings))
        first = outgoing.wavespeed(settings, stack)
        providers = outgoing.providers(settings, stack, first, results.blobs(settings))
        quotes = Quotes(providers.of, notes, settings.timing, clock)
        live = LiveCatalogue(rows, providers, notes, settings.timing, clock, quotes.over)
        await quotes.load()
        await live.load()
        return Models(live, providers, fresh=await live.refresh())
