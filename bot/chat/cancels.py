"""`/cancel` and the *Cancel* buttons. A button names its edit, whose owner alone may press it."""

from __future__ import annotations

from typing import Any

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update, User
from telegram.constants import ChatMemberStatus
from telegram.error import TelegramError
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes, filters

from bot.chat.presses import Pressed, answer, ids_of
from bot.chat.replies import Bot, place_of, reply
from bot.chat.texts import say, shortened
from bot.domain.edits import Edit, RequestState
from bot.domain.money import dollars, times
from bot.domain.stores import Edits, Requests
from bot.jobs.cancelling import Cancelled, Cancelling

Context = ContextTypes.DEFAULT_TYPE
_DATA = "cancel:"
_MOST = 8
_ADMINS = {ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR}


def cancel_button(edit: Edit) -> InlineKeyboardMarkup:
    """The button under the status of an edit. It is the same every time, so it needs no row."""
    return InlineKeyboardMarkup([[_button(edit, say("option-cancel", edit.language))]])


class Cancels:
    """Lets people take back what they asked for, as long as it costs nothing."""

    def __init__(self, bot: Bot, edits: Edits, requests: Requests, cancelling: Cancelling) -> None:
        self._bot = bot
        self._edits = edits
        self._requests = requests
        self._cancelling = cancelling

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to; before the room of all other buttons."""
        return [
            CommandHandler("cancel", self.command, filters=filters.UpdateType.MESSAGE),
            CallbackQueryHandler(self.pressed, pattern=rf"^{_DATA}"),
        ]

    async def command(self, update: Update, context: Context) -> None:
        """`/cancel`: the edit that it replies to, the only one that runs here, or a choice of them."""
        message, user = update.effective_message, update.effective_user
        if message is None or user is None:
            return
        running = await self._running(message, user)
        if len(running) > 1:
            text, markup = say("cancel-which", user.language_code), _choice(running)
        elif not running:
            text, markup = await self._cancel_request(message, user), None
        elif await self._may_cancel(running[0][0], message, user):
            text, markup = await self._cancel(running[0][0], user), None
        else:
            text, markup = say("cancel-not-yours", user.language_code), None
        await reply(self._bot, place_of(message), text, markup=markup)

    async def pressed(self, update: Update, context: Context) -> None:
        """A *Cancel* button."""
        query = update.callback_query
        if query is not None:
            await answer(query, await self._press(query, (query.data or "").removeprefix(_DATA)))

    async def _press(self, query: CallbackQuery, edit_id: str) -> Pressed:
        language = query.from_user.language_code
        try:
            edit = await self._edits.get(edit_id)
        except KeyError:
            return Pressed(say("button-unknown", language))
        if edit.user_id != query.from_user.id:
            return Pressed(say("button-not-yours", language))
        if edit.state.final and ids_of(query) == [query.data] and await self._take_away(query):
            return Pressed(say("cancel-over", language))
        text = await self._cancel(edit, query.from_user)
        status = query.message is not None and query.message.message_id == edit.status_message_id
        if status:  # it is gone now, so its request is answered
            await reply(self._bot, edit.place, text)
        return Pressed(text, close=not status)

    async def _take_away(self, query: CallbackQuery) -> bool:
        """Delete a status whose edit has ended: a crash came before it was noted which message it is."""
        try:
            return await query.delete_message()
        except TelegramError:  # it is too old; its button goes
            return False

    async def _cancel(self, edit: Edit, user: User) -> str:
        """Cancel it, and what else was asked for together with it."""
        batch = [edit] if edit.batch is None else await self._edits.of_batch(edit.batch)
        outcomes = [(one, await self._cancelling.cancel(one)) for one in batch]
        bought = [one.quote for one, outcome in outcomes if outcome is Cancelled.BOUGHT]
        free = [one for one, outcome in outcomes if outcome is Cancelled.FREE]
        language = user.language_code
        if bought and free:
            count, price = len(batch), dollars(sum(bought))
            return say("cancel-some", language, free=len(free), count=count, price=price)
        if bought:
            return say("cancel-bought", language, price=times(bought))
        return say("button-cancelled" if free else "cancel-over", language)

    async def _running(self, message: Message, user: User) -> list[list[Edit]]:
        """The edits that a /cancel can mean: of the message it replies to, else all of the person here.

        Those that were asked for together are taken back together.
        """
        answered = message.reply_to_message
        if answered is not None:
            replied_to = await self._edits.unfinished_at(message.chat_id, answered.message_id)
            if replied_to:
                return [replied_to[:1]]
        here = None if message.chat.type == "private" else message.chat_id
        running = await self._edits.unfinished_of(user.id, here)
        together: dict[str, list[Edit]] = {}
        for edit in running:
            together.setdefault(edit.batch or edit.id, []).append(edit)
        return list(together.values())

    async def _may_cancel(self, edit: Edit, message: Message, user: User) -> bool:
        """Who asked for it may; in a group its admins, too."""
        if edit.user_id == user.id:
            return True
        try:
            member = await self._bot.get_chat_member(message.chat_id, user.id)
        except TelegramError:
            return False
        return member.status in _ADMINS

    async def _cancel_request(self, message: Message, user: User) -> str:
        """Take back what is not yet an edit: a question that waits for its answer, an album still coming."""
        request = await self._requests.newest_open(message.chat_id, user.id)
        if request is not None and await self._requests.close(request.id, RequestState.REFUSED):
            return say("button-cancelled", user.language_code)
        return say("cancel-nothing", user.language_code)


def _choice(running: list[list[Edit]]) -> InlineKeyboardMarkup:
    rows = []
    for together in running[:_MOST]:
        price = times([edit.quote for edit in together])
        rows.append([_button(together[0], f"{shortened(together[0].prompt)} · {price}")])
    return InlineKeyboardMarkup(rows)


def _button(edit: Edit, label: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=f"{_DATA}{edit.id}")
