"""Several results at once over a real connection: an album that replies, and the numbers of its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.chat.replies import Bot
from bot.chat.result_buttons import ResultButtons
from bot.chat.texts import say
from bot.clock import SystemClock
from bot.domain.catalogue_file import load
from bot.domain.edits import Delivered, Edit, EditState, KeptResult, Ready
from bot.domain.pictures import Size
from bot.errors import MessengerBusy, Moderated
from bot.storage.buttons import SqlButtons
from bot.storage.database import Database
from tests.chat.memory_telegram import WITH_RETRY_AFTER
from tests.chat.test_delivery import LOSSLESS, PHOTO, Delivery
from tests.fakes import Turns
from tests.sandbox.telegram_bench import ADA, GROUP, Bench

pytestmark = WITH_RETRY_AFTER
DETAILS = "GPT Image 1 · medium · 1536×1024 · 21 s"


class Albums(Delivery):
    """Messages over the stand-in, and a request of Ada's for several results."""

    async def ready(self, count: int = 3, chat: int = ADA, **changes: Any) -> list[Ready]:
        """Results of one batch that can be delivered."""
        first = await self.asked(chat, batch="r1:0", **changes)
        edits = [replace(first, id=f"e{n}", origin=f"request:r1:{n}") for n in range(count)]
        return [
            Ready(edit, KeptResult(edit.id, f"{edit.id}.png", "image/png", 1536, 1024), LOSSLESS, 63_000)
            for edit in edits
        ]

    async def album(self, ready: Sequence[Ready], failed: Sequence[Edit] = ()) -> dict[str, Delivered]:
        return dict(await self.messages.deliver(ready, failed, 21.4))

    async def messages_of(self, sent: dict[str, Delivered], chat: int = ADA) -> list[dict[str, Any]]:
        return [await self.shown(one.message_id, chat) for one in sent.values()]


@pytest.fixture
def albums(telegram: Bench, bot: Bot, database: Database) -> Albums:
    return Albums(telegram, bot, database)


@pytest.mark.parametrize("chat", [ADA, GROUP])
async def test_several_results_are_an_album_that_replies_to_the_request(albums: Albums, chat: int) -> None:
    """With one caption, which says what they cost together; each is a photo of its own edit."""
    ready = await albums.ready(chat=chat)
    sent = await albums.album(ready)
    assert list(sent) == ["e0", "e1", "e2"]
    messages = await albums.messages_of(sent, chat)
    assert len({message["media_group_id"] for message in messages}) == 1
    to = {message["reply_to_message"]["message_id"] for message in messages}
    assert to == {ready[0].edit.place.message_id}
    captions = [message["caption"] for message in messages if "caption" in message]
    assert captions == [f"{DETAILS} · 3 × $0.063 = $0.189"]
    assert [one.file_id for one in sent.values()] == [m["photo"][-1]["file_id"] for m in messages]


async def test_below_an_album_are_the_numbers_of_its_pictures(albums: Albums) -> None:
    """An album can't have buttons, so a message of their own has them."""
    sent = await albums.album(await albums.ready())
    below = await albums.last()
    assert below["reply_to_message"]["message_id"] == sent["e0"].message_id
    [row] = below["reply_markup"]["inline_keyboard"]
    assert [button["text"] for button in row] == ["1", "2", "3"]


async def test_a_number_leads_to_the_buttons_of_its_picture(albums: Albums, database: Database) -> None:
    """And to the other numbers, which stay the same buttons."""
    ready = await albums.ready()
    await albums.album(ready)
    numbers = (await albums.last())["reply_markup"]["inline_keyboard"][0]
    buttons = SqlButtons(database)
    second = await buttons.find(numbers[1]["callback_data"])
    assert second is not None
    assert (second.subject, second.value, second.user_id) == ("edit:e1", "pick:2", ADA)
    made = ResultButtons(buttons, load, SystemClock())
    edits = [one.edit for one in ready]
    rows = (await made.picked(edits[1], edits, as_file=False)).inline_keyboard
    assert [[key.text for key in row] for row in rows] == [
        ["Again", "Other model…"],
        ["Better quality · $0.25"],
        ["Original file", "Before/after"],
        ["1", "✓ 2", "3"],
    ]
    assert [key.callback_data for key in rows[-1]] == [key["callback_data"] for key in numbers]


async def test_what_failed_is_said_in_the_caption(albums: Albums) -> None:
    """How many came out, and each reason once."""
    ready = await albums.ready(2)
    failed = [
        replace(ready[0].edit, id=f"f{n}", state=EditState.FAILED, reason=Moderated.key, charged=0)
        for n in range(2)
    ]
    messages = await albums.messages_of(await albums.album(ready, failed))
    lines = messages[-1]["caption"].splitlines()
    assert lines[:2] == [f"{DETAILS} · 2 × $0.063 = $0.126", "2 of 4 came out."]
    assert lines[2:] == [say(Moderated.key)]


async def test_the_only_one_left_is_an_ordinary_reply(albums: Albums) -> None:
    """With its buttons, and why it is alone."""
    [one] = await albums.ready(1)
    failed = [replace(one.edit, id="f", state=EditState.FAILED, reason=Moderated.key, charged=0)]
    [message] = await albums.messages_of(await albums.album([one], failed))
    assert message["caption"].startswith(f"{DETAILS} · $0.063\n1 of 2 came out.\nThe content check")
    assert message["reply_markup"]
    assert await albums.calls("sendMediaGroup") == 0


