"""Which model a request is for: the person's, the one that took over from it, or the default they can pay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.domain.budgets import Account
from bot.domain.catalogue import Catalogue, Model
from bot.domain.edits import Request
from bot.domain.money import dollars
from bot.domain.ports import Messenger
from bot.domain.preferences import Preferences, may_cost_more, model_for, price_range
from bot.domain.roles import CANCEL, Option, Question, Topic
from bot.domain.stores import People
from bot.jobs.doors import Doors

log = structlog.get_logger(__name__)
_MOST_OFFERED = 4  # the successor among them


class Limits(Protocol):
    """The part of `bot.domain.budgets.Accounts` that is read here."""

    async def accounts(self, user_id: int, chat_id: int, now: datetime) -> Sequence[Account]: ...


class Choosing:
    """Costs nothing, and comes before anything is fetched.

    Who had chosen a model that is gone is moved to its successor with their next request: they are told
    once, or asked first where it costs more. What they answer is their model from then on.
    """

    def __init__(
        self,
        people: People,
        limits: Limits,
        catalogue: Callable[[], Catalogue],
        doors: Doors,
        messenger: Messenger,
        clock: Clock,
    ) -> None:
        self._people = people
        self._limits = limits
        self._catalogue = catalogue
        self._doors = doors
        self._messenger = messenger
        self._clock = clock
        # Two requests that two processes prepare at the same moment are both told, and moved alike.
        self._moving = asyncio.Lock()

    async def __call__(self, request: Request) -> Request | Question:
        """The request with its model decided, or what is to be asked first.

        Raises:
            ModelWithdrawn: nothing is live. AccountEmpty: the model's provider can't be paid. StorageBusy.
        """
        answer = request.decision.model
        if answer is not None and not self._catalogue().is_live(answer):
            # Gone since the question: who chose it did not choose its successor, and is asked once more.
            request = replace(request, decision=replace(request.decision, model=None))
        preferences = await self._people.preferences(request.user_id)
        if preferences.model is not None and not self._catalogue().is_live(preferences.model):
            async with self._moving:  # of two requests at once, one is told
                preferences = await self._people.preferences(request.user_id)
                question = await self._move(request, preferences)
            if question is not None:
                return question
            preferences = await self._people.preferences(request.user_id)
        model = await self._model(request, preferences)
        await self._doors.check(model.provider)
        return replace(request, decision=replace(request.decision, model=model.name))

    async def _model(self, request: Request, preferences: Preferences) -> Model:
        if request.decision.model is not None:
            return self._catalogue().for_person(request.decision.model)
        catalogue = self._catalogue()
        if preferences.model is None and not request.pictures:  # of those that make some
            catalogue = _siblings(catalogue) or catalogue
        # Who chose a model gets it, whatever is left.
        left = await self._left(request) if preferences.model not in catalogue.models else None
        return model_for(catalogue, preferences, left)

    async def spared(self, request: Request, model_name: str) -> tuple[str, int] | None:
        """A model's title and what a limit leaves, if that is why it is used and not the usual one."""
        catalogue = self._catalogue()
        if request.decision.model is not None or model_name == catalogue.for_person(None).name:
            return None
        if (await self._people.preferences(request.user_id)).model is not None:
            return None
        left = await self._left(request)
        return None if left is None else (catalogue.models[model_name].title, left)

    async def _left(self, request: Request) -> int | None:
        """What the smallest limit leaves, in micro-dollars; None: there is no limit."""
        now = self._clock.now()
        accounts = await self._limits.accounts(request.user_id, request.place.chat_id, now)
        return min((account.left for account in accounts if account.left is not None), default=None)

    async def _move(self, request: Request, preferences: Preferences) -> Question | None:
        """Make another model the person's, unless they have to be asked."""
        catalogue, gone = _able(self._catalogue(), request), preferences.model
        if gone is None or self._catalogue().is_live(gone):  # another request was quicker
            return None
        if request.decision.model is not None:
            await self._people.save_preferences(
                request.user_id, replace(preferences, model=request.decision.model)
            )
            return None
        row, successor = catalogue.models.get(gone), catalogue.for_person(gone)
        moved, heir = replace(preferences, model=successor.name), _row(successor, request)
        before = price_range(preferences, _row(row, request)) if row else None
        price = price_range(moved, heir)
        shown = {"name": row.title if row else gone, "title": successor.title, "price": _shown(price)}
        if row is None or may_cost_more(preferences, _row(row, request), heir):
            known = "unknown" if before is None else _shown(before)
            others = [model for model in catalogue.preferred if model.name != successor.name]
            return _dearer(request, preferences, [successor, *others], {**shown, "before": known})
        await self._messenger.moved(request, shown["name"], successor.title, shown["price"])
        await self._people.save_preferences(request.user_id, moved)
        log.info("person_moved", user=request.user_id, gone=gone, model=successor.name)
        return None


def _dearer(
    request: Request, preferences: Preferences, models: Sequence[Model], shown: dict[str, str]
) -> Question:
    """Ask which of these models to use, the successor first."""
    options = []
    for model in models[:_MOST_OFFERED]:
        prices = price_range(replace(preferences, model=model.name), _row(model, request))
        # What turns out to cost more than the button says is asked about, and all where it can't say.
        agreed = prices[1] * preferences.results if prices else 0
        shown_price = {"title": model.title, "price": _shown(prices)}
        options.append(Option(f"model:{model.name}", shown_price, agreed))
    return Question(Topic.SUCCESSOR, (*options, Option(CANCEL)), shown)


def _able(catalogue: Catalogue, request: Request) -> Catalogue:
    """The catalogue with only those live that can do what is asked; as it is if none can."""
    if request.pictures:
        return catalogue
    able = frozenset(model.name for model in catalogue.usable if catalogue.creator(model) is not None)
    return replace(catalogue, live=able) if able else catalogue


def _siblings(catalogue: Catalogue) -> Catalogue | None:
    """What makes pictures from words alone, as a catalogue of its own; None if there is nothing."""
    siblings = {
        model.name: one for model in catalogue.usable if (one := catalogue.creator(model)) is not None
    }
    return replace(catalogue, models=siblings, live=frozenset(siblings)) if siblings else None


def _row(model: Model, request: Request) -> Model:
    """What is bought: without pictures the model's sibling, where it has one."""
    return model if request.pictures else model.create or model


def _shown(prices: tuple[int, int] | None) -> str:
    """As menus have it."""
    if prices is None:
        return "?"
    cheapest, dearest = map(dollars, prices)
    return cheapest if cheapest == dearest else f"{cheapest}–{dearest}"
