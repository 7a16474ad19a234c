"""Sends results: one as a reply with its buttons, several of one batch as an album with a row of numbers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import structlog
from telegram import InputMediaDocument, InputMediaPhoto, Message
from telegram.error import NetworkError, TelegramError

from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.replies import Bot, answering, reply
from bot.chat.result_buttons import ResultButtons
from bot.chat.texts import explain, say
from bot.domain.catalogue import QUALITY, Catalogue, Model
from bot.domain.edits import Delivered, Edit, KeptResult, Ready
from bot.domain.money import dollars, times
from bot.domain.pictures import Encoded
from bot.domain.ports import Imaging
from bot.domain.timing import Timing
from bot.errors import ImagingFailed, named

log = structlog.get_logger(__name__)
MOST_CAPTION = 1024
_MOST_BYTES = 50_000_000  # of the files in one call: not documented for albums, but for a file
_NOT_AS_PHOTO = ("photo_invalid_dimensions", "image_process_failed", "photo_save_file_invalid", "too large")

T = TypeVar("T")
Media = InputMediaPhoto | InputMediaDocument


class Delivery:
    """As the person chose: photos, files or both; files where no photo will do."""

    def __init__(
        self,
        bot: Bot,
        buttons: ResultButtons,
        imaging: Imaging,
        catalogue: Callable[[], Catalogue],
        timing: Timing,
    ) -> None:
        self._bot = bot
        self._buttons = buttons
        self._imaging = imaging
        self._catalogue = catalogue
        self._timing = timing

    async def send(
        self, ready: Sequence[Ready], failed: Sequence[Edit], seconds: float
    ) -> dict[str, Delivered]:
        """Send one result, or an album of several; where they are, by their edits.

        Of several, those that can't be photos, or are too much for one call, are left out; they come alone.

        Raises:
            PersonUnreachable: the person can't be reached. MessengerBusy: worth trying again; after a
            time-out a picture may arrive twice, but never not at all.
        """
        try:
            if len(ready) == 1:
                return await self._single(ready[0], failed, seconds)
            if ready[0].edit.delivery == "file":
                return await self._files(ready, failed, seconds)
            return await self._photos(ready, failed, seconds)
        except TelegramError as error:
            raise translate(error) from error

    # --- one --------------------------------------------------------------------------------------------

    async def _single(self, one: Ready, failed: Sequence[Edit], seconds: float) -> dict[str, Delivered]:
        edit, caption = one.edit, self._caption([one], failed, seconds)
        if edit.delivery == "file":
            return {edit.id: _delivered(await self._send_file(edit, one.data, caption))}
        photo = await self._as_photo(one)
        sent = await self._try(self._send_photo(edit, photo, caption)) if photo is not None else None
        if sent is None:
            why = say("result-as-file-only", edit.language, count=1)
            return {edit.id: _delivered(await self._send_file(edit, one.data, f"{caption}\n{why}"))}
        if edit.delivery == "both":
            await self._add_file(edit, one.data, sent.message_id)
        return {edit.id: _delivered(sent)}

    async def _as_photo(self, one: Ready) -> Encoded | None:
        try:
            return await self._imaging.as_photo(one.data)
        except ImagingFailed as error:
            log.warning("no_photo_made", edit=one.edit.id, detail=str(error))
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
            filename=_filename(edit, photo),
            reply_markup=await self._buttons.under(edit),
            **self._common(edit),
        )

    async def _send_file(self, edit: Edit, data: bytes, caption: str, *, buttons: bool = True) -> Message:
        file = await self._imaging.as_file(data)
        return await self._bot.send_document(
            edit.place.chat_id,
            file.data,
            caption=caption[:MOST_CAPTION],
            filename=_filename(edit, file),
            disable_content_type_detection=True,
            reply_markup=await self._buttons.under(edit, as_file=True) if buttons else None,
            **self._common(edit),
        )

    # --- an album ---------------------------------------------------------------------------------------

    async def _photos(
        self, ready: Sequence[Ready], failed: Sequence[Edit], seconds: float
    ) -> dict[str, Delivered]:
        photos = [(one, await self._as_photo(one)) for one in ready]
        fitting = [(one, photo) for one, photo in photos if photo is not None]
        if len(fitting) == 1:  # Telegram takes no album of one
            return await self._single(fitting[0][0], failed, seconds)
        shown = [one for one, _ in fitting]
        media = [InputMediaPhoto(photo.data, filename=_filename(one.edit, photo)) for one, photo in fitting]
        caption = self._caption(shown, failed, seconds) if shown else ""
        sent = await self._try(self._send_album(shown, media, caption)) if shown else None
        if sent is None:
            why = say("result-as-file-only", ready[0].edit.language, count=len(ready))
            return await self._files(ready, failed, seconds, f"\n{why}")
        if ready[0].edit.delivery == "both":
            await self._add_files(shown, min(message.message_id for message in sent.values()))
        return sent

    async def _files(
        self, ready: Sequence[Ready], failed: Sequence[Edit], seconds: float, why: str = ""
    ) -> dict[str, Delivered]:
        fitting, *_ = await self._documents(ready)
        shown = [one for one, _ in fitting]
        if len(shown) == 1:
            return await self._single(shown[0], failed, seconds)
        caption = f"{self._caption(shown, failed, seconds)}{why}"
        return await self._send_album(shown, [media for _, media in fitting], caption)

    async def _documents(self, ready: Sequence[Ready]) -> list[list[tuple[Ready, InputMediaDocument]]]:
        """The files, in as many albums as they take."""
        albums: list[list[tuple[Ready, InputMediaDocument]]] = []
        room = 0
        for one in ready:
            file = await self._imaging.as_file(one.data)
            name = _filename(one.edit, file)
            media = InputMediaDocument(file.data, filename=name, disable_content_type_detection=True)
            if len(file.data) > room:
                albums.append([])
                room = _MOST_BYTES
            albums[-1].append((one, media))
            room -= len(file.data)
        return albums

    async def _add_files(self, shown: Sequence[Ready], photo_id: int) -> None:
        """Reply to the photos with their files. If that fails, the photos are there, and buttons too."""
        first = shown[0].edit
        below = replace(first, place=replace(first.place, message_id=photo_id))
        try:
            caption = say("file-caption", first.language)
            for album in await self._documents(shown):
                if len(album) > 1:
                    await self._group(below, [media for _, media in album], caption)
                else:
                    await self._send_file(below, album[0][0].data, caption, buttons=False)
        except (TelegramError, ImagingFailed) as error:
            log.warning("files_not_added", edit=first.id, error=type(error).__name__)

    async def _send_album(
        self, shown: Sequence[Ready], media: Sequence[Media], caption: str
    ) -> dict[str, Delivered]:
        """The album, and below it the numbers of its pictures, since an album can't have buttons."""
        edits = [one.edit for one in shown]
        numbers = await self._buttons.numbers(edits)
        messages = await self._group(edits[0], media, caption)
        first = replace(edits[0].place, message_id=messages[0].message_id)
        choose = say("album-choose", edits[0].language)
        await reply(self._bot, first, choose, Priority.RESULT, markup=numbers)
        return {edit.id: _delivered(message) for edit, message in zip(edits, messages, strict=True)}

    async def _group(self, edit: Edit, media: Sequence[Media], caption: str) -> Sequence[Message]:
        # A phone shows the one caption of an album below it: a photo's whichever, a file's if it is the last.
        return await self._bot.send_media_group(
            edit.place.chat_id,
            [*media[:-1], _captioned(media[-1], caption[:MOST_CAPTION])],
            **self._common(edit),
        )

    # --- both -------------------------------------------------------------------------------------------

    async def _try(self, sending: Awaitable[T]) -> T | None:
        """Send photos; None if Telegram can't show them as such."""
        try:
            return await sending
        except NetworkError as error:  # among them BadRequest, and the 413 of a proxy
            if not any(text in error.message.lower() for text in _NOT_AS_PHOTO):
                raise
            log.info("not_as_photo", detail=error.message)
            return None

    def _common(self, edit: Edit) -> dict[str, Any]:
        """Where a result goes, and the patience it deserves."""
        return {
            "message_thread_id": edit.place.thread_id,
            "reply_parameters": answering(edit.place.message_id),
            "read_timeout": self._timing.telegram_read,
            "write_timeout": self._timing.telegram_upload,
            "rate_limit_args": Priority.RESULT,
        }

    def _caption(self, ready: Sequence[Ready], failed: Sequence[Edit], seconds: float) -> str:
        edit = ready[0].edit
        catalogue = self._catalogue()
        model = catalogue.models.get(edit.model)
        sizes = {f"{one.result.width}×{one.result.height}" for one in ready}
        details = [
            catalogue.title_of(edit.model),
            edit.choices.get(QUALITY),
            sizes.pop() if len(sizes) == 1 else None,
            f"{max(1, round(seconds))} s",
            times([one.charged for one in ready]),
        ]
        lines = [" · ".join(part for part in details if part), *_failures(edit, len(ready), failed)]
        notes = [note for one in ready for note in _notes(one.edit, one.result, model)]
        return "\n".join([*lines, *dict.fromkeys(notes)])[:MOST_CAPTION]


def _failures(edit: Edit, count: int, failed: Sequence[Edit]) -> list[str]:
    """How many of those asked for there are, and why not all, each reason once."""
    if not failed:
        return []
    reasons = []
    for one in failed:
        values = {"charged": dollars(one.charged or 0), "held": dollars(one.quote), "edit": one.id[:8]}
        reasons.append(explain(named(one.reason or ""), edit.language, **values))
    counted = say("album-some", edit.language, count=count, all=count + len(failed))
    return [counted, *dict.fromkeys(reasons)]


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


def _captioned(media: Media, caption: str) -> Media:
    if isinstance(media, InputMediaPhoto):
        return InputMediaPhoto(media.media, caption=caption)
    return InputMediaDocument(media.media, caption=caption, disable_content_type_detection=True)


def _filename(edit: Edit, file: Encoded) -> str:
    return f"wavebrush-{edit.id[:8]}.{file.extension}"


def _delivered(sent: Message) -> Delivered:
    return Delivered(sent.message_id, sent.photo[-1].file_id if sent.photo else None)
