"""The button under a result: its picture as a file, every pixel as we keep it."""

from __future__ import annotations

import secrets

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.error import TelegramError

from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.presses import Pressed
from bot.chat.replies import Bot
from bot.chat.texts import explain, say
from bot.clock import Clock
from bot.domain.edits import Edit
from bot.domain.ports import Imaging
from bot.domain.stores import Blobs, Button, Buttons, Edits
from bot.domain.timing import Timing

EDIT = "edit"
_FILE = "file"


async def keyboard(buttons: Buttons, edit: Edit, clock: Clock) -> InlineKeyboardMarkup:
    """The buttons to put under a result."""
    button = Button(secrets.token_urlsafe(12), edit.user_id, f"{EDIT}:{edit.id}", _FILE)
    await buttons.keep([button], clock.now())
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(say("option-file", edit.language), callback_data=button.id)]]
    )


class Results:
    """Hands kept results out again, for as long as they are kept."""

    def __init__(
        self, bot: Bot, edits: Edits, blobs: Blobs, imaging: Imaging, timing: Timing, result_days: int
    ) -> None:
        self._bot = bot
        self._edits = edits
        self._blobs = blobs
        self._imaging = imaging
        self._timing = timing
        self._result_days = result_days

    async def take(self, button: Button, query: CallbackQuery) -> Pressed:
        """Send the kept picture as a file, in reply to the result."""
        language = query.from_user.language_code
        edit = await self._edits.get(button.subject.removeprefix(f"{EDIT}:"))
        result = await self._edits.result(edit.id)
        data = await self._blobs.get(result.key) if result else None
        if data is None:
            return Pressed(say("file-gone", language, days=self._result_days))
        try:
            await self._send(edit, data)
        except TelegramError as error:
            return Pressed(explain(translate(error), language))
        return Pressed(say("file-sent", language))

    async def _send(self, edit: Edit, data: bytes) -> None:
        file = await self._imaging.as_file(data)
        to = edit.result_message_id or edit.place.message_id
        await self._bot.send_document(
            edit.place.chat_id,
            file.data,
            caption=say("file-caption", edit.language),
            filename=f"wavebrush-{edit.id[:8]}.{file.extension}",
            disable_content_type_detection=True,
            message_thread_id=edit.place.thread_id,
            reply_parameters=ReplyParameters(to, allow_sending_without_reply=True),
            read_timeout=self._timing.telegram_read,
            write_timeout=self._timing.telegram_upload,
            rate_limit_args=Priority.RESULT,
        )
