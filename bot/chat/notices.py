"""What admins are told unasked."""

from __future__ import annotations

from collections.abc import Collection

import structlog

from bot.chat.replies import Bot, reply
from bot.chat.texts import say
from bot.domain.access import Access
from bot.domain.edits import Place
from bot.errors import StorageBusy

log = structlog.get_logger(__name__)


class Notices:
    """Private messages to every admin. Who can't be reached is left out."""

    def __init__(self, bot: Bot, access: Access, admins: Collection[int]) -> None:
        """``admins`` are those of the settings; those by the claim code are looked up."""
        self._bot = bot
        self._access = access
        self._admins = admins
        self._known: dict[int, str | None] = dict.fromkeys(admins)  # with the language, as last read

    async def tell_admins(self, key: str, **values: str | int) -> bool:
        """Send every admin a sentence, each in their language; whether any was reached."""
        sent = [
            await reply(self._bot, Place(user_id, 0), say(key, language, **values))
            for user_id, language in (await self._languages()).items()
        ]
        return any(message is not None for message in sent)

    async def tells(self, user_id: int) -> bool:
        """Whether somebody is one of the admins."""
        return user_id in await self._languages()

    async def _languages(self) -> dict[int, str | None]:
        try:
            claimed = {member.id: member.language for member in await self._access.admins()}
            named = {user_id: (await self._access.member(user_id)).language for user_id in self._admins}
        except StorageBusy as error:
            log.warning("admins_not_read", detail=str(error))
            return self._known
        self._known = {**claimed, **named}
        return self._known
