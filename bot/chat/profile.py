"""What Telegram shows of the bot by itself: its commands for each kind of chat, and its descriptions."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import structlog
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from telegram.error import TelegramError

from bot.chat.failures import translate
from bot.chat.replies import Bot
from bot.chat.texts import FALLBACK, languages, say

log = structlog.get_logger(__name__)

# Command → the sentence that describes it, in the order in which Telegram lists them.
_EVERYWHERE: Mapping[str, str] = {
    "create": "command-create",
    "help": "command-help",
    "model": "command-model",
    "quality": "command-quality",
    "size": "command-size",
    "settings": "command-settings",
    "history": "command-history",
    "cancel": "command-cancel",
    "spend": "command-spend",
}
PRIVATE: Mapping[str, str] = {"start": "command-start", **_EVERYWHERE}
GROUPS: Mapping[str, str] = {"edit": "command-edit", **_EVERYWHERE}
ADMINS: Mapping[str, str] = {**PRIVATE, "admin": "command-admin"}  # in the admins' own chats
_MOST_ADMINS = 20  # a list of their own for so many; who has more gets the one of all private chats


class Profile:
    """Sets what differs from what is set, and nothing else: Telegram bears few of these calls."""

    def __init__(self, bot: Bot, admins: Collection[int]) -> None:
        self._bot = bot
        self._admins = sorted(admins)[:_MOST_ADMINS]

    async def register(self) -> None:
        """Set it all, in every language. Best effort: the bot works without, so a failure is only logged."""
        try:
            for language in sorted(languages()):
                await self._texts(language)
                await self._commands(BotCommandScopeAllPrivateChats(), PRIVATE, language)
                await self._commands(BotCommandScopeAllGroupChats(), GROUPS, language)
        except TelegramError as error:
            log.warning("profile_not_set", detail=str(translate(error)))
            return
        for admin in self._admins:
            await self.show_admin(admin)

    async def show_admin(self, user_id: int) -> None:
        """Show somebody the commands of admins. Best effort, as all of it."""
        try:
            for language in sorted(languages()):
                await self._commands(BotCommandScopeChat(user_id), ADMINS, language)
        except TelegramError as error:  # most likely this admin has not written yet
            log.info("admin_commands_not_set", admin=user_id, detail=str(translate(error)))

    async def _texts(self, language: str) -> None:
        code = _code(language)
        description, short = say("profile-description", language), say("profile-short-description", language)
        if (await self._bot.get_my_description(code)).description != description:
            await self._bot.set_my_description(description, code)
        if (await self._bot.get_my_short_description(code)).short_description != short:
            await self._bot.set_my_short_description(short, code)

    async def _commands(self, scope: BotCommandScope, sentences: Mapping[str, str], language: str) -> None:
        code = _code(language)
        wanted = tuple(BotCommand(name, say(key, language)) for name, key in sentences.items())
        if await self._bot.get_my_commands(scope, code) != wanted:
            await self._bot.set_my_commands(wanted, scope, code)


def _code(language: str) -> str | None:
    """Telegram's code: two letters; none for the texts of whoever's language has no own."""
    return None if language == FALLBACK else language.partition("-")[0]
