"""Shows the settings' menus, takes their presses, and changes the message in place."""

from __future__ import annotations

from collections.abc import Callable

from telegram import CallbackQuery, InlineKeyboardMarkup

from bot.chat.asker import Asker
from bot.chat.menus import MENUS, OPEN, SETTINGS, chosen, menu_of, nested
from bot.chat.panels import Panels
from bot.chat.presses import Pressed
from bot.chat.replies import Bot
from bot.chat.texts import explain, say
from bot.clock import Clock
from bot.domain.catalogue import Catalogue
from bot.domain.stores import Button, Buttons, People
from bot.errors import Refused

# The kinds of subjects: a menu that stands alone, and one that was opened from all settings.
ALONE, NESTED = "setting", "settings"


class SettingMenus:
    """A menu belongs to who asked. Its buttons are rows, so they work after a restart."""

    def __init__(
        self, bot: Bot, people: People, buttons: Buttons, catalogue: Callable[[], Catalogue], clock: Clock
    ) -> None:
        self._panels = Panels(bot, buttons, clock)
        self._people = people
        self._catalogue = catalogue

    async def open(self, asker: Asker, name: str) -> tuple[str, InlineKeyboardMarkup]:
        """The text and the buttons of a menu, to be sent."""
        return await self._made(asker, name, NESTED if name == SETTINGS else ALONE)

    async def take(self, button: Button, query: CallbackQuery) -> Pressed:
        """Change what was pressed, and show it in the same message."""
        language = query.from_user.language_code
        try:
            preferences = await self._people.preferences(button.user_id)
            asker = Asker.of(query.from_user, "", preferences, self._catalogue())
        except Refused as error:
            return Pressed(explain(error, language))
        said = ""
        try:
            changed = chosen(asker, button.value)
        except Refused as error:  # an old menu: the model was changed, or no longer offers it
            said = explain(error, language)
        else:
            if changed != preferences:
                await self._people.save_preferences(button.user_id, changed)
                asker = asker.choosing(changed)
            if not button.value.startswith(OPEN):
                said = say("setting-kept", language)
        await self._show(query, asker, button)
        return Pressed(said)

    async def _show(self, query: CallbackQuery, asker: Asker, button: Button) -> None:
        kind = button.subject.partition(":")[0]
        await self._panels.show(query, *await self._made(asker, menu_of(button.value), kind))

    async def _made(self, asker: Asker, name: str, kind: str) -> tuple[str, InlineKeyboardMarkup]:
        menu = MENUS[name](asker)
        if kind == NESTED and name != SETTINGS:
            menu = nested(menu, asker)
        user = asker.user
        keyboard = await self._panels.keyboard(menu, user.id, f"{kind}:{user.id}", user.language_code)
        return menu.text, keyboard
