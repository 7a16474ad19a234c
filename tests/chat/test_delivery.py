"""Delivering results over a real connection: as a photo, else as a file, and never not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.chat.messenger import Messages
from bot.chat.notices import Notices
from bot.chat.progress import Progress
from bot.chat.questions import Asking
from bot.chat.replies import Bot
from bot.clock import SystemClock
from bot.domain.catalogue_file import load
from bot.domain.edits import Edit, KeptResult, Place, Ready, Request, RequestState
from bot.domain.pictures import Encoded, Size
from bot.domain.roles import Decision, Option, Question, Topic, Use
from bot.domain.timing import Timing
from bot.errors import (
    ImagingFailed,
    MessengerBusy,
    MessengerError,
    Moderated,
    OutputUnusable,
    PersonUnreachable,
    PictureBroken,
)
from bot.storage.access import SqlAccess
from bot.storage.buttons import SqlButtons
from bot.storage.database import Database
from bot.storage.untold import SqlUntold
from tests.chat.conftest import TIMING
from tests.chat.memory_telegram import WITH_RETRY_AFTER
from tests.fakes import FakeEdits, FakeImaging, Turns
from tests.fakes_of_storage import FakeChats, FakePeople
from tests.jobs.bench import an_edit
from tests.sandbox.telegram_bench import ADA, CAT, GROUP, Bench, picture

pytestmark = WITH_RETRY_AFTER
RESULT = KeptResult("e1", "e1.png", "image/png", 1536, 1024)
PHOTO = Encoded(CAT, "image/jpeg", "jpg", Size(451, 300))
LOSSLESS = picture(kind="PNG")


class Delivery:
    """Messages over the stand-in, and a request of Ada's to reply to."""

    def __init__(self, telegram: Bench, bot: Bot, database: Database, timing: Timing = TIMING) -> None:
        self.telegram = telegram
        self.imaging = FakeImaging(photos=Turns(PHOTO))
        clock, buttons = SystemClock(), SqlButtons(database)
        self.messages = Messages(
            bot,
            Progress(bot, FakeEdits(), FakeChats(), FakePeople(), TIMING, clock),
            Asking(bot, buttons, FakeEdits(), FakePeople(), load, (), clock),
            Notices(bot, SqlAccess(database, clock), (ADA,)),
            buttons,
            SqlUntold(database),
            self.imaging,
            load,
            timing,
            clock,
        )

    async def asked(self, chat: int = ADA, **changes: Any) -> Edit:
        """An edit whose request is a message in a chat."""
        (message,) = await self.telegram.write(chat, ADA, text="/edit@wavebrush_bot make it blue")
        return an_edit(place=Place(chat, message["message_id"]), **changes)

    async def deliver(self, edit: Edit, drift: float | None = None) -> int:
        result = replace(RESULT, drift=drift)
        sent = await self.messages.deliver([Ready(edit, result, LOSSLESS, 63_000)], (), 21.4)
        return sent[edit.id].message_id

    async def shown(self, message_id: int, chat: int = ADA) -> dict[str, Any]:
        """A message as its reader sees it."""
        messages = (await self.telegram.sandbox(f"chats/{chat}/messages"))["messages"]
        found: dict[str, Any] = next(message for message in messages if message["message_id"] == message_id)
        return found

    async def last(self, chat: int = ADA) -> dict[str, Any]:
        """The newest message of a chat."""
        newest: dict[str, Any] = (await self.telegram.sandbox(f"chats/{chat}/messages"))["messages"][-1]
        return newest

    async def fault(self, method: str, **fault: Any) -> None:
        await self.telegram.sandbox("faults", {"method": method, **fault})

    async def calls(self, method: str) -> int:
        return len((await self.telegram.sandbox(f"calls?method={method}"))["calls"])


@pytest.fixture
def delivery(telegram: Bench, bot: Bot, database: Database) -> Delivery:
    return Delivery(telegram, bot, database)


async def test_a_result_is_a_photo_that_replies_to_its_request(delivery: Delivery) -> None:
    """With the model, the quality, the size, the time and the price, and what can be done next."""
    edit = await delivery.asked()
    message = await delivery.shown(await delivery.deliver(edit))
    assert message["photo"]
    assert message["caption"] == "GPT Image 1 · medium · 1536×1024 · 21 s · $0.063"
    assert message["reply_to_message"]["message_id"] == edit.place.message_id
    labels = [[button["text"] for button in row] for row in message["reply_markup"]["inline_keyboard"]]
    assert labels == [
        ["Again", "Other model…"],
        ["Better quality · $0.25"],
        ["Original file", "Before/after"],
    ]


async def test_in_a_group_too(delivery: Delivery) -> None:
    """The reply goes to the request, so that everybody sees whose it is."""
    edit = await delivery.asked(GROUP)
    message = await delivery.shown(await delivery.deliver(edit), GROUP)
    assert message["reply_to_message"]["message_id"] == edit.place.message_id


