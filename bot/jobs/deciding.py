"""From a request's pictures to what will be edited: looks at them, finds the mask, plans, or asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.domain.catalogue import MOST_MODELS, Catalogue, Model
from bot.domain.edits import Request, SentPicture
from bot.domain.money import times
from bot.domain.pictures import Encoded, Inspection, Recognised, Role
from bot.domain.plan import Plan, draft
from bot.domain.ports import Imaging, PictureSource
from bot.domain.preferences import Preferences
from bot.domain.roles import (
    CANCEL,
    Option,
    Question,
    Region,
    Roles,
    Sight,
    Topic,
    Use,
    decide,
    must_show,
)
from bot.domain.stores import Blobs, People
from bot.errors import OnlyEdits, Refused, TooManyPictures
from bot.jobs.quoting import Quotes, Sent

_MOST_SHOWN = 120  # characters of a prompt in a question


@dataclass(frozen=True, slots=True)
class Wanted:
    """One edit that a request comes to: its plan, its pictures with their roles, its mask's key."""

    plan: Plan
    pictures: tuple[SentPicture, ...]
    mask_key: str | None = None
    finishing: bool = True
    delivery: str = "photo"
    results: int = 1  # so many edits of it are made


@dataclass(frozen=True, slots=True)
class Ask:
    """A question, with a picture to show above it."""

    question: Question
    shown: Encoded | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """A request's pictures as they were seen, and the models as they were then.

    Should one die while a request is looked at, it is not planned with another one unasked.
    """

    catalogue: Catalogue
    data: tuple[bytes, ...]
    inspections: tuple[Inspection, ...]
    recognised: tuple[Recognised | None, ...]  # of all after the first
    preferences: Preferences
    model: Model

    @property
    def sights(self) -> list[Sight]:
        return [Sight(found.form, found.coverage) if found else Sight() for found in self.recognised]


