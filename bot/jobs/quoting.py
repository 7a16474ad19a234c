"""What things cost: asked of the provider, for free and remembered for an hour; else by the table."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Protocol, Self

import structlog

from bot.clock import Clock
from bot.domain.catalogue import ASPECT, QUALITY, RESOLUTION, Catalogue, Model, Price, nearest_aspect
from bot.domain.edits import Edit
from bot.domain.pictures import Size
from bot.domain.plan import Draft, Plan
from bot.domain.ports import Submission
from bot.domain.stores import Notes
from bot.domain.timing import Timing, seconds_until
from bot.errors import PriceUnknown, ProviderError, StorageBusy
from bot.jobs.notes import read

log = structlog.get_logger(__name__)

NOTE = "quotes"
_MOST_KEPT = 1000
_AT_ONCE = 4
# Nothing is fetched to answer how much; only how many there are may matter.
_PICTURE = "https://example.com/{number}.png"
_PROMPT = "a picture"
_SHOWN = (QUALITY, RESOLUTION)  # what menus price
_MOST_SHOWN = 1  # pictures
_HOLDS_FOR = timedelta(days=1)  # so long an edit may be bought at a price that menus show


class Quoting(Protocol):
    """The part of a provider that is asked here."""

    async def quote(self, submission: Submission) -> int | None:
        """What a submission will cost; None where it can't be asked."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What of an edit's pictures is sent, which a price may depend on."""

    pictures: int
    masked: bool = False

    @classmethod
    def of(cls, edit: Edit) -> Self:
        """What is sent of an edit."""
        return cls(edit.pictures_sent, masked=edit.mask_key is not None)


@dataclass(frozen=True, slots=True)
class _Kept:
    micros: int
    until: float  # monotonic


_Key = tuple[str, tuple[tuple[str, str], ...], Sent]
_Table = tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The prices that menus show of an endpoint, and when they were asked for."""

    rows: _Table
    at: datetime


