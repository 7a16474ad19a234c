"""/model, /quality, /size and /settings: a menu, or a change where a value was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from telegram.ext import BaseHandler

from bot.chat.answering import Answer, answering
from bot.chat.asker import Asker, offers
from bot.chat.menus import SETTINGS
from bot.chat.replies import Bot
from bot.chat.setting_menus import SettingMenus
from bot.domain.catalogue import ASPECT, QUALITY, RESOLUTION, Catalogue
from bot.domain.preferences import Preferences, parse_quality, parse_size
from bot.domain.stores import People


class SettingCommands:
    """Each command answers with one message; what it changes is kept for the person."""

    def __init__(
        self, bot: Bot, people: People, menus: SettingMenus, catalogue: Callable[[], Catalogue]
    ) -> None:
        self._bot = bot
        self._people = people
        self._menus = menus
        self._catalogue = catalogue

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to."""
        commands = {"model": self.model, "quality": self.quality, "size": self.size, SETTINGS: self.settings}
        return answering(lambda: (self._bot, self._people, self._catalogue()), commands)

    async def model(self, asker: Asker) -> Answer:
        """Show or change the model."""
        if not asker.words:
            return Answer(*await self._menus.open(asker, "model"))
        model = asker.catalogue.typed(asker.words)
        changed = await self._save(asker, replace(asker.preferences, model=model.name))
        sentence = asker.say("model-changed", title=model.title, price=changed.price)
        return _done(sentence, changed.model_limits)

    async def quality(self, asker: Asker) -> Answer:
        """Show or change the quality."""
        if not asker.words or not offers(asker.model, QUALITY):
            return Answer(*await self._menus.open(asker, "quality"))
        value = parse_quality(asker.words, asker.model)
        changed = await self._save(asker, replace(asker.preferences, quality=value))
        return Answer(asker.say("quality-changed", value=value, price=changed.price))

    async def size(self, asker: Asker) -> Answer:
        """Show or change the size."""
        if not asker.words:
            return Answer(*await self._menus.open(asker, "size"))
        if not (offers(asker.model, ASPECT) or offers(asker.model, RESOLUTION)):
            return Answer(asker.say("size-fixed", title=asker.model.title))
        wish = parse_size(asker.words, asker.model)
        changed = await self._save(asker, wish.applied(asker.preferences))
        sentence = asker.say("size-changed", value=changed.size, price=changed.price)
        return _done(sentence, changed.not_kept)

    async def settings(self, asker: Asker) -> Answer:
        """Show all settings."""
        return Answer(*await self._menus.open(asker, SETTINGS))

    async def _save(self, asker: Asker, changed: Preferences) -> Asker:
        await self._people.save_preferences(asker.user.id, changed)
        return asker.choosing(changed)


def _done(sentence: str, notes: list[str]) -> Answer:
    return Answer(" ".join([sentence, *notes]))
