"""`/history`: a person's last edits as a small gallery, with links and *Again* buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from telegram import InputMediaPhoto, Update
from telegram.error import TelegramError
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, filters

from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.replies import Bot, answering, place_of, reply
from bot.chat.result_buttons import ResultButtons
from bot.chat.texts import say, shortened
from bot.domain.catalogue import Catalogue
from bot.domain.edits import Edit, Place
from bot.domain.money import dollars
from bot.domain.ports import Imaging
from bot.domain.stores import Blobs, Edits
from bot.errors import WavebrushError

log = structlog.get_logger(__name__)
Context = ContextTypes.DEFAULT_TYPE
_MOST = 8
_LONGEST_PROMPT, _LONGEST_LINE = 200, 60
_SUPERGROUP = -1_000_000_000_000  # a supergroup's id is this minus the number that its links have


class History:
    """Shows what a person had made: in a group what they had made there, in private all of it."""

    def __init__(
        self,
        bot: Bot,
        edits: Edits,
        blobs: Blobs,
        imaging: Imaging,
        buttons: ResultButtons,
        catalogue: Callable[[], Catalogue],
    ) -> None:
        self._bot = bot
        self._edits = edits
        self._blobs = blobs
        self._imaging = imaging
        self._buttons = buttons
        self._catalogue = catalogue

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to."""
        return [CommandHandler("history", self.command, filters=filters.UpdateType.MESSAGE)]

    async def command(self, update: Update, context: Context) -> None:
        """The pictures in one album, and below it what can be pressed."""
        message, user = update.effective_message, update.effective_user
        if message is None or user is None:
            return
        place, language = place_of(message), user.language_code
        here = None if message.chat.type == "private" else message.chat_id
        edits = await self._edits.done_of(user.id, _MOST, here)
        if not edits:
            await reply(self._bot, place, say("history-none", language))
            return
        photos = [await self._photo(edit) for edit in edits]
        captions = [self._caption(number, edit, language) for number, edit in enumerate(edits, 1)]
        shown = [
            InputMediaPhoto(photo, caption=caption, filename="result.jpg")
            for photo, caption in zip(photos, captions, strict=True)
            if photo is not None
        ]
        await self._show(place, shown)
        # Of an album with several captions a phone shows none until a picture is opened.
        lines = [say("history-below", language, count=len(edits))]
        lines += [
            _line(number, edit, language, gone=photo is None)
            for number, (edit, photo) in enumerate(zip(edits, photos, strict=True), 1)
        ]
        await reply(self._bot, place, "\n".join(lines), markup=await self._buttons.again(edits, language))

    async def _photo(self, edit: Edit) -> str | bytes | None:
        """What shows a result: the photo that Telegram has, or one made of what we keep."""
        if edit.result_file_id is not None:
            return edit.result_file_id
        result = await self._edits.result(edit.id)
        try:
            data = await self._blobs.get(result.key) if result else None
            if data is None:
                return None
            photo = await self._imaging.as_photo(data)
        except WavebrushError as error:
            log.warning("history_without_photo", edit=edit.id, detail=str(error))
            return None
        return photo.data if photo else None

    async def _show(self, place: Place, photos: list[InputMediaPhoto]) -> None:
        """Send the photos as an album. Telegram takes no album of one."""
        common: dict[str, Any] = {
            "message_thread_id": place.thread_id,
            "reply_parameters": answering(place.message_id),
            "rate_limit_args": Priority.ANSWER,
        }
        try:
            if len(photos) == 1:
                only = photos[0]
                await self._bot.send_photo(place.chat_id, only.media, caption=only.caption, **common)
            elif photos:
                await self._bot.send_media_group(place.chat_id, photos, **common)
        except TelegramError as error:
            log.warning("history_not_shown", chat=place.chat_id, detail=str(translate(error)))

    def _caption(self, number: int, edit: Edit, language: str | None) -> str:
        line = say(
            "history-caption",
            language,
            number=number,
            prompt=shortened(edit.prompt, _LONGEST_PROMPT),
            title=self._catalogue().title_of(edit.model),
            price=dollars(edit.charged or 0),
        )
        return f"{line}\n{link}" if (link := link_of(edit)) else line


def _line(number: int, edit: Edit, language: str | None, *, gone: bool) -> str:
    prompt, price = shortened(edit.prompt, _LONGEST_LINE), dollars(edit.charged or 0)
    line = say("history-line", language, number=number, prompt=prompt, price=price)
    if gone:
        line = say("history-gone", language, line=line)
    return f"{line}\n{link}" if (link := link_of(edit)) else line


def link_of(edit: Edit) -> str | None:
    """A link to the message with the result, where its chat has links: in supergroups, for their members."""
    number, message_id = _SUPERGROUP - edit.place.chat_id, edit.result_message_id
    if number <= 0 or message_id is None or message_id <= 0:
        return None
    topic = f"{edit.place.thread_id}/" if edit.place.thread_id else ""
    return f"https://t.me/c/{number}/{topic}{message_id}"