class Quotes:
    """The prices of one process. Each is what this account pays, discounts included, in micro-dollars."""

    def __init__(
        self, provider_of: Callable[[Model], Quoting], notes: Notes, timing: Timing, clock: Clock
    ) -> None:
        self._provider_of = provider_of
        self._notes = notes
        self._timing = timing
        self._clock = clock
        # Asking is free, so each process remembers what it asked itself.
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._silent: dict[str, float] = {}  # endpoints that could not be asked, until when (monotonic)
        self._drifted: OrderedDict[_Key, None] = OrderedDict()
        self._tables: dict[str, _Asked] = {}
        self._tables_at: datetime | None = None
        self._complete = True  # whether all of them could be asked for
        self._over: tuple[Catalogue, Catalogue] | None = None
        self._turn = asyncio.Semaphore(_AT_ONCE)

    # --- one price --------------------------------------------------------------------------------------

    async def priced(self, draft: Draft, sent: Sent) -> Plan:
        """A draft with what is to be held for it: of what is left to the model, the dearest.

        Raises:
            PriceUnknown: neither the provider nor the table can tell.
        """
        return draft.at(await self.price(draft.model, draft.choices, sent))

    async def price(self, model: Model, choices: Mapping[str, str], sent: Sent) -> int:
        """What these choices cost; of what is left to the model, the dearest that could come.

        Raises:
            PriceUnknown: neither the provider nor the table can tell.
        """
        variants = self._variants(model, choices)
        asked = await asyncio.gather(*(self._exact(model, variant, sent) for variant in variants))
        known = [price for price in asked if price is not None]
        return max(known) if len(known) == len(variants) else self._by_table(model, choices, sent)

    def _by_table(self, model: Model, choices: Mapping[str, str], sent: Sent) -> int:
        """By the model's table; by the prices that menus show only where nothing makes it dearer."""
        asked = self._tables.get(model.endpoint)
        if asked is not None and asked.rows == model.prices:
            age = abs(self._clock.now() - asked.at)
            if age > _HOLDS_FOR or _pictures(model, sent) > _MOST_SHOWN:
                raise PriceUnknown(f"{model.name} could not be quoted now", model=model.name)
        return model.price(choices)

    async def price_of_result(
        self, model: Model, choices: Mapping[str, str], result: Size, sent: Sent, held: int
    ) -> int:
        """What is charged once the picture is there: a shape left to the model is read off the picture.

        Everything else costs what was held; nothing costs more.
        """
        if len(self._variants(model, choices)) == 1:
            return held
        known = {**choices, ASPECT: nearest_aspect(model.aspects, result)}
        try:
            return min(await self.price(model, known, sent), held)
        except PriceUnknown:
            return held

    def _variants(self, model: Model, choices: Mapping[str, str]) -> list[Mapping[str, str]]:
        """The choices with each shape that may come, where the price may depend on it."""
        aspect = model.choices.get(ASPECT)
        if aspect is None or aspect.field is None or ASPECT in choices:
            return [choices]
        by_table = not model.quoted and model.endpoint not in self._tables
        if by_table and not any(ASPECT in row.when for row in model.prices):
            return [choices]
        return [{**choices, ASPECT: value} for value in aspect.values]

    async def _exact(self, model: Model, choices: Mapping[str, str], sent: Sent) -> int | None:
        """The provider's own price, if it can be asked or was a short time ago."""
        key = (model.endpoint, tuple(sorted(model.parameters(choices).items())), sent)
        now = self._clock.monotonic()
        kept = self._kept.get(key)
        if kept is not None and kept.until > now:
            return kept.micros
        if self._silent.get(model.endpoint, now) > now:
            return None
        price = await self._ask(model, choices, sent)
        if price is None:
            self._silent[model.endpoint] = self._clock.monotonic() + self._timing.retry_most
            return None
        self._kept[key] = _Kept(price, self._clock.monotonic() + self._timing.quote_keep)
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        self._compare(key, model, choices, price)
        return price

    async def _ask(self, model: Model, choices: Mapping[str, str], sent: Sent) -> int | None:
        try:
            async with self._turn, asyncio.timeout(self._timing.quote):
                price = await self._provider_of(model).quote(_submission(model, choices, sent))
        except (ProviderError, TimeoutError) as error:
            log.warning("not_quoted", model=model.name, error=type(error).__name__, detail=str(error))
            return None
        if price is not None and price <= 0:
            log.error("quote_not_above_zero", model=model.name, quote=price)
            return None
        return price

    def _compare(self, key: _Key, model: Model, choices: Mapping[str, str], exact: int) -> None:
        """Say once for the same inputs that our table is wrong."""
        if model.tokens is not None or model.endpoint in self._tables or key in self._drifted:
            return  # what is billed by tokens has the most that it can cost in its table
        try:
            table = model.price(choices)
        except PriceUnknown:
            return
        if table != exact:
            self._drifted[key] = None
            if len(self._drifted) > _MOST_KEPT:
                self._drifted.popitem(last=False)
            log.warning("price_drift", model=model.name, choices=dict(choices), table=table, quote=exact)

    # --- tables for menus -------------------------------------------------------------------------------

    def over(self, catalogue: Catalogue) -> Catalogue:
        """The catalogue whose models without a table have one of the prices that were asked for."""
        if self._over is None or self._over[0] is not catalogue:
            models = {name: self.table(model) for name, model in catalogue.models.items()}
            self._over = (catalogue, replace(catalogue, models=models))
        return self._over[1]

    def table(self, model: Model) -> Model:
        """The model with such a table, and its sibling too; as it is where nothing was asked yet."""
        create = model.create and self.table(model.create)
        asked = self._tables.get(model.endpoint) if model.quoted else None
        return replace(model, prices=asked.rows if asked else model.prices, create=create)

    async def run(self, catalogue: Callable[[], Catalogue]) -> None:
        """Ask for the prices that menus show, at start and every few hours, until cancelled.

        One process at a time does it for all.
        """
        await self.load()
        while True:
            await asyncio.sleep(self._due())
            try:
                await self.refresh(catalogue())
            except StorageBusy as error:
                log.warning("quotes_not_kept", detail=str(error))

    async def follow(self) -> None:
        """Take up the prices that another process asks for, until cancelled."""
        while True:
            await self.load()
            await asyncio.sleep(self._timing.retry_most)

    async def load(self) -> None:
        """Take up what was asked for before the last restart, or by another process since."""
        try:
            kept = await read(self._notes, NOTE, _kept_of, self._tables_at)
        except StorageBusy as error:
            log.warning("quotes_not_read", detail=str(error))
            return
        if kept is not None:
            self._tables_at, tables = kept
            self._set(tables)

    async def refresh(self, catalogue: Catalogue) -> None:
        """Ask for all combinations of what menus price, of the live models that have no table.

        Raises:
            StorageBusy: it can't be kept for the next start.
        """
        self._tables_at = self._clock.now()
        quoted = [
            (name, row)
            for name, model in catalogue.models.items()
            for row in (model, model.create)
            if row is not None and row.quoted
        ]
        endpoints = {row.endpoint for _, row in quoted}
        found = {endpoint: asked for endpoint, asked in self._tables.items() if endpoint in endpoints}
        self._complete = True
        for model in [row for name, row in quoted if catalogue.is_live(name)]:
            if table := await self._shown(model):
                found[model.endpoint] = _Asked(table, self._clock.now())
            else:
                self._complete = False
        self._set(found)
        tables = {
            endpoint: {
                "at": asked.at.isoformat(),
                "rows": [[row.micros, dict(row.when)] for row in asked.rows],
            }
            for endpoint, asked in found.items()
        }
        at = self._tables_at
        await self._notes.put(NOTE, json.dumps({"at": at.isoformat(), "tables": tables}), at)

    async def _shown(self, model: Model) -> _Table | None:
        """The prices of one model; None if not all of them could be asked for."""
        names = [name for name in _SHOWN if name in model.choices]
        fixed = {ASPECT: model.aspects[0]} if model.aspects else {}
        sent = Sent(min(model.most_pictures, _MOST_SHOWN), masked=model.needs_mask)
        rows = []
        for values in product(*(model.choices[name].values for name in names)):
            when = dict(zip(names, values, strict=True))
            price = await self._exact(model, {**fixed, **when}, sent)
            if price is None:
                return None
            rows.append(Price(price, when))
            await asyncio.sleep(self._timing.quote_pause)
        return tuple(rows)

    def _set(self, tables: Mapping[str, _Asked]) -> None:
        self._tables = dict(tables)
        self._over = None

    def _due(self) -> float:
        """Seconds until the tables are asked for again."""
        if self._tables_at is None:
            return 0.0
        beat = self._timing.catalogue_beat if self._complete else self._timing.quote_keep
        return seconds_until(self._tables_at, beat, self._clock.now(), self._timing.quote_pause)


def _kept_of(text: str) -> tuple[datetime, dict[str, _Asked]]:
    """What `Quotes.refresh` kept."""
    kept = json.loads(text)
    tables = {
        endpoint: _Asked(
            tuple(Price(micros, when) for micros, when in asked["rows"]), datetime.fromisoformat(asked["at"])
        )
        for endpoint, asked in kept["tables"].items()
    }
    return datetime.fromisoformat(kept["at"]), tables


def _pictures(model: Model, sent: Sent) -> int:
    """How many are sent: a model without a field for masks gets the region as one more, if it takes that."""
    extra = sent.masked and model.mask is None and sent.pictures < model.most_pictures
    return sent.pictures + extra


def _submission(model: Model, choices: Mapping[str, str], sent: Sent) -> Submission:
    """What would be submitted, with placeholders for what costs nothing."""
    urls = tuple(_PICTURE.format(number=number) for number in range(_pictures(model, sent)))
    mask = _PICTURE.format(number="mask") if sent.masked and model.mask is not None else None
    return Submission(model, _PROMPT, urls, choices, mask=mask)
