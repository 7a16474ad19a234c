"""The commands /start and /help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telegram.ext import BaseHandler

from bot.chat.answering import Answer, answering
from bot.chat.asker import Asker
from bot.chat.replies import Bot
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
        return answering(lambda: (self._bot, self._people, self._catalogue()), commands)

    async def start(self, asker: Asker) -> Answer:
        """Who I am, in three sentences."""
        return Answer(asker.say("start", name=asker.user.first_name[:64], price=asker.price))

    async def help(self, asker: Asker) -> Answer:
        """How to use the bot."""
        models = asker.catalogue.offered_names
        return Answer(asker.say("help", models=models, settings=asker.summary, price=asker.price))
