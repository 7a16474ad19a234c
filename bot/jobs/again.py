"""Edits that a button under a result asks for: planned anew, confirmed if dear, accepted once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from bot.clock import Clock
from bot.domain.catalogue import Catalogue
from bot.domain.edits import Edit, EditState, Place
from bot.domain.next_steps import next_draft
from bot.domain.plan import Plan
from bot.domain.ports import Messenger, Stage
from bot.domain.stores import Blobs, Edits, People
from bot.errors import PictureGone
from bot.jobs.doors import Doors
from bot.jobs.preparing import Enqueue
from bot.jobs.quoting import Quotes, Sent

log = structlog.get_logger(__name__)
_NOT_PAID = {EditState.FAILED, EditState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was pressed. ``agreed`` is the price that its person saw and agreed to, in micro-dollars."""

    edit: Edit
    step: str
    button_id: str
    place: Place
    language: str | None
    agreed: int
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Dear:
    """It costs more than the person wants to spend unasked, or more than the button said."""

    quote: int


class Again:
    """Turns presses into edits. A button pays once; only if its edit failed unpaid it works once more."""

    def __init__(
        self,
        people: People,
        edits: Edits,
        blobs: Blobs,
        catalogue: Callable[[], Catalogue],
        quotes: Quotes,
        doors: Doors,
        messenger: Messenger,
        enqueue: Enqueue,
        clock: Clock,
    ) -> None:
        self._people = people
        self._edits = edits
        self._blobs = blobs
        self._catalogue = catalogue
        self._quotes = quotes
        self._doors = doors
        self._messenger = messenger
        self._enqueue = enqueue
        self._clock = clock

    async def take(self, wish: Wish) -> Edit | Dear | None:
        """The new edit, or that it is to be confirmed first, or None: the button was used before.

        Raises:
            Refused: it can't be done (any more), and why. PictureGone: what it was made of is not kept.
        """
        origin = await self._origin(wish.button_id)
        if origin is None:
            return None
        draft = next_draft(self._catalogue(), wish.edit, wish.step)
        await self._doors.check(draft.model.provider)
        sent = Sent.of(wish.edit)
        plan = await self._quotes.priced(draft, sent)
        preferences = await self._people.preferences(wish.edit.user_id)
        limit = preferences.confirm_above
        dear = limit is not None and plan.quote > limit and not wish.confirmed
        if dear or plan.quote > wish.agreed:
            return Dear(plan.quote)
        await self._still_kept(wish.edit)
        edit = self._edit(wish, plan, origin)
        if not await self._edits.accept(edit):
            return None
        log.info("edit_accepted", origin=origin, edit=edit.id, model=edit.model, quote=edit.quote)
        self._messenger.progress(edit, Stage.QUEUED)
        await self._enqueue(edit.id, edit.user_id)
        await self._edits.advance(edit.id, EditState.QUEUED)
        return edit

    async def _origin(self, button_id: str) -> str | None:
        """The origin of this button's next edit; None if it has one that runs or was paid for."""
        number = 0
        while (before := await self._edits.of_origin(f"button:{button_id}:{number}")) is not None:
            if before.state not in _NOT_PAID or before.charged:
                return None
            number += 1
        return f"button:{button_id}:{number}"

    async def _still_kept(self, edit: Edit) -> None:
        """What we keep ourselves for this edit; written anew, so that it is kept for the next one, too."""
        keys = [edit.mask_key] if edit.mask_key is not None else []
        for picture in edit.pictures:
            if picture.result_of is not None:
                result = await self._edits.result(picture.result_of)
                keys.append(result.key if result else "")
        for key in keys:
            data = await self._blobs.get(key) if key else None
            if data is None:
                raise PictureGone(f"{key or 'a result'} of {edit.id} is no longer kept")
            await self._blobs.put(key, data)

    def _edit(self, wish: Wish, plan: Plan, origin: str) -> Edit:
        return replace(
            wish.edit,
            id=uuid.uuid4().hex,
            origin=origin,
            place=wish.place,
            language=wish.language,
            model=plan.model.name,
            choices=plan.choices,
            fit=plan.fit,
            quote=plan.quote,
            created_at=self._clock.now(),
            state=EditState.HELD,
            reason=None,
            charged=None,
            status_message_id=None,
            result_message_id=None,
            result_file_id=None,
            submitted_at=None,
            ended_at=None,
            drift=None,
            batch=None,
        )
