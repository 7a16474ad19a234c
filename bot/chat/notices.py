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
            self._known = await admins_of(self._access, self._admins)
        except StorageBusy as error:
            log.warning("admins_not_read", detail=str(error))
        return self._known


async def admins_of(access: Access, named: Collection[int]) -> dict[int, str | None]:
    """The language of every admin, by id: of those by the claim code, and of those that the settings name.

    Raises:
        StorageBusy.
    """
    claimed = {member.id: member.language for member in await access.admins()}
    return claimed | {user_id: (await access.member(user_id)).language for user_id in named}
