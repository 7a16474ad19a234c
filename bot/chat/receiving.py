"""Takes updates in. While none can be written down, who waits for an answer is told so, once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog

from bot.chat.limiter import Priority
from bot.chat.replies import Bot, reply
from bot.chat.texts import say
from bot.domain.access import Access, Admission, Rules
from bot.domain.edits import Place
from bot.domain.stores import Inbox, InboxUpdate
from bot.errors import StorageBusy

log = structlog.get_logger(__name__)

_MOST_SECONDS = 10.0


class Receives(Protocol):
    """Where updates are committed."""

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        """Write updates down, each once; how many were new. Raises StorageBusy."""
        ...


class Receiving:
    """The inbox, with a word for those whose messages don't fit into it now."""

    def __init__(self, inbox: Inbox, bot: Bot, access: Access, rules: Rules) -> None:
        self._inbox = inbox
        self._bot = bot
        self._access = access
        self._rules = rules
        self._failed: set[int] = set()  # updates that could not be written down, by their ids
        self._told: set[int] = set()

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        """Write updates down. They come again if that fails; at the second time their persons are told.

        Raises:
            StorageBusy: the disk is full, or the database locked or away.
        """
        try:
            new = await self._inbox.commit(updates, now)
        except StorageBusy:
            try:
                async with asyncio.timeout(_MOST_SECONDS):  # polling must go on
                    for update in updates:
                        await self._tell(update)
            except (StorageBusy, TimeoutError) as error:
                log.info("nobody_told", error=type(error).__name__, detail=str(error))
            raise
        self._failed.difference_update(update.update_id for update in updates)
        if not self._failed:
            self._told.clear()
        return new

    async def _tell(self, update: InboxUpdate) -> None:
        """In private only: who of a group turned to the bot is known when it is read."""
        again, chat_id = update.update_id in self._failed, update.lane
        self._failed.add(update.update_id)
        if not again or chat_id <= 0 or chat_id in self._told:
            return
        if "message" not in json.loads(update.body):
            return
        # A full disk can still be read; of a database that is away nobody knows who is served.
        member = await self._access.member(chat_id)
        if self._rules.admit(member, None) is not Admission.SERVE:
            return
        if await reply(self._bot, Place(chat_id, 0), say("not-taken-in"), Priority.PROGRESS) is not None:
            self._told.add(chat_id)
