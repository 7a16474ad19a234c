"""What jobs tell people: questions, refusals, results, ends. Implements `bot.domain.ports.Messenger`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog
from telegram import Message, ReplyParameters
from telegram.error import BadRequest, NetworkError, TelegramError

from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.notices import Notices
from bot.chat.progress import Progress
from bot.chat.questions import Asking
from bot.chat.replies import Bot, answering, reply
from bot.chat.result_buttons import ResultButtons
from bot.chat.texts import explain, say
from bot.clock import Clock
from bot.domain.catalogue import QUALITY, Catalogue, Model
from bot.domain.edits import Delivered, Edit, KeptResult, Request
from bot.domain.money import dollars
from bot.domain.pictures import Encoded
from bot.domain.ports import Imaging, Stage
from bot.domain.roles import Question
from bot.domain.stores import Buttons
from bot.domain.timing import Timing
from bot.errors import ImagingFailed, MessengerBusy, WavebrushError

log = structlog.get_logger(__name__)
MOST_CAPTION = 1024
# How httpx names what may come after Telegram took the message.
_PERHAPS_SENT = ("ReadError", "ReadTimeout", "RemoteProtocolError", "WriteError", "WriteTimeout")
_NOT_AS_PHOTO = ("photo_invalid_dimensions", "image_process_failed", "photo_save_file_invalid", "too large")


class Messages:
    """Sends what is worth waiting for: results above all."""

    def __init__(
        self,
        bot: Bot,
        progress: Progress,
        asking: Asking,
        notices: Notices,
        buttons: Buttons,
        imaging: Imaging,
        catalogue: Callable[[], Catalogue],
        timing: Timing,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._progress = progress
        self._asking = asking
        self._notices = notices
        self._buttons = ResultButtons(buttons, catalogue, clock)
        self._imaging = imaging
        self._catalogue = catalogue
        self._timing = timing

    async def ask_prompt(self, request: Request) -> int | None:
        """Ask what to change, with words to choose from; the question's message id."""
        return await self._asking.ask_words(request)

    async def ask(self, request: Request, question: Question, shown: Encoded | None = None) -> int | None:
        """Ask with buttons; the question's message id."""
        return await self._asking.ask(request, question, shown)

    async def refuse(self, request: Request, error: WavebrushError) -> None:
        """Say why nothing comes of a request, and what to do instead."""
        self._progress.signs.over(request.place)
        await reply(self._bot, request.place, explain(error, request.language))

    def progress(
        self, edit: Edit, stage: Stage, expected_seconds: float | None = None, place: int | None = None
    ) -> None:
        """Show where an edit is."""
        self._progress.show(edit, stage, expected_seconds, place)

    async def tell_admins(self, key: str, **values: str | int) -> None:
        """Send every admin a sentence."""
        await self._notices.tell_admins(key, **values)

    async def end(self, edit: Edit, error: WavebrushError | None = None) -> None:
        """Take the status away. A failure is a new reply, since an edited message notifies nobody."""
        await self._progress.end(edit)
        if error is None:
            return
        values = {"charged": dollars(edit.charged or 0), "held": dollars(edit.quote), "edit": edit.id[:8]}
        await reply(self._bot, edit.place, explain(error, edit.language, **values), Priority.RESULT)

    async def deliver(
        self, edit: Edit, result: KeptResult, data: bytes, charged: int, seconds: float
    ) -> Delivered:
        """Reply with the picture as the person chose: photo, file or both; a file where no photo will do.

        Returns:
            The message that shows it, and its photo if it is one.

        Raises:
            PersonUnreachable: the person can't be reached. MessengerBusy: worth trying again; after a
            time-out the picture may arrive twice, but never not at all.
        """
        caption = self._caption(edit, result, charged, seconds)
        try:
            if edit.delivery == "file":
                return _delivered(await self._send_file(edit, data, caption))
            photo = await self._as_photo(edit, data)
            sent = await self._try_photo(edit, photo, caption) if photo is not None else None
            if sent is None:
                why = say("result-as-file-only", edit.language)
                return _delivered(await self._send_file(edit, data, f"{caption}\n{why}"))
            if edit.delivery == "both":
                await self._add_file(edit, data, sent.message_id)
            return _delivered(sent)
        except NetworkError as error:
            if isinstance(error, BadRequest):
                raise translate(error) from error
            busy = MessengerBusy(f"{type(error).__name__} while sending")
            busy.uncertain = type(error.__cause__).__name__ in _PERHAPS_SENT
            raise busy from error
        except TelegramError as error:
            raise translate(error) from error

    async def _as_photo(self, edit: Edit, data: bytes) -> Encoded | None:
        try:
            return await self._imaging.as_photo(data)
        except ImagingFailed as error:
            log.warning("no_photo_made", edit=edit.id, detail=str(error))
            return None

    async def _try_photo(self, edit: Edit, photo: Encoded, caption: str) -> Message | None:
        """Send it; None if Telegram can't show it as a photo."""
        try:
            return await self._send_photo(edit, photo, caption)
        except NetworkError as error:  # among them BadRequest, and the 413 of a proxy
            if not any(text in error.message.lower() for text in _NOT_AS_PHOTO):
                raise
            log.info("not_as_photo", edit=edit.id, detail=error.message)
            return None

    async def _add_file(self, edit: Edit, data: bytes, photo_id: int) -> None:
        """Reply to the photo with its file. If that fails, the photo is there, and its button too."""
        shown = replace(edit, place=replace(edit.place, message_id=photo_id))
        try:
            await self._send_file(shown, data, say("file-caption", edit.language), buttons=False)
        except (TelegramError, ImagingFailed) as error:
            log.warning("file_not_added", edit=edit.id, error=type(error).__name__)

    async def _send_photo(self, edit: Edit, photo: Encoded, caption: str) -> Message:
        return await self._bot.send_photo(
            edit.place.chat_id,
            photo.data,
            caption=caption,
            filename=f"wavebrush-{edit.id[:8]}.{photo.extension}",
            reply_markup=await self._buttons.under(edit),
            message_thread_id=edit.place.thread_id,
            reply_parameters=_to(edit),
            read_timeout=self._timing.telegram_read,
            write_timeout=self._timing.telegram_upload,
            rate_limit_args=Priority.RESULT,
        )

    async def _send_file(self, edit: Edit, data: bytes, caption: str, *, buttons: bool = True) -> Message:
        file = await self._imaging.as_file(data)
        return await self._bot.send_document(
            edit.place.chat_id,
            file.data,
            caption=caption[:MOST_CAPTION],
            filename=f"wavebrush-{edit.id[:8]}.{file.extension}",
            disable_content_type_detection=True,
            reply_markup=await self._buttons.under(edit, as_file=True) if buttons else None,
            message_thread_id=edit.place.thread_id,
            reply_parameters=_to(edit),
            read_timeout=self._timing.telegram_read,
            write_timeout=self._timing.telegram_upload,
            rate_limit_args=Priority.RESULT,
        )

    def _caption(self, edit: Edit, result: KeptResult, charged: int, seconds: float) -> str:
        model = self._catalogue().models.get(edit.model)
        details = [
            model.title if model else edit.model,
            edit.choices.get(QUALITY),
            f"{result.width}×{result.height}",
            f"{max(1, round(seconds))} s",
            dollars(charged),
        ]
        lines = [" · ".join(part for part in details if part), *_notes(edit, result, model)]
        return "\n".join(lines)[:MOST_CAPTION]


def _notes(edit: Edit, result: KeptResult, model: Model | None) -> list[str]:
    """What the person should know about the mask."""
    if edit.mask_key is None:
        return []
    if not edit.finishing:
        return [say("note-unfinished", edit.language)]
    if result.drift is None:  # it could not be laid over the original
        return [say("note-not-finished", edit.language)]
    notes = [say("note-masked", edit.language)]
    if model is not None and model.mask is None:
        notes.append(say("note-no-mask-field", edit.language, model=model.title))
    return notes


def _delivered(sent: Message) -> Delivered:
    return Delivered(sent.message_id, sent.photo[-1].file_id if sent.photo else None)


def _to(edit: Edit) -> ReplyParameters | None:
    return answering(edit.place.message_id)
