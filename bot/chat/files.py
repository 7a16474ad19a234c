"""Fetches the pictures that people sent: from Telegram by ``file_id``, or from our own kept results."""

from __future__ import annotations

import asyncio

from telegram import Bot
from telegram.error import BadRequest, InvalidToken, TelegramError

from bot.chat.failures import translate
from bot.domain.edits import SentPicture
from bot.domain.pictures import Limits
from bot.domain.stores import Blobs, Edits
from bot.domain.timing import Timing
from bot.errors import MessengerBusy, PictureGone, PictureTooHeavy

_LINKS = 2  # a link that ran out is asked for once more


class Pictures:
    """Implements `bot.domain.ports.PictureSource`."""

    def __init__(self, bot: Bot, edits: Edits, blobs: Blobs, limits: Limits, timing: Timing) -> None:
        self._bot = bot
        self._edits = edits
        self._blobs = blobs
        self._limits = limits
        self._timing = timing
        self._free = asyncio.Semaphore(4)  # memory is bytes in flight, not open edits

    async def fetch(self, picture: SentPicture) -> bytes:
        """The bytes of a picture.

        Raises:
            PictureTooHeavy: over 20 MB, which Telegram does not hand out. PictureGone: it has it no more.
            MessengerBusy: worth trying again.
        """
        limit = self._limits.bytes
        if picture.bytes is not None and picture.bytes > limit:
            raise PictureTooHeavy(f"{picture.bytes} bytes", limit_mb=limit // 2**20)
        if picture.result_of is not None:
            return await self._kept(picture.result_of)
        async with self._free:
            try:
                async with asyncio.timeout(self._timing.transfer):
                    return await self._download(picture.file_id or "")
            except TimeoutError as error:
                raise MessengerBusy("the download took too long") from error

    async def _kept(self, edit_id: str) -> bytes:
        result = await self._edits.result(edit_id)
        data = await self._blobs.get(result.key) if result else None
        if data is None:
            raise PictureGone(f"the result of {edit_id} is no longer kept")
        return data

    async def _download(self, file_id: str) -> bytes:
        for last in (*[False] * (_LINKS - 1), True):
            try:
                file = await self._bot.get_file(file_id)
                if (file.file_size or 0) > self._limits.bytes:  # a Bot API server of one's own gives more
                    raise PictureTooHeavy(f"{file.file_size} bytes", limit_mb=self._limits.bytes // 2**20)
                return bytes(await file.download_as_bytearray(read_timeout=self._timing.telegram_read))
            except InvalidToken as error:
                # A link that ran out answers 404, which python-telegram-bot takes for a bad token.
                if last:
                    raise MessengerBusy("InvalidToken on a file link") from error
            except BadRequest as error:
                if "too big" in error.message.lower():
                    raise PictureTooHeavy(error.message, limit_mb=self._limits.bytes // 2**20) from error
                raise PictureGone(error.message) from error
            except TelegramError as error:
                raise translate(error) from error
        raise AssertionError("unreachable")
