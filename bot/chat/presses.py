"""What people press: only ids travel, and a button belongs to the person it was shown to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import CallbackQuery, Update
from telegram.error import TelegramError
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.chat.failures import translate
from bot.chat.texts import say
from bot.domain.stores import Button, Buttons

log = structlog.get_logger(__name__)

Context = ContextTypes.DEFAULT_TYPE


@dataclass(frozen=True, slots=True)
class Pressed:
    """What is said about a press, and whether its message has no more buttons."""

    text: str
    close: bool = False


Take = Callable[[Button, CallbackQuery], Awaitable[Pressed]]


class Presses:
    """Checks whose button it is and hands it to the room of its subject."""

    def __init__(self, buttons: Buttons, rooms: Mapping[str, Take]) -> None:
        """``rooms``: who takes the buttons of which kind of subject (what is before its colon)."""
        self._buttons = buttons
        self._rooms = rooms

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to."""
        return [CallbackQueryHandler(self.pressed)]

    async def pressed(self, update: Update, context: Context) -> None:
        """Somebody pressed a button: one of ours, and their own?"""
        query = update.callback_query
        if query is None:
            return
        language = query.from_user.language_code
        button = await self._buttons.find(query.data or "")
        if button is None:
            await self._answer(query, Pressed(say("button-unknown", language)))
        elif button.user_id != query.from_user.id:
            await self._answer(query, Pressed(say("button-not-yours", language)))
        else:
            await self._answer(query, await self._rooms[button.subject.partition(":")[0]](button, query))

    async def _answer(self, query: CallbackQuery, pressed: Pressed) -> None:
        try:
            await query.answer(pressed.text)
            if pressed.close:
                await query.edit_message_reply_markup(None)
        except TelegramError as error:
            log.info("press_not_answered", detail=str(translate(error)))
