"""What is said to a press, and what becomes of the buttons under its message."""

from __future__ import annotations

from telegram import CallbackQuery, Chat, Message, User

from bot.chat.presses import Pressed, answer
from bot.clock import SystemClock
from bot.domain.timing import Timing
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