class Deciding:
    """Costs nothing and changes nothing but the kept mask; the same request decides the same way again."""

    def __init__(
        self,
        people: People,
        imaging: Imaging,
        pictures: PictureSource,
        blobs: Blobs,
        catalogue: Callable[[], Catalogue],
        quotes: Quotes,
    ) -> None:
        self._people = people
        self._imaging = imaging
        self._pictures = pictures
        self._blobs = blobs
        self._catalogue = catalogue
        self._quotes = quotes

    async def __call__(self, request: Request) -> list[Wanted] | Ask:
        """What a request comes to.

        Raises:
            Refused: nothing comes of it, and why. MessengerBusy, ImagingFailed.
        """
        look = await self._look(request)
        outcome = await self._outcome(request, look)
        if isinstance(outcome, Ask):
            return outcome
        results = look.preferences.results
        prices = [wanted.plan.quote for wanted in outcome for _ in range(results)]
        agreed = request.decision.confirmed  # else, what they need not be asked about
        limit = look.preferences.confirm_above if agreed is None else agreed
        if limit is not None and sum(prices) > limit:
            return Ask(_confirm(prices))
        return [replace(wanted, results=results) for wanted in outcome]

    async def _outcome(self, request: Request, look: _Look) -> list[Wanted] | Ask:
        if not request.pictures:
            return await self._from_words(request, look)
        roles = decide(look.sights, request.prompt or "", request.decision, look.model.most_pictures)
        if roles is None:
            return Ask(await self._which(request, look))
        if _one_of_an_album(request) and request.decision.use is None:
            plan = (await self._plan(request, look, 0, ())).plan
            prices = [plan.quote] * look.preferences.results
            options = (_priced(f"use:{Use.WHOLE}", prices), Option(CANCEL))
            return Ask(Question(Topic.ALBUM, options))
        if roles.each:
            return [await self._plan(request, look, place, ()) for place in range(len(look.data))]
        if 1 + len(roles.references) > look.model.most_pictures:
            return Ask(await self._too_many(request, look, 1 + len(roles.references)))
        if roles.mask is not None:
            return await self._masked(request, look, roles, roles.mask)
        return [await self._plan(request, look, 0, roles.references)]

    async def _look(self, request: Request) -> _Look:
        catalogue = self._catalogue()
        preferences = await self._people.preferences(request.user_id)
        if request.decision.model is not None:
            preferences = replace(preferences, model=request.decision.model)
        data = tuple([await self._pictures.fetch(picture) for picture in request.pictures])
        inspections = tuple([await self._imaging.inspect(picture) for picture in data])
        for picture in data:
            # Decoded whole, so that a damaged picture is refused here and never becomes an edit.
            await self._imaging.verify(picture)
        recognised = tuple([await self._imaging.recognise(data[0], other) for other in data[1:]])
        model = catalogue.for_person(preferences.model)
        return _Look(catalogue, data, inspections, recognised, preferences, model)

    async def _from_words(self, request: Request, look: _Look) -> list[Wanted] | Ask:
        """A new picture; where the person's model makes none, another one that does is offered."""
        try:
            drafted = draft(look.catalogue, look.preferences, request.prompt, ())
        except OnlyEdits:
            options = await self._able(request, look, 0)
            if not options:
                raise
            return Ask(Question(Topic.CREATE, (*options, Option(CANCEL)), {"model": look.model.title}))
        planned = await self._quotes.priced(drafted, Sent(0))
        return [Wanted(planned, (), delivery=look.preferences.delivery)]

    async def _masked(self, request: Request, look: _Look, roles: Roles, mask: int) -> list[Wanted] | Ask:
        source, found = look.data[0], look.recognised[mask - 1]
        doubtful = found is None
        if found is None:  # the person says that it is one
            found = await self._imaging.recognise(source, look.data[mask], forced=True)
        if found is None:
            raise TypeError("a forced recognition gives a region or raises")
        if request.decision.region is Region.INVERTED:
            plane = await self._imaging.invert(found.plane)
            found = replace(found, plane=plane, coverage=1 - found.coverage)
        await self._imaging.check(found)
        unseen = request.decision.region is None
        if (doubtful and unseen) or must_show(Sight(found.form, found.coverage), request.decision):
            return Ask(_region(request.prompt or ""), await self._imaging.overlay(source, found.plane))
        key = f"masks/{request.id}.png"
        await self._blobs.put(key, found.plane)
        wanted = await self._plan(request, look, 0, roles.references, masked=True)
        masked = replace(request.pictures[mask], role=Role.MASK)
        return [replace(wanted, pictures=(*wanted.pictures, masked), mask_key=key)]

    async def _plan(
        self, request: Request, look: _Look, source: int, references: Sequence[int], *, masked: bool = False
    ) -> Wanted:
        places = (source, *references)
        # Where the provider can't be shown the mask, finishing is all that makes it one.
        shown = look.model.mask is not None or len(places) < look.model.most_pictures
        finishing = look.preferences.finishing or not shown
        # A finished result keeps the source's own shape, whatever size was chosen.
        keeps_shape = masked and finishing
        preferences = replace(look.preferences, aspect="auto") if keeps_shape else look.preferences
        seen = [look.inspections[place] for place in places]
        drafted = draft(look.catalogue, preferences, request.prompt, seen, masked=masked)
        planned = await self._quotes.priced(drafted, Sent(len(seen), masked))
        roles = (Role.SOURCE, *(Role.REFERENCE for _ in references))
        pictures = tuple(
            replace(request.pictures[place], role=role) for place, role in zip(places, roles, strict=True)
        )
        return Wanted(planned, pictures, finishing=finishing, delivery=preferences.delivery)

    async def _which(self, request: Request, look: _Look) -> Question:
        """What the pictures are for: what this model and their number allow."""
        count = len(look.data)
        options = []
        if request.decision.use is not Use.PICTURE:
            options.append(Option(f"use:{Use.MASK}"))
        if count <= look.model.most_pictures:
            options.append(Option(f"use:{Use.TOGETHER}"))
        if not look.model.needs_mask or not options:  # its plan refuses where nothing else is left
            plans = [await self._plan(request, look, place, ()) for place in range(count)]
            prices = [wanted.plan.quote for wanted in plans] * look.preferences.results
            options += [_priced(f"use:{Use.EACH}", prices), Option(f"use:{Use.FIRST}")]
        options.append(Option(CANCEL))
        return Question(Topic.USE, tuple(options), {"count": str(count)})

    async def _too_many(self, request: Request, look: _Look, count: int) -> Question:
        """The models that take as many.

        Raises:
            TooManyPictures: none does.
        """
        options = await self._able(request, look, count)
        if not options:
            most = max(model.most_pictures for model in look.catalogue.offered)
            raise TooManyPictures(f"{count}", count=count, limit=most, model=look.model.title)
        options += [Option(f"use:{Use.FIRST}"), Option(CANCEL)]
        limit = str(look.model.most_pictures)
        params = {"count": str(count), "model": look.model.title, "limit": limit}
        return Question(Topic.MODEL, tuple(options), params)

    async def _able(self, request: Request, look: _Look, count: int) -> list[Option]:
        """The first models that can do this with so many of the pictures, each with its price."""
        options: list[Option] = []
        for model in look.catalogue.offered:
            if len(options) == MOST_MODELS:
                break
            preferences = replace(look.preferences, model=model.name)
            try:
                drafted = draft(look.catalogue, preferences, request.prompt, look.inspections[:count])
                quote = (await self._quotes.priced(drafted, Sent(count))).quote
            except Refused:  # it takes fewer, or can't do this for another reason
                continue
            prices = [quote] * look.preferences.results
            options.append(_priced(f"model:{model.name}", prices, title=model.title))
        return options


def _priced(value: str, prices: Sequence[int], **params: str) -> Option:
    """A button that says what its edits cost together."""
    return Option(value, {**params, "price": times(prices)}, sum(prices))


def _confirm(prices: Sequence[int]) -> Question:
    shown = {"price": times(prices)}
    return Question(Topic.CONFIRM, (Option(f"confirmed:{sum(prices)}", shown), Option(CANCEL)), shown)


def _region(prompt: str) -> Question:
    options = (
        Option(f"region:{Region.CONFIRMED}"),
        Option(f"region:{Region.INVERTED}"),
        Option(f"use:{Use.PICTURE}"),
        Option(CANCEL),
    )
    shown = prompt if len(prompt) <= _MOST_SHOWN else f"{prompt[:_MOST_SHOWN]}…"
    return Question(Topic.REGION, options, {"prompt": shown})


def _one_of_an_album(request: Request) -> bool:
    """Whether this is all that arrived of an album: in groups, the rest may not be for the bot to see."""
    return request.place.chat_id < 0 and request.album_id is not None and len(request.pictures) == 1