async def test_a_masked_result_says_what_was_kept(delivery: Delivery) -> None:
    """And that the model had no field for the mask, where it had none."""
    edit = await delivery.asked(mask_key="masks/r1.png", model="gpt-image-2")
    caption = (await delivery.shown(await delivery.deliver(edit, drift=3.5)))["caption"]
    assert "Only the marked part was edited" in caption
    assert "GPT Image 2 takes no mask" in caption


async def test_a_masked_result_of_another_shape_promises_nothing(delivery: Delivery) -> None:
    """What could not be laid over the original is not said to be the original."""
    edit = await delivery.asked(mask_key="masks/r1.png")
    caption = (await delivery.shown(await delivery.deliver(edit, drift=None)))["caption"]
    assert "pixel for pixel" not in caption
    assert "another shape" in caption


async def test_what_is_too_long_for_a_photo_goes_as_a_file(delivery: Delivery) -> None:
    """And says why."""
    delivery.imaging.photos = Turns(None)
    message = await delivery.shown(await delivery.deliver(await delivery.asked()))
    assert message["document"]["file_size"] == len(LOSSLESS)
    assert message["caption"].endswith("Too long and narrow for a photo, so here it is as a file.")


@pytest.mark.parametrize(
    ("status", "description"),
    [
        (400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (400, "Bad Request: IMAGE_PROCESS_FAILED"),
        (413, "Request Entity Too Large"),
    ],
)
async def test_a_photo_that_telegram_refuses_goes_as_a_file(
    delivery: Delivery, status: int, description: str
) -> None:
    """Its limits for photos are narrower than what it says of them."""
    await delivery.fault("sendPhoto", kind="status", status=status, description=description)
    message = await delivery.shown(await delivery.deliver(await delivery.asked()))
    assert message["document"]


async def test_a_photo_that_cannot_be_made_goes_as_a_file(delivery: Delivery) -> None:
    """A worker that died costs the preview, not the result."""
    delivery.imaging.photos = Turns(ImagingFailed("out of memory"))
    message = await delivery.shown(await delivery.deliver(await delivery.asked()))
    assert message["document"]


async def test_who_blocked_the_bot_cannot_be_reached(delivery: Delivery) -> None:
    """That is said once and not tried again."""
    edit = await delivery.asked()
    await delivery.telegram.sandbox(f"people/{ADA}/block", {"blocked": True})
    with pytest.raises(PersonUnreachable):
        await delivery.deliver(edit)
    assert await delivery.calls("sendPhoto") == 1


@pytest.mark.parametrize(
    "description",
    ["Bad Request: chat not found", "Bad Request: not enough rights to send photos to the chat"],
)
async def test_a_chat_that_takes_nothing_cannot_be_reached(delivery: Delivery, description: str) -> None:
    """The bot was thrown out, or may not write."""
    edit = await delivery.asked()
    await delivery.fault("sendPhoto", kind="status", status=400, description=description)
    with pytest.raises(PersonUnreachable):
        await delivery.deliver(edit)


async def test_other_refusals_are_for_good(delivery: Delivery) -> None:
    """The same call would be refused again."""
    edit = await delivery.asked()
    await delivery.fault("sendPhoto", kind="status", status=400, description="Bad Request: something new")
    with pytest.raises(MessengerError) as raised:
        await delivery.deliver(edit)
    assert raised.value.permanent


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 502, "description": "Bad Gateway"},
        {"kind": "refuse"},
        {"kind": "drop"},
        {"kind": "garbage"},
    ],
    ids=lambda fault: str(fault["kind"]),
)
async def test_telegram_in_trouble_is_worth_another_try(delivery: Delivery, fault: dict[str, Any]) -> None:
    """Whether the message arrived or not: twice is better than never."""
    edit = await delivery.asked()
    await delivery.fault("sendPhoto", **fault)
    with pytest.raises(MessengerBusy) as raised:
        await delivery.deliver(edit)
    assert not raised.value.permanent
    assert (await delivery.shown(await delivery.deliver(edit)))["photo"]


async def test_an_answer_that_does_not_come_is_worth_another_try(
    telegram: Bench, bot: Bot, database: Database
) -> None:
    """Though the picture may have arrived, which is said."""
    delivery = Delivery(telegram, bot, database, replace(TIMING, telegram_read=0.2))
    edit = await delivery.asked()
    await delivery.fault("sendPhoto", kind="slow", seconds=1.0)
    with pytest.raises(MessengerBusy) as raised:
        await delivery.deliver(edit)
    assert raised.value.uncertain


