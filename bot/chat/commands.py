"""The commands /start and /help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telegram import Update
from telegram.ext import BaseHandler, CommandHandler, filters

from bot.chat.answering import Answer, Context, answering
from bot.chat.asker import Asker
from bot.chat.replies import Bot, place_of, reply
from bot.chat.welcome import welcome
from bot.domain.catalogue import Catalogue
from bot.domain.stores import People


class Commands:
    """Each command answers with one message."""

    def __init__(self, bot: Bot, people: People, catalogue: Callable[[], Catalogue]) -> None:
        self._bot = bot
        self._people = people
        self._catalogue = catalogue

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to."""
        commands = {"start": self.start, "help": self.help}
        in_groups = filters.UpdateType.MESSAGE & filters.ChatType.GROUPS
        return [
            CommandHandler([*commands], self.in_group, filters=in_groups),
            *answering(lambda: (self._bot, self._people, self._catalogue()), commands),
        ]

    async def in_group(self, update: Update, context: Context) -> None:
        """How to use the bot among others: most of what holds in private does not hold there."""
        message, user = update.effective_message, update.effective_user
        if message is not None and user is not None:
            text = await welcome(self._bot, message.chat_id, user.language_code)
            await reply(self._bot, place_of(message), text)

    async def start(self, asker: Asker) -> Answer:
        """Who I am, in three sentences."""
        return Answer(asker.say("start", name=asker.user.first_name[:64], price=asker.price))

    async def help(self, asker: Asker) -> Answer:
        """How to use the bot."""
        models = asker.catalogue.offered_names
        return Answer(asker.say("help", models=models, settings=asker.summary, price=asker.price))
