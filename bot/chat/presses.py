"""What people press: only ids travel, and a button belongs to the person it was shown to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars
from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.error import TelegramError
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.chat.failures import translate
from bot.chat.texts import say
from bot.domain.stores import Button, Buttons

log = structlog.get_logger(__name__)

Context = ContextTypes.DEFAULT_TYPE
_MOST = 200  # answerCallbackQuery takes so many characters
_MOST_AT_A_GLANCE = 70  # more is shown until it is closed, else it is gone before it is read


@dataclass(frozen=True, slots=True)
class Pressed:
    """What is said about a press, and whether its message has no more buttons, or which instead."""

    text: str
    close: bool = False
    buttons: InlineKeyboardMarkup | None = None


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
            await answer(query, Pressed(say("button-unknown", language)))
        elif button.user_id != query.from_user.id or not await self._under_own(query):
            await answer(query, Pressed(say("button-not-yours", language)))
        else:
            kind, _, about = button.subject.partition(":")
            with bound_contextvars(**{kind: about}):  # every line of the log names what it is about
                await answer(query, await self._rooms[kind](button, query))

    async def _under_own(self, query: CallbackQuery) -> bool:
        """Whether the message that was pressed, and may be changed for it, is not somebody else's.

        A changed app can press any button that it knows under any message. Source: Bot API, "CallbackQuery".
        """
        shown = ids_of(query)
        if not shown or query.data in shown:
            return True
        other = await self._buttons.find(shown[0])
        return other is not None and other.user_id == query.from_user.id


def ids_of(query: CallbackQuery) -> list[str]:
    """The ids of the buttons under the message that was pressed, as it is now."""
    keyboard = query.message.reply_markup if isinstance(query.message, Message) else None
    rows = keyboard.inline_keyboard if keyboard else ()
    return [str(button.callback_data) for row in rows for button in row if button.callback_data]


async def answer(query: CallbackQuery, pressed: Pressed) -> None:
    """Say it to who pressed (and to nobody else), and change the buttons."""
    try:
        await query.answer(pressed.text[:_MOST], show_alert=len(pressed.text) > _MOST_AT_A_GLANCE)
    except TelegramError as error:  # too late, say; its buttons go all the same
        log.info("press_not_answered", detail=str(translate(error)))
    # Of a message that is too old Telegram tells the id only; its buttons can't be changed.
    reached = query.message is not None and query.message.is_accessible
    if reached and (pressed.close or pressed.buttons is not None):
        try:
            await query.edit_message_reply_markup(pressed.buttons)
        except TelegramError as error:
            log.info("buttons_not_changed", detail=str(translate(error)))
