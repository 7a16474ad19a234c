"""What is said to a press, and what becomes of the buttons under its message."""

from __future__ import annotations

from typing import cast

import pytest
from telegram import CallbackQuery, Chat, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update, User

from bot.chat.presses import Context, Pressed, Presses, answer
from bot.clock import SystemClock
from bot.domain.stores import Button
from bot.domain.timing import Timing
from bot.storage.buttons import SqlButtons
from bot.storage.database import Database
from tests.chat.memory_telegram import MemoryTelegram, memory_bot, refused


async def test_the_buttons_go_also_when_nobody_waits_for_the_answer() -> None:
    """A press is answered within a while, or not at all."""
    telegram = MemoryTelegram()
    telegram.refusal = lambda call: (
        refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if call.method == "answerCallbackQuery"
        else None
    )
    bot = await memory_bot(telegram, Timing().faster(20))
    message = Message(7, SystemClock().now(), Chat(1001, "private"))
    query = CallbackQuery("q1", User(1001, "Ada", is_bot=False), "1", message)
    for part in (message, query):
        part.set_bot(bot)
    await answer(query, Pressed("Thanks!", close=True))
    assert [call.method for call in telegram.calls] == ["answerCallbackQuery", "editMessageReplyMarkup"]
    await bot.shutdown()


@pytest.mark.parametrize("said", ["a" * 200, "a" * 201, "ä🎨" * 150])
async def test_a_text_that_is_too_long_is_cut(said: str) -> None:
    """Telegram takes 200 characters and refuses more: then nobody would hear anything."""
    telegram = MemoryTelegram()
    bot = await memory_bot(telegram, Timing().faster(20))
    query = CallbackQuery("q1", User(1001, "Ada", is_bot=False), "1")
    query.set_bot(bot)
    await answer(query, Pressed(said))
    [call] = telegram.calls
    assert (call.method, call.params["text"]) == ("answerCallbackQuery", said[:200])
    assert call.params["show_alert"] is True  # so long a text is to be closed by who reads it
    await bot.shutdown()


ADA, BEN = 1001, 1002
OWN, HERS = Button("own", BEN, "setting:1002", "open"), Button("hers", ADA, "result:e1", "again")


class Taken:
    """A room that takes every button, and would change its message."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def __call__(self, button: Button, query: CallbackQuery) -> Pressed:
        self.ids.append(button.id)
        return Pressed("taken", close=True)


@pytest.mark.parametrize(
    ("data", "below", "taken"),
    [
        ("own", ["own"], True),
        ("own", ["hers"], False),  # one's own button, under somebody else's message
        ("own", ["hers", "hers"], False),
        ("own", ["made up"], False),
        ("own", [], True),  # its buttons are gone already, and there is nothing to change
        ("hers", ["hers"], False),
        ("hers", ["own"], False),
        ("x" * 64, ["own"], False),
        ("", ["own"], False),
        ("own\x00", ["own"], False),
        ("OWN", ["own"], False),
        ("' OR 1=1; --", ["own"], False),
    ],
)
async def test_a_button_under_a_message_that_it_is_not_for(
    database: Database, data: str, below: list[str], taken: bool
) -> None:
    """A changed app can press what it likes where it likes: nobody else's message is changed by it."""
    telegram, buttons, room = MemoryTelegram(), SqlButtons(database), Taken()
    await buttons.keep([OWN, HERS], SystemClock().now())
    bot = await memory_bot(telegram, Timing().faster(20))
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=id_)] for id_ in below])
    message = Message(
        7, SystemClock().now(), Chat(-2001, "group"), text="hers", reply_markup=keyboard if below else None
    )
    query = CallbackQuery("q1", User(BEN, "Ben", is_bot=False), "1", message, data=data)
    for part in (message, query):
        part.set_bot(bot)
    presses = Presses(buttons, {"setting": room, "result": room})
    await presses.pressed(Update(1, callback_query=query), cast(Context, None))
    assert room.ids == (["own"] if taken else [])
    methods = [call.method for call in telegram.calls]
    assert methods == ["answerCallbackQuery", *(["editMessageReplyMarkup"] if taken else [])]
    await bot.shutdown()