async def test_who_wants_files_gets_an_album_of_files(albums: Albums) -> None:
    """Its last one has the caption: a phone shows it below them all."""
    sent = await albums.album(await albums.ready(delivery="file"))
    messages = await albums.messages_of(sent)
    assert [message["document"]["file_size"] for message in messages] == [len(LOSSLESS)] * 3
    assert ["caption" in message for message in messages] == [False, False, True]
    assert {one.file_id for one in sent.values()} == {None}


async def test_who_wants_both_gets_two_albums(albums: Albums) -> None:
    """The photos are the results; the files reply to them."""
    sent = await albums.album(await albums.ready(delivery="both"))
    assert all("photo" in message for message in await albums.messages_of(sent))
    files = await albums.last()
    assert files["document"]["file_size"] == len(LOSSLESS)
    assert files["reply_to_message"]["message_id"] == sent["e0"].message_id
    assert await albums.calls("sendMediaGroup") == 2


async def test_files_that_fail_leave_the_photos(albums: Albums) -> None:
    """They are not sent a second time for them."""
    ready = await albums.ready(delivery="both")
    refusal = {"status": 400, "description": "Bad Request: no"}
    await albums.fault("sendMediaGroup", kind="slow", seconds=0.0)
    await albums.fault("sendMediaGroup", kind="status", **refusal)
    sent = await albums.album(ready)
    assert all("photo" in message for message in await albums.messages_of(sent))


async def test_what_is_too_long_for_a_photo_is_left_for_a_message_of_its_own(albums: Albums) -> None:
    """The caption tells the price of the others."""
    albums.imaging.photos = Turns(PHOTO, None, PHOTO)
    sent = await albums.album(await albums.ready())
    assert list(sent) == ["e0", "e2"]
    messages = await albums.messages_of(sent)
    assert any(message.get("caption", "").endswith("2 × $0.063 = $0.126") for message in messages)


@pytest.mark.parametrize(("heavy", "sent"), [((20, 20, 11), ["e0", "e1"]), ((49, 2, 1), ["e0"])])
async def test_files_that_are_too_much_for_one_call_are_left_for_the_next(
    albums: Albums, heavy: tuple[int, ...], sent: list[str]
) -> None:
    """The first ones come, together or alone; the caption is about them."""
    ready = await albums.ready(delivery="file")
    ready = [replace(one, data=bytes(size * 1_000_000)) for one, size in zip(ready, heavy, strict=True)]
    found = await albums.album(ready)
    assert list(found) == sent
    messages = await albums.messages_of(found)
    assert [message["document"]["file_size"] for message in messages] == [
        size * 1_000_000 for size in heavy[: len(sent)]
    ]
    price = "2 × $0.063 = $0.126" if len(sent) == 2 else "$0.063"
    assert messages[-1]["caption"] == f"{DETAILS} · {price}"


async def test_two_of_which_one_is_too_long_are_no_album(albums: Albums) -> None:
    """Telegram takes none of one."""
    albums.imaging.photos = Turns(None, PHOTO)
    sent = await albums.album(await albums.ready(2))
    [message] = await albums.messages_of(sent)
    assert list(sent) == ["e1"]
    assert message["reply_markup"]


@pytest.mark.parametrize("refused", [True, False], ids=["by Telegram", "by us"])
async def test_where_no_photos_can_be_made_they_are_files(albums: Albums, refused: bool) -> None:
    """All of them, and the caption says why."""
    if refused:
        why = "Bad Request: PHOTO_INVALID_DIMENSIONS"
        await albums.fault("sendMediaGroup", kind="status", status=400, description=why)
    else:
        albums.imaging.photos = Turns(None)
    messages = await albums.messages_of(await albums.album(await albums.ready()))
    assert ["document" in message for message in messages] == [True] * 3
    assert messages[-1]["caption"].endswith("Too long and narrow for photos, so here they are as files.")


async def test_telegram_in_trouble_is_worth_another_try_for_all(albums: Albums) -> None:
    """Nothing was delivered."""
    ready = await albums.ready()
    await albums.fault("sendMediaGroup", kind="status", status=502, description="Bad Gateway")
    with pytest.raises(MessengerBusy):
        await albums.album(ready)
    assert len(await albums.album(ready)) == 3


async def test_an_album_without_its_numbers_is_delivered_all_the_same(albums: Albums) -> None:
    """It must not come twice for them."""
    ready = await albums.ready()
    await albums.fault("sendMessage", kind="status", status=400, description="Bad Request: no")
    assert len(await albums.album(ready)) == 3
    assert await albums.calls("sendMediaGroup") == 1


async def test_sizes_that_differ_are_not_told(albums: Albums) -> None:
    """One caption speaks for all."""
    first, second = await albums.ready(2)
    size = Size(1024, 1024)
    second = replace(second, result=replace(second.result, width=size.width, height=size.height))
    messages = await albums.messages_of(await albums.album([first, second]))
    assert messages[-1]["caption"] == "GPT Image 1 · medium · 21 s · 2 × $0.063 = $0.126"
