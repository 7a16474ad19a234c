"""The commands /start, /help and /spend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telegram.ext import BaseHandler

from bot.chat.answering import Answer, answering
from bot.chat.asker import Asker
from bot.chat.replies import Bot
from bot.clock import Clock
from bot.domain.catalogue import Catalogue
from bot.domain.money import dollars
from bot.domain.stores import Ledger, People


class Commands:
    """Each command answers with one message."""

    def __init__(
        self, bot: Bot, people: People, ledger: Ledger, catalogue: Callable[[], Catalogue], clock: Clock
    ) -> None:
        self._bot = bot
        self._people = people
        self._ledger = ledger
        self._catalogue = catalogue
        self._clock = clock

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to."""
        commands = {"start": self.start, "help": self.help, "spend": self.spend}
        return answering(lambda: (self._bot, self._people, self._catalogue()), commands)

    async def start(self, asker: Asker) -> Answer:
        """Who I am, in three sentences."""
        return Answer(asker.say("start", name=asker.user.first_name[:64], price=asker.price))

    async def help(self, asker: Asker) -> Answer:
        """How to use the bot."""
        models = asker.catalogue.offered_names
        return Answer(asker.say("help", models=models, settings=asker.summary, price=asker.price))

    async def spend(self, asker: Asker) -> Answer:
        """What the person spent."""
        spending = await self._ledger.spending(asker.user.id, self._clock.now())
        lines = [
            asker.say(
                "spend",
                today=dollars(spending.today),
                month=dollars(spending.month),
                ever=dollars(spending.ever),
            )
        ]
        if spending.held:
            lines.append(asker.say("spend-held", held=dollars(spending.held)))
        models = asker.catalogue.models
        lines += [
            asker.say(
                "spend-model",
                title=models[row.model].title if row.model in models else row.model,
                spent=dollars(row.micros),
                edits=row.edits,
            )
            for row in spending.by_model
        ]
        return Answer("\n".join(lines))
