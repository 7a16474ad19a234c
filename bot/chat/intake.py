"""From messages to requests: a picture with words, a picture without, words without a picture."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from telegram import Message, Update
from telegram.ext import BaseHandler, ContextTypes, MessageHandler, filters

from bot.chat.replies import Bot, place_of, reply
from bot.chat.texts import say
from bot.clock import Clock
from bot.domain.edits import Request, RequestState, SentPicture
from bot.domain.ports import Requests
from bot.domain.timing import Timing

Context = ContextTypes.DEFAULT_TYPE
PRIVATE = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE
PICTURE = filters.PHOTO | filters.Document.ALL


class Intake:
    """Writes requests down and says that they are there; it does no picture work and no paid work."""

    def __init__(
        self, bot: Bot, requests: Requests, nudge: Callable[[], None], timing: Timing, clock: Clock
    ) -> None:
        self._bot = bot
        self._requests = requests
        self._nudge = nudge
        self._timing = timing
        self._clock = clock

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to, the most special first."""
        return [
            MessageHandler(PRIVATE & PICTURE, self.picture),
            MessageHandler(PRIVATE & filters.TEXT & ~filters.COMMAND, self.words),
            MessageHandler(PRIVATE & filters.COMMAND, self.unknown_command),
            MessageHandler(PRIVATE & ~filters.StatusUpdate.ALL, self.unusable),
        ]

    async def picture(self, update: Update, context: Context) -> None:
        """A photo or a file: open a request, which asks for words if there are none."""
        message = _message(update)
        picture = sent_picture(message)
        user = message.from_user
        if picture is None or user is None:
            return
        now = self._clock.now()
        # A forwarded caption is somebody else's words, not an instruction to spend this person's money.
        prompt = None if message.forward_origin else (message.caption or "").strip() or None
        request = Request(
            id=uuid.uuid4().hex,
            user_id=user.id,
            place=place_of(message),
            state=RequestState.COLLECTING,
            pictures=(picture,),
            created_at=now,
            prompt=prompt,
            language=user.language_code,
            album_id=message.media_group_id,
        )
        await self._requests.open(request, now, update.update_id)
        self._nudge()

    async def words(self, update: Update, context: Context) -> None:
        """Text: the answer to an open question, or a nudge towards a picture."""
        message = _message(update)
        user = message.from_user
        if user is None or not message.text:
            return
        request = await self._requests.asking(message.chat_id, user.id)
        if request is not None and await self._requests.answer(
            request.id, message.text.strip(), self._clock.now()
        ):
            self._nudge()
            return
        await reply(self._bot, place_of(message), say("text-without-picture", user.language_code))

    async def unknown_command(self, update: Update, context: Context) -> None:
        """A command that no other room took."""
        await self._say(update, "unknown-command")

    async def unusable(self, update: Update, context: Context) -> None:
        """Voice, video, contact, poll: nothing is silence."""
        await self._say(update, "unusable-message")

    async def _say(self, update: Update, key: str) -> None:
        message = _message(update)
        language = message.from_user.language_code if message.from_user else None
        await reply(self._bot, place_of(message), say(key, language))


def sent_picture(message: Message) -> SentPicture | None:
    """The picture of a message: the largest size of a photo, or a file; None if there is neither."""
    if message.photo:
        largest = message.photo[-1]
        return SentPicture(
            file_id=largest.file_id,
            file_unique_id=largest.file_unique_id,
            message_id=message.message_id,
            bytes=largest.file_size,
        )
    if message.document:
        document = message.document
        return SentPicture(
            file_id=document.file_id,
            file_unique_id=document.file_unique_id,
            message_id=message.message_id,
            as_file=True,
            bytes=document.file_size,
        )
    return None


def _message(update: Update) -> Message:
    message = update.effective_message
    if message is None:
        raise ValueError("an update without a message reached a message handler")
    return message
