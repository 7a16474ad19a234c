"""From request to edit: fetch and check the pictures, quote, hold the money. All of it is free."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.domain.catalogue import Catalogue
from bot.domain.edits import Edit, EditState, Request, RequestState
from bot.domain.plan import Plan, plan
from bot.domain.ports import Edits, Imaging, Messenger, People, PictureSource, Requests, Stage
from bot.domain.timing import Timing
from bot.errors import PromptMissing, WavebrushError

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
    people: People
    imaging: Imaging
    pictures: PictureSource
    messenger: Messenger
    catalogue: Callable[[], Catalogue]
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
                await self.prepare(request)
            except WavebrushError as error:
                # Its lease runs out and it is taken up again, until it expires.
                log.warning("prepare_failed", request=request.id, detail=str(error))

    async def prepare(self, request: Request) -> None:
        """Turn one request into an edit, a question, or a refusal with its reason."""
        try:
            edit = await self._edit(request)
        except PromptMissing:
            await self._.requests.ask(request.id, await self._.messenger.ask_prompt(request))
            return
        except WavebrushError as error:
            if not error.permanent:
                raise
            log.info("request_refused", request=request.id, error=type(error).__name__, detail=str(error))
            if await self._.requests.close(request.id, RequestState.REFUSED):
                await self._.messenger.refuse(request, error)
            return
        if await self._.requests.accept(request.id, edit):
            log.info("edit_accepted", request=request.id, edit=edit.id, model=edit.model, quote=edit.quote)
            self._.messenger.progress(edit, Stage.QUEUED)
            await self.enqueue(edit)

    async def enqueue(self, edit: Edit) -> None:
        """Hand an accepted edit to the engine."""
        await self._.enqueue(edit.id, edit.user_id)
        await self._.edits.advance(edit.id, EditState.QUEUED)

    async def _edit(self, request: Request) -> Edit:
        if not request.prompt:
            raise PromptMissing("no prompt")
        planned = await self._plan(request)
        return Edit(
            id=uuid.uuid4().hex,
            origin=f"request:{request.id}:0",
            user_id=request.user_id,
            place=request.place,
            prompt=request.prompt,
            model=planned.model.name,
            choices=planned.choices,
            pictures=request.pictures,
            quote=planned.quote,
            created_at=self._.clock.now(),
            fit=planned.fit,
            language=request.language,
        )

    async def _plan(self, request: Request) -> Plan:
        preferences = await self._.people.preferences(request.user_id)
        pictures = [await self._.pictures.fetch(picture) for picture in request.pictures]
        inspections = [await self._.imaging.inspect(data) for data in pictures]
        for data in pictures:
            # Decoded whole, so that a damaged picture is refused here and never becomes an edit.
            await self._.imaging.verify(data)
        return plan(self._.catalogue(), preferences, request.prompt, inspections)
