"""What jobs tell people: questions, refusals, results, ends. Implements `bot.domain.ports.Messenger`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from telegram import Message, ReplyParameters
from telegram.error import BadRequest, NetworkError, TelegramError

from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.progress import Progress
from bot.chat.questions import Asking
from bot.chat.replies import Bot, reply
from bot.chat.results import keyboard
from bot.chat.texts import explain, say
from bot.clock import Clock
from bot.domain.catalogue import QUALITY, Catalogue, Model
from bot.domain.edits import Edit, KeptResult, Request
from bot.domain.money import dollars
from bot.domain.pictures import Encoded
from bot.domain.ports import Imaging, Stage
from bot.domain.roles import Question
from bot.domain.stores import Buttons
from bot.domain.timing import Timing
from bot.errors import ImagingFailed, MessengerBusy, WavebrushError

log = structlog.get_logger(__name__)
MOST_CAPTION = 1024
_NOT_AS_PHOTO = ("photo_invalid_dimensions", "image_process_failed", "photo_save_file_invalid", "too large")


class Messages:
    """Sends what is worth waiting for: results above all."""

    def __init__(
        self,
        bot: Bot,
        progress: Progress,
        asking: Asking,
        buttons: Buttons,
        imaging: Imaging,
        catalogue: Callable[[], Catalogue],
        timing: Timing,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._progress = progress
        self._asking = asking
        self._buttons = buttons
        self._clock = clock
        self._imaging = imaging
        self._catalogue = catalogue
        self._timing = timing

    async def ask_prompt(self, request: Request) -> int | None:
        """Ask what to change; the question's message id."""
        return await reply(self._bot, request.place, say("ask-prompt", request.language))

    async def ask(self, request: Request, question: Question, shown: Encoded | None = None) -> int | None:
        """Ask with buttons; the question's message id."""
        return await self._asking.ask(request, question, shown)

    async def one_of_an_album(self, request: Request) -> None:
        """Say how to add a mask where only one picture of an album arrives."""
        await reply(self._bot, request.place, say("one-of-an-album", request.language))

    async def refuse(self, request: Request, error: WavebrushError) -> None:
        """Say why nothing comes of a request, and what to do instead."""
        await reply(self._bot, request.place, explain(error, request.language))

    def progress(self, edit: Edit, stage: Stage, expected_seconds: float | None = None) -> None:
        """Show where an edit is."""
        self._progress.show(edit, stage, expected_seconds)

    async def end(self, edit: Edit, error: WavebrushError | None = None) -> None:
        """Take the status away. A failure is a new reply, since an edited message notifies nobody."""
        await self._progress.end(edit)
        if error is None:
            return
        values = {"charged": dollars(edit.charged or 0), "held": dollars(edit.quote), "edit": edit.id[:8]}
        await reply(self._bot, edit.place, explain(error, edit.language, **values), Priority.RESULT)

    async def deliver(self, edit: Edit, result: KeptResult, data: bytes, charged: int, seconds: float) -> int:
        """Reply with the picture: as a photo, or as a file where no photo will do.

        Returns:
            The id of the message that shows it.

        Raises:
            PersonUnreachable: the person can't be reached. MessengerBusy: worth trying again; after a
            time-out the picture may arrive twice, but never not at all.
        """
        caption = self._caption(edit, result, charged, seconds)
        try:
            photo = await self._as_photo(edit, data)
            if photo is not None:
                try:
                    return (await self._send_photo(edit, photo, caption)).message_id
                except NetworkError as error:  # among them BadRequest, and the 413 of a proxy
                    if not any(text in error.message.lower() for text in _NOT_AS_PHOTO):
                        raise
                    log.info("not_as_photo", edit=edit.id, detail=error.message)
            return (await self._send_file(edit, result, data, caption)).message_id
        except NetworkError as error:
            if isinstance(error, BadRequest):
                raise translate(error) from error
            raise MessengerBusy(f"{type(error).__name__} while sending") from error
        except TelegramError as error:
            raise translate(error) from error

    async def _as_photo(self, edit: Edit, data: bytes) -> Encoded | None:
        try:
            return await self._imaging.as_photo(data)
        except ImagingFailed as error:
            log.warning("no_photo_made", edit=edit.id, detail=str(error))
            return None

    async def _send_photo(self, edit: Edit, photo: Encoded, caption: str) -> Message:
        return await self._bot.send_photo(
            edit.place.chat_id,
            photo.data,
            caption=caption,
            filename=f"wavebrush-{edit.id[:8]}.{photo.extension}",
            reply_markup=await keyboard(self._buttons, edit, self._clock),
            message_thread_id=edit.place.thread_id,
            reply_parameters=_to(edit),
            read_timeout=self._timing.telegram_read,
            write_timeout=self._timing.telegram_upload,
            rate_limit_args=Priority.RESULT,
        )

    async def _send_file(self, edit: Edit, result: KeptResult, data: bytes, caption: str) -> Message:
        file = await self._imaging.as_file(data)
        return await self._bot.send_document(
            edit.place.chat_id,
            file.data,
            caption=f"{caption}\n{say('result-as-file-only', edit.language)}"[:MOST_CAPTION],
            filename=f"wavebrush-{edit.id[:8]}.{file.extension}",
            disable_content_type_detection=True,
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
            _quality(edit.choices),
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
    if result.drift is None:  # it could not be laid over the original
        return [say("note-not-finished", edit.language)]
    notes = [say("note-masked", edit.language)]
    if model is not None and model.mask is None:
        notes.append(say("note-no-mask-field", edit.language, model=model.title))
    return notes


def _quality(choices: Mapping[str, str]) -> str | None:
    return choices.get(QUALITY)


def _to(edit: Edit) -> ReplyParameters:
    return ReplyParameters(edit.place.message_id, allow_sending_without_reply=True)
