"""Menus in messages: their buttons kept as rows, their messages changed in place."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import structlog
from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import TelegramError

from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.menus import Item, Menu
from bot.chat.presses import ids_of
from bot.chat.replies import MOST_TEXT, Bot
from bot.chat.texts import say
from bot.clock import Clock
from bot.domain.stores import Button, Buttons

log = structlog.get_logger(__name__)


class Panels:
    """A menu belongs to one person. Its buttons are rows, so they work after a restart."""

    def __init__(self, bot: Bot, buttons: Buttons, clock: Clock) -> None:
        self._bot = bot
        self._buttons = buttons
        self._clock = clock

    async def keyboard(
        self, menu: Menu, user_id: int, subject: str, language: str | None
    ) -> InlineKeyboardMarkup:
        """The menu's buttons. One that was shown before is the same row again, so that rows don't pile up."""
        known = {button.value: button for button in await self._buttons.of(subject)}
        fresh = {
            item.value: new_button(user_id, subject, item.value)
            for row in menu.rows
            for item in row
            if item.value not in known
        }
        await self._buttons.keep(list(fresh.values()), self._clock.now())
        ids = {value: button.id for value, button in {**known, **fresh}.items()}
        return InlineKeyboardMarkup(
            [
                [InlineKeyboardButton(_label(item, language), callback_data=ids[item.value]) for item in row]
                for row in menu.rows
            ]
        )

    async def show(self, query: CallbackQuery, text: str, keyboard: InlineKeyboardMarkup) -> None:
        """Put a menu in place of the one whose button was pressed, if one is there."""
        if query.message is None or not ids_of(query):
            return
        try:
            await self._bot.edit_message_text(
                text[:MOST_TEXT],
                query.message.chat.id,
                query.message.message_id,
                reply_markup=keyboard,
                rate_limit_args=Priority.ANSWER,
            )
        except TelegramError as error:  # among them: nothing changed
            log.debug("menu_not_changed", detail=str(translate(error)))


def new_button(user_id: int, subject: str, value: str) -> Button:
    """A button whose id nobody can guess. It works once it is kept."""
    return Button(secrets.token_urlsafe(12), user_id, subject, value)


def column(labels: Sequence[str], buttons: Sequence[Button]) -> InlineKeyboardMarkup:
    """Buttons with their labels, one under the other."""
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(label, callback_data=button.id)]
            for label, button in zip(labels, buttons, strict=True)
        ]
    )


def _label(item: Item, language: str | None) -> str:
    return say("label-current", language, name=item.name) if item.current else item.name
