"""From messages to requests: pictures with words, without words, in albums, as replies; words alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from telegram import Message, Update, User
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.chat.addressing import addressed, answered_by, creates
from bot.chat.pictures import moving, sent_picture, unusable_kind
from bot.chat.replies import Bot, place_of, reply
from bot.chat.texts import explain, say
from bot.clock import Clock
from bot.domain.edits import Joined, Place, Request, RequestState, SentPicture
from bot.domain.stores import Edits, Requests
from bot.domain.timing import Timing
from bot.errors import PictureAnimated

Context = ContextTypes.DEFAULT_TYPE
NEW = filters.UpdateType.MESSAGE
PRIVATE = filters.ChatType.PRIVATE
PICTURE = filters.PHOTO | filters.Document.ALL | filters.Sticker.ALL | filters.ANIMATION
EDIT = filters.Regex(r"^/edit(@\w+)?(\s|$)")


class Intake:
    """Writes requests down and says that they are there; it does no picture work and no paid work."""

    def __init__(
        self,
        bot: Bot,
        requests: Requests,
        edits: Edits,
        nudge: Callable[[], None],
        seen: Callable[[Place], None],
        timing: Timing,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._requests = requests
        self._edits = edits
        self._nudge = nudge
        self._seen = seen
        self._timing = timing
        self._clock = clock

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to, the most special first."""
        return [
            MessageHandler(NEW & PICTURE, self.picture),
            CommandHandler("create", self.words, filters=NEW),
            MessageHandler(NEW & filters.TEXT & (~filters.COMMAND | EDIT), self.words),
            MessageHandler(NEW & PRIVATE & filters.COMMAND, self.unknown_command),
            MessageHandler(NEW & PRIVATE & ~filters.StatusUpdate.ALL, self.unusable),
            MessageHandler(filters.UpdateType.EDITED_MESSAGE, self.edited),
        ]

    async def picture(self, update: Update, context: Context) -> None:
        """A picture: a request of its own, a part of an album, or the mask of what it replies to."""
        message, user = _from(update)
        words = addressed(message, self._bot.id, self._bot.username)
        if words is not None and creates(message):
            await self._answer(message, say("create-with-picture", user.language_code))
            words = None  # of an album the other parts may still be for the bot
        picture = sent_picture(message)
        if picture is None:
            if words is not None and moving(message):
                await self._answer(message, explain(PictureAnimated(), user.language_code))
            return
        if message.media_group_id is not None:
            await self._album_part(update, message, self._request(message, user, (picture,), words))
            return
        if words is None:
            return
        if words.startswith("/"):
            await self._answer(message, say("caption-is-command", user.language_code))
            return
        source, prompt = await self._replied_to(message)
        pictures = (picture,) if source is None else (source, picture)
        request = self._request(message, user, pictures, words)
        waiting = await self._requests.wanting_words(message.chat_id, user.id)
        await self._open(update, replace(request, prompt=words or prompt), waiting)

    async def words(self, update: Update, context: Context) -> None:
        """Text: what to change in the picture it replies to or that waits for words; or what to make."""
        message, user = _from(update)
        words = addressed(message, self._bot.id, self._bot.username)
        if words is None:
            return
        waiting = await self._requests.wanting_words(message.chat_id, user.id)
        if creates(message):
            await self._create(update, self._request(message, user, (), words), waiting)
            return
        if waiting is not None and words and _answers(message, waiting):
            now = self._clock.now()
            if await self._requests.give_words(waiting.id, words, now, update.update_id):
                self._nudge()
            return
        source, _ = await self._replied_to(message)
        if source is None:
            await self._answer(message, say("text-without-picture", user.language_code))
            return
        await self._open(update, self._request(message, user, (source,), words), waiting)

    async def _create(self, update: Update, request: Request, waiting: Request | None) -> None:
        """A picture from words alone; which picture, is asked where there are none."""
        message, user = _from(update)
        source, _ = await self._replied_to(message)
        if source is not None:
            await self._answer(message, say("create-with-picture", user.language_code))
            return
        await self._open(update, request, waiting)

    async def unknown_command(self, update: Update, context: Context) -> None:
        """A command that no other room took."""
        message, user = _from(update)
        await self._answer(message, say("unknown-command", user.language_code))

    async def edited(self, update: Update, context: Context) -> None:
        """Words that were changed, or added, afterwards: for a request that waits, or too late."""
        message, user = _from(update)
        words = addressed(message, self._bot.id, self._bot.username)
        if not words:
            return
        waiting = await self._requests.wanting_words(message.chat_id, user.id)
        if waiting is not None and message.message_id in {one.message_id for one in waiting.pictures}:
            if await self._requests.give_words(waiting.id, words, self._clock.now(), update.update_id):
                self._nudge()
        elif await self._begun(message, user, words):
            await self._answer(message, say("words-too-late", user.language_code))

    async def _begun(self, message: Message, user: User, words: str) -> bool:
        """Whether what a message asked for is under way; a request that still waits gets the new words."""
        here = (message.message_id, message.media_group_id)
        request = await self._requests.asked_for(message.chat_id, user.id, *here)
        if request is not None:
            return not await self._requests.change_words(request.id, words)
        return bool(await self._edits.unfinished_at(message.chat_id, message.message_id))

    async def unusable(self, update: Update, context: Context) -> None:
        """Voice, video, contact, poll: nothing is silence."""
        message, user = _from(update)
        await self._answer(message, say("unusable-message", user.language_code, kind=unusable_kind(message)))

    def _request(
        self, message: Message, user: User, pictures: tuple[SentPicture, ...], words: str | None
    ) -> Request:
        return Request(
            id=uuid.uuid4().hex,
            user_id=user.id,
            place=place_of(message),
            state=RequestState.COLLECTING,
            pictures=pictures,
            created_at=self._clock.now(),
            prompt=words or None,
            language=user.language_code,
            album_id=message.media_group_id,
            addressed=words is not None,
        )

    async def _open(self, update: Update, request: Request, waiting: Request | None) -> None:
        """``waiting`` is the person's request that wants words, if there is one."""
        await self._close_without_words(waiting)
        await self._close_what_it_replaces(update, request)
        await self._requests.open(request, request.created_at, update.update_id)
        self._seen(request.place)
        self._nudge()

    async def _close_what_it_replaces(self, update: Update, request: Request) -> None:
        """A reply to a picture that a question is open about is what becomes of that picture."""
        open_one = await self._requests.newest_open(request.place.chat_id, request.user_id)
        answered = update.effective_message.reply_to_message if update.effective_message else None
        if open_one is None or answered is None or open_one.id == request.id:
            return
        if answered.message_id in {picture.message_id for picture in open_one.pictures}:
            await self._requests.close(open_one.id, RequestState.EXPIRED)

    async def _close_without_words(self, waiting: Request | None) -> None:
        """Who asks for something else has no words for a picture that was to be made from them."""
        if waiting is not None and not waiting.pictures:
            await self._requests.close(waiting.id, RequestState.EXPIRED)

    async def _album_part(self, update: Update, message: Message, part: Request) -> None:
        """Albums have no end mark: they are whole when no part came for a while."""
        source, _ = await self._replied_to(message)
        if source is not None:
            part = replace(part, pictures=(source, *part.pictures))
        due_at = part.created_at + timedelta(seconds=self._timing.album_quiet)
        longest = timedelta(seconds=self._timing.album_longest)
        joined = await self._requests.join(part, due_at, longest, update.update_id)
        if joined is Joined.OPENED and part.addressed:
            self._seen(part.place)
            await self._close_without_words(
                await self._requests.wanting_words(part.place.chat_id, part.user_id)
            )
        if joined is Joined.LATE and part.addressed:
            await self._answer(message, say("late-part", part.language))
        self._nudge()

    async def _replied_to(self, message: Message) -> tuple[SentPicture | None, str | None]:
        """The picture that a message replies to, in the best copy we know, and the words it had."""
        answered = answered_by(message)
        if answered is None:
            return None, None
        if answered.from_user is not None and answered.from_user.id == self._bot.id:
            edit = await self._edits.of_result(message.chat_id, answered.message_id)
            if edit is not None:  # the words that made a picture don't say what to change in it
                words = None if edit.from_words else edit.prompt
                return SentPicture(result_of=edit.id, message_id=answered.message_id), words
        words = None if creates(answered) else addressed(answered, self._bot.id, self._bot.username)
        return sent_picture(answered), words or None

    async def _answer(self, message: Message, text: str) -> None:
        await reply(self._bot, place_of(message), text)


def _answers(message: Message, waiting: Request) -> bool:
    """Whether words belong to the request that waits for some: unless they reply to something else."""
    answered = answered_by(message)
    if answered is None:
        return True
    own = {waiting.place.message_id, waiting.question_message_id}
    return answered.message_id in own | {picture.message_id for picture in waiting.pictures}


def _from(update: Update) -> tuple[Message, User]:
    message = update.effective_message
    if message is None or message.from_user is None:
        raise ValueError("an update without a message or a person reached a message handler")
    return message, message.from_user