async def test_a_429_is_waited_out(delivery: Delivery) -> None:
    """A result is not given back to the caller for that."""
    edit = await delivery.asked()
    flood = "Too Many Requests: retry after 1"
    await delivery.fault("sendPhoto", kind="status", status=429, description=flood, retry_after=1)
    assert (await delivery.shown(await delivery.deliver(edit)))["photo"]
    assert await delivery.calls("sendPhoto") == 2


async def test_an_endless_caption_is_cut(delivery: Delivery) -> None:
    """Telegram takes 1024 characters, and would refuse the picture with it."""
    edit = await delivery.asked(choices={"quality": "very-" * 1000})
    message = await delivery.shown(await delivery.deliver(edit))
    assert len(message["caption"]) == 1024


async def test_a_request_that_was_deleted_still_gets_its_result(delivery: Delivery) -> None:
    """Without the reply."""
    edit = await delivery.asked()
    await delivery.telegram.sandbox(f"chats/{ADA}/messages/{edit.place.message_id}/delete", {"from": ADA})
    message = await delivery.shown(await delivery.deliver(edit))
    assert message["photo"]
    assert "reply_to_message" not in message


async def test_a_failure_is_told_as_a_reply(delivery: Delivery) -> None:
    """A changed message would notify nobody."""
    edit = await delivery.asked()
    await delivery.messages.end(edit, Moderated("1200: technical words"))
    message = await delivery.last()
    assert message["text"].startswith("The content check refused this edit. You were not charged.")
    assert message["reply_to_message"]["message_id"] == edit.place.message_id


async def test_a_failure_that_costs_says_how_much(delivery: Delivery) -> None:
    """With the number under which the owner finds it."""
    edit = await delivery.asked(charged=63_000, id="0123456789abcdef")
    await delivery.messages.end(edit, OutputUnusable("html"))
    text = (await delivery.last())["text"]
    assert "$0.063" in text
    assert "01234567" in text


async def test_a_failure_that_cannot_be_told_is_no_failure(delivery: Delivery) -> None:
    """The edit has ended all the same."""
    edit = await delivery.asked()
    await delivery.telegram.sandbox(f"people/{ADA}/block", {"blocked": True})
    await delivery.messages.end(edit, PictureBroken("x"))
    assert await delivery.calls("sendMessage") == 1


async def test_who_wants_files_gets_one(delivery: Delivery) -> None:
    """No photo at all; the file brings the caption and what can be done next."""
    edit = await delivery.asked(delivery="file")
    message = await delivery.shown(await delivery.deliver(edit))
    assert message["document"]["file_size"] == len(LOSSLESS)
    assert message["caption"] == "GPT Image 1 · medium · 1536×1024 · 21 s · $0.063"
    assert message["reply_to_message"]["message_id"] == edit.place.message_id
    assert message["reply_markup"]
    assert await delivery.calls("sendPhoto") == 0


async def test_who_wants_both_gets_the_file_below_the_photo(delivery: Delivery) -> None:
    """The photo is the result; the file replies to it."""
    result = await delivery.deliver(await delivery.asked(delivery="both"))
    assert (await delivery.shown(result))["photo"]
    file = await delivery.last()
    assert file["document"]["file_size"] == len(LOSSLESS)
    assert file["reply_to_message"]["message_id"] == result


async def test_a_file_that_fails_leaves_the_photo(delivery: Delivery) -> None:
    """It is not sent a second time for it: the button under it gets the file."""
    await delivery.fault("sendDocument", kind="status", status=400, description="Bad Request: no")
    result = await delivery.deliver(await delivery.asked(delivery="both"))
    assert (await delivery.shown(result))["photo"]
    assert (await delivery.last())["message_id"] == result
    assert await delivery.calls("sendPhoto") == 1


async def test_a_mask_without_finishing_promises_nothing(delivery: Delivery) -> None:
    """The picture is the model's own, and the caption says so."""
    edit = await delivery.asked(mask_key="masks/r1.png", finishing=False)
    caption = (await delivery.shown(await delivery.deliver(edit)))["caption"]
    assert "Mask finishing is off" in caption
    assert "pixel for pixel" not in caption


async def test_the_button_of_an_answer_remembers_the_price_that_it_shows(
    delivery: Delivery, database: Database
) -> None:
    """Whoever presses it a day later agrees to that price; one without a price says nothing of any."""
    place = (await delivery.asked()).place
    request = Request("r1", ADA, place, RequestState.ASKING, (), SystemClock().now())
    options = (Option("use:each", {"price": "2 × $0.06 = $0.12"}, 120_000), Option("use:first"))
    await delivery.messages.ask(request, Question(Topic.USE, options, {"count": "2"}))
    values = {button.value for button in await SqlButtons(database).of("request:r1")}
    answers = [Decision().with_answer(value) for value in sorted(values)]
    assert answers == [Decision(Use.EACH, confirmed=120_000), Decision(Use.FIRST)]
