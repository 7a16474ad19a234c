"""From request to edit: fetch and check the pictures, quote, hold the money. All of it is free."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import structlog
from structlog.contextvars import bound_contextvars

from bot import failpoints
from bot.clock import Clock
from bot.domain.access import Admission
from bot.domain.edits import Edit, EditState, Place, Request, RequestState
from bot.domain.ports import Imaging, Messenger, PictureSource, Stage
from bot.domain.roles import Question
from bot.domain.stores import Edits, Requests
from bot.domain.timing import Timing
from bot.errors import NotServed, Refused, WavebrushError
from bot.jobs.choosing import Choosing
from bot.jobs.deciding import Ask, Deciding, Wanted
from bot.jobs.doors import Doors

log = structlog.get_logger(__name__)
_AT_ONCE = 4


class Enqueue(Protocol):
    """Hands an accepted edit to the engine; once more is harmless."""

    async def __call__(self, edit_id: str, user_id: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that preparing needs of the world."""

    requests: Requests
    edits: Edits
    imaging: Imaging
    pictures: PictureSource
    messenger: Messenger
    choose: Choosing
    decide: Deciding
    doors: Doors
    admit: Callable[[int, int], Awaitable[Admission]]  # what holds for a person in a chat now
    enqueue: Enqueue
    timing: Timing
    clock: Clock


