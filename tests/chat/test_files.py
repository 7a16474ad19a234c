"""Fetching what people sent, over a real connection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.chat.files import Pictures
from bot.chat.replies import Bot
from bot.domain.edits import KeptResult, SentPicture
from bot.domain.pictures import Limits
from bot.domain.timing import Timing
from bot.errors import MessengerBusy, PictureGone, PictureTooHeavy
from tests.chat.conftest import TIMING
from tests.fakes import FakeBlobs, FakeEdits
from tests.sandbox.telegram_bench import ADA, CAT, Bench


class Files:
    """Pictures over the stand-in, and a picture that Ada sent as a file."""

    def __init__(self, telegram: Bench, bot: Bot, timing: Timing = TIMING) -> None:
        self.telegram, self.edits, self.blobs = telegram, FakeEdits(), FakeBlobs()
        self.pictures = Pictures(bot, self.edits, self.blobs, Limits(), timing)

    async def sent(self) -> SentPicture:
        (message,) = await self.telegram.write(ADA, ADA, files=[("document", ("cat.jpg", CAT))])
        return SentPicture(file_id=message["document"]["file_id"], bytes=len(CAT), as_file=True)

    async def fault(self, method: str, **fault: Any) -> None:
        await self.telegram.sandbox("faults", {"method": method, **fault})

    async def asked(self) -> int:
        """How often a link was asked for."""
        return len((await self.telegram.sandbox("calls?method=getFile"))["calls"])


@pytest.fixture
def files(telegram: Bench, bot: Bot) -> Files:
    return Files(telegram, bot)


async def test_a_file_comes_as_it_was_sent(files: Files) -> None:
    """Byte for byte."""
    assert await files.pictures.fetch(await files.sent()) == CAT


async def test_a_link_that_ran_out_is_asked_for_again(files: Files) -> None:
    """python-telegram-bot takes the 404 of such a link for a wrong token."""
    picture = await files.sent()
    await files.fault("download", kind="status", status=404, description="Not Found")
    assert await files.pictures.fetch(picture) == CAT
    assert await files.asked() == 2


async def test_links_that_keep_running_out_are_worth_another_try(files: Files) -> None:
    """Later: nothing says that the file is gone."""
    picture = await files.sent()
    await files.fault("download", count=2, kind="status", status=404, description="Not Found")
    with pytest.raises(MessengerBusy) as raised:
        await files.pictures.fetch(picture)
    assert str(raised.value) == "InvalidToken on a file link"


async def test_a_file_over_the_limit_is_refused_before_anything_is_fetched(files: Files) -> None:
    """Telegram says its size in the message; the refusal says the limit."""
    with pytest.raises(PictureTooHeavy) as refusal:
        await files.pictures.fetch(replace(await files.sent(), bytes=20 * 2**20 + 1))
    assert refusal.value.params == {"limit_mb": 20}
    assert await files.asked() == 0


async def test_a_file_that_telegram_calls_too_big_is_refused(files: Files) -> None:
    """Where the message did not say its size."""
    picture = await files.sent()
    await files.fault("getFile", kind="status", status=400, description="Bad Request: file is too big")
    with pytest.raises(PictureTooHeavy) as refusal:
        await files.pictures.fetch(replace(picture, bytes=None))
    assert refusal.value.params == {"limit_mb": 20}


async def test_a_file_that_telegram_has_no_more_is_gone(files: Files) -> None:
    """Asking again would not help."""
    picture = await files.sent()
    await files.telegram.sandbox(f"files/{picture.file_id}/forget", {})
    with pytest.raises(PictureGone):
        await files.pictures.fetch(picture)


@pytest.mark.parametrize("method", ["getFile", "download"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 502, "description": "Bad Gateway"},
        {"kind": "refuse"},
    ],
    ids=lambda fault: str(fault["kind"]),
)
async def test_telegram_in_trouble_is_worth_another_try(
    files: Files, method: str, fault: dict[str, Any]
) -> None:
    """Nothing is refused for that."""
    picture = await files.sent()
    await files.fault(method, **fault)
    with pytest.raises(MessengerBusy):
        await files.pictures.fetch(picture)
    assert await files.pictures.fetch(picture) == CAT


@pytest.mark.parametrize("method", ["getFile", "download"])
async def test_what_takes_too_long_is_worth_another_try(telegram: Bench, bot: Bot, method: str) -> None:
    """One slow file holds up nothing for ever."""
    files = Files(telegram, bot, replace(TIMING, transfer=0.1))
    picture = await files.sent()
    await files.fault(method, kind="slow", seconds=1.0)
    with pytest.raises(MessengerBusy):
        await files.pictures.fetch(picture)


async def test_a_kept_result_is_taken_from_our_own_keeping(files: Files) -> None:
    """Lossless, and without Telegram."""
    files.edits.results["e1"] = KeptResult("e1", "e1.png", "image/png", 10, 10)
    files.blobs.kept["e1.png"] = b"lossless"
    assert await files.pictures.fetch(SentPicture(result_of="e1")) == b"lossless"
    assert await files.asked() == 0


async def test_a_result_that_is_no_longer_kept_is_gone(files: Files) -> None:
    """Its bytes, or all of it."""
    with pytest.raises(PictureGone):
        await files.pictures.fetch(SentPicture(result_of="e1"))
    files.edits.results["e1"] = KeptResult("e1", "e1.png", "image/png", 10, 10)
    with pytest.raises(PictureGone):
        await files.pictures.fetch(SentPicture(result_of="e1"))
