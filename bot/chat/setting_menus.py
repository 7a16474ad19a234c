"""Shows the settings' menus, takes their presses, and changes the message in place."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import structlog
from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import TelegramError

from bot.chat.asker import Asker
from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.menus import MENUS, OPEN, SETTINGS, Item, Menu, chosen, menu_of, nested
from bot.chat.presses import Pressed
from bot.chat.replies import Bot
from bot.chat.texts import explain, say
from bot.clock import Clock
from bot.domain.catalogue import Catalogue
from bot.domain.stores import Button, Buttons, People
from bot.errors import Refused

log = structlog.get_logger(__name__)

# The kinds of subjects: a menu that stands alone, and one that was opened from all settings.
ALONE, NESTED = "setting", "settings"


class SettingMenus:
    """A menu belongs to who asked. Its buttons are rows, so they work after a restart."""

    def __init__(
        self, bot: Bot, people: People, buttons: Buttons, catalogue: Callable[[], Catalogue], clock: Clock
    ) -> None:
        self._bot = bot
        self._people = people
        self._buttons = buttons
        self._catalogue = catalogue
        self._clock = clock

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
        if query.message is None:
            return
        kind = button.subject.partition(":")[0]
        text, keyboard = await self._made(asker, menu_of(button.value), kind)
        try:
            await self._bot.edit_message_text(
                text,
                query.message.chat.id,
                query.message.message_id,
                reply_markup=keyboard,
                rate_limit_args=Priority.ANSWER,
            )
        except TelegramError as error:  # among them: nothing changed
            log.debug("menu_not_changed", detail=str(translate(error)))

    async def _made(self, asker: Asker, name: str, kind: str) -> tuple[str, InlineKeyboardMarkup]:
        menu = MENUS[name](asker)
        if kind == NESTED and name != SETTINGS:
            menu = nested(menu, asker)
        return menu.text, await self._keyboard(asker, f"{kind}:{asker.user.id}", menu)

    async def _keyboard(self, asker: Asker, subject: str, menu: Menu) -> InlineKeyboardMarkup:
        """The menu's buttons. One that was shown before is the same row again, so that rows don't pile up."""
        known = {button.value: button for button in await self._buttons.of(subject)}
        items = [item for row in menu.rows for item in row]
        fresh = {
            item.value: Button(secrets.token_urlsafe(12), asker.user.id, subject, item.value)
            for item in items
            if item.value not in known
        }
        await self._buttons.keep(list(fresh.values()), self._clock.now())
        ids = {value: button.id for value, button in {**known, **fresh}.items()}
        return InlineKeyboardMarkup(
            [
                [InlineKeyboardButton(_label(asker, item), callback_data=ids[item.value]) for item in row]
                for row in menu.rows
            ]
        )


def _label(asker: Asker, item: Item) -> str:
    return asker.say("label-current", name=item.name) if item.current else item.name