class Preparing:
    """Takes up requests when they are due, from the database, so that a restart loses none."""

    def __init__(self, ports: Ports) -> None:
        self._ = ports
        self._nudged = asyncio.Event()
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()

    def nudge(self) -> None:
        """There is a new or changed request."""
        self._nudged.set()

    async def run(self) -> None:
        """Prepare requests until cancelled."""
        try:
            while True:
                pause = self._.timing.sweep
                try:
                    pause = await self._take_up()
                except WavebrushError as error:
                    if error.permanent:
                        raise
                    log.warning("preparing_waits", detail=str(error))
                    pause = self._.timing.retry_first
                await self._wait(pause)
        finally:
            for task in self._running:
                task.cancel()

    async def _take_up(self) -> float:
        """Start what is due; the seconds until there may be more."""
        self._nudged.clear()
        now = self._.clock.now()
        lease = now + timedelta(seconds=self._.timing.request_lease)
        for request in await self._.requests.claim_due(now, lease, limit=_AT_ONCE * 2):
            task = asyncio.create_task(self._guarded(request), name=f"prepare {request.id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        due = await self._.requests.next_due()
        return self._.timing.sweep if due is None else max(0.0, (due - self._.clock.now()).total_seconds())

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._nudged.wait()
        except TimeoutError:
            pass

    async def _guarded(self, request: Request) -> None:
        async with self._free:
            try:
                with bound_contextvars(request=request.id):
                    await self.prepare(request)
            except WavebrushError as error:
                # Its lease runs out and it is taken up again, until it expires.
                log.warning("prepare_failed", request=request.id, detail=str(error))
            except Exception:  # a defect: the person must not wait for an answer that never comes
                log.exception("prepare_broke", request=request.id)
                if await self._.requests.close(request.id, RequestState.REFUSED):  # else it was accepted
                    await self._.messenger.refuse(request, WavebrushError("prepare broke"))

    async def prepare(self, request: Request) -> None:
        """Turn one request into edits, a question, or a refusal with its reason."""
        if not request.addressed:
            # A picture in a group whose album never turned to the bot: not touched, not answered.
            await self._.requests.close(request.id, RequestState.EXPIRED)
            return
        try:
            await self._.doors.check()
            if not request.prompt:
                await self._ask_words(request)
                return
            chosen = await self._.choose(request)
            outcome = Ask(chosen) if isinstance(chosen, Question) else await self._.decide(chosen)
        except WavebrushError as error:
            if not error.permanent:
                raise
            await self._refuse(request, error)
            return
        if isinstance(outcome, Ask):
            await self._ask(request, outcome)
        else:
            await self._accept(request, self._edits(request, outcome))

    async def enqueue(self, edit: Edit) -> None:
        """Hand an accepted edit to the engine."""
        await self._.enqueue(edit.id, edit.user_id)
        await self._.edits.advance(edit.id, EditState.QUEUED)

    async def _ask_words(self, request: Request) -> None:
        for picture in request.pictures:  # so that nobody writes a prompt for what can't be used
            await self._.imaging.inspect(await self._.pictures.fetch(picture))
        if await self._.requests.ask(request.id, for_words=True):
            await self._asked(request, await self._.messenger.ask_prompt(request))
            return
        fresh = await self._.requests.get(request.id)
        if fresh is not None and fresh.prompt and fresh.state is RequestState.PREPARING:
            await self.prepare(fresh)

    async def _ask(self, request: Request, ask: Ask) -> None:
        if await self._.requests.ask(request.id, for_words=False):
            await self._asked(request, await self._.messenger.ask(request, ask.question, ask.shown))

    async def _asked(self, request: Request, message_id: int | None) -> None:
        if message_id is not None:  # else it is asked again when the lease runs out
            await self._.requests.asked(request.id, message_id)

    async def _accept(self, request: Request, edits: list[Edit]) -> None:
        admission = await self._.admit(request.user_id, request.place.chat_id)
        if admission is not Admission.SERVE:  # blocked since they asked
            await self._turn_away(request, admission)
            return
        spared = await self._.choose.spared(request, edits[0].model)
        try:
            if not await self._.requests.accept(request.id, edits):
                return
        except Refused as error:  # a limit leaves too little, or too many wait: nothing was held
            await self._refuse(request, error)
            return
        failpoints.reached("edit_accepted")
        for edit in edits:
            log.info("edit_accepted", request=request.id, edit=edit.id, model=edit.model, quote=edit.quote)
            self._.messenger.progress(edit, Stage.QUEUED)
            await self.enqueue(edit)
        if spared is not None:
            await self._.messenger.spared(request, *spared)

    async def _turn_away(self, request: Request, admission: Admission) -> None:
        if admission is not Admission.SILENCE:
            await self._refuse(request, NotServed(f"by now: {admission}"))
            return
        log.info("request_turned_away", request=request.id)
        await self._.requests.close(request.id, RequestState.REFUSED)

    async def _refuse(self, request: Request, error: WavebrushError) -> None:
        log.info("request_refused", request=request.id, error=type(error).__name__, detail=str(error))
        # Told before it is closed: a crash between says it twice rather than never.
        await self._.messenger.refuse(request, error)
        await self._.requests.close(request.id, RequestState.REFUSED)

    def _edits(self, request: Request, outcome: list[Wanted]) -> list[Edit]:
        edits: list[Edit] = []
        for at, wanted in enumerate(outcome):
            place = request.place
            if len(outcome) > 1:  # each answers its own picture
                place = replace(place, message_id=wanted.pictures[0].message_id)
            batch = f"{request.id}:{at}" if wanted.results > 1 else None
            for _ in range(wanted.results):
                edits.append(self._edit(request, place, len(edits), wanted, batch))
        return edits

    def _edit(self, request: Request, place: Place, number: int, wanted: Wanted, batch: str | None) -> Edit:
        return Edit(
            id=uuid.uuid4().hex,
            origin=f"request:{request.id}:{number}",
            user_id=request.user_id,
            place=place,
            prompt=request.prompt or "",
            model=wanted.plan.model.name,
            choices=wanted.plan.choices,
            pictures=wanted.pictures,
            quote=wanted.plan.quote,
            created_at=self._.clock.now(),
            fit=wanted.plan.fit,
            mask_key=wanted.mask_key,
            finishing=wanted.finishing,
            delivery=wanted.delivery,
            language=request.language,
            batch=batch,
        )
