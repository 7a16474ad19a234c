"""Takes committed updates from the inbox and has each handled, one by one within its chat."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import structlog
from structlog.contextvars import bound_contextvars
from telegram import Bot, Update

from bot.clock import Clock
from bot.domain.stores import Inbox, InboxUpdate
from bot.domain.timing import Timing
from bot.errors import WavebrushError

log = structlog.get_logger(__name__)
_BATCH = 100

Handle = Callable[[Update], Awaitable[None]]


class Dispatch:
    """A lane a chat: a slow chat holds up no other. What a crash leaves undone is done at the next start."""

    def __init__(
        self, bot: Bot, inbox: Inbox, handle: Handle, timing: Timing, clock: Clock, owner: str = ""
    ) -> None:
        """``owner`` is this process among those that take updates from the inbox."""
        self._bot = bot
        self._inbox = inbox
        self._handle = handle
        self._timing = timing
        self._clock = clock
        self._owner = owner
        self._lanes: dict[int, deque[InboxUpdate]] = defaultdict(deque)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._held: set[int] = set()
        self._arrived = asyncio.Event()
        self._arrived.set()  # what the last process left

    def arrived(self) -> None:
        """There is something new in the inbox."""
        self._arrived.set()

    async def run(self) -> None:
        """Dispatch until cancelled."""
        try:
            while True:
                try:
                    async with asyncio.timeout(self._timing.inbox_look):
                        await self._arrived.wait()
                except TimeoutError:
                    pass  # look for what another process left behind
                self._arrived.clear()
                await self._claim()
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._held.clear()
            with suppress(WavebrushError):  # then they are taken back when this process is gone
                await self._inbox.release([self._owner])

    async def _claim(self) -> None:
        now = self._clock.now()
        lease = now + timedelta(seconds=self._timing.inbox_lease)
        try:
            claimed = await self._inbox.claim(self._owner, now, lease, _BATCH)
        except WavebrushError as error:
            log.warning("inbox_claim_failed", detail=str(error))
            await asyncio.sleep(self._timing.poll_retry)
            self._arrived.set()
            return
        for update in claimed:
            if update.update_id in self._held:  # a slow lane outlived its lease
                continue
            self._held.add(update.update_id)
            self._lanes[update.lane].append(update)
            if update.lane not in self._tasks:
                self._tasks[update.lane] = asyncio.create_task(self._drain(update.lane))
        if len(claimed) == _BATCH:
            self._arrived.set()

    async def _drain(self, lane: int) -> None:
        queue = self._lanes[lane]
        try:
            while queue:
                await self._one(queue[0])
                self._held.discard(queue.popleft().update_id)
        finally:
            del self._tasks[lane], self._lanes[lane]
            self._arrived.set()  # what came for this chat meanwhile was left to us, also by other processes

    async def _one(self, raw: InboxUpdate) -> None:
        """Handle one update until it is done; only a busy database makes it wait.

        One that can't be read, or breaks its handler, is reported and skipped alone.
        """
        wait, given_up = self._timing.poll_retry, False
        while True:
            try:
                update = None if given_up else Update.de_json(json.loads(raw.body), self._bot)
                if update is not None:
                    with bound_contextvars(update=raw.update_id):
                        await self._handle(update)
                await self._inbox.done(raw.update_id, readable=not given_up)
                return
            except WavebrushError as error:
                given_up = given_up or error.permanent  # repeated, it would block its chat for ever
                log.warning("update_waits", update=raw.update_id, given_up=given_up, detail=str(error))
            except Exception:  # whatever it was, it must not stop the updates behind it
                log.exception("update_broke", update=raw.update_id)
                given_up = True
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._timing.poll_retry_most)
