"""What was asked for together is taken back together, as far as it costs nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from telegram import Update

from bot.chat.cancels import Cancels, cancel_button
from bot.domain.edits import Attempt, AttemptState, EditState
from bot.domain.timing import Timing
from bot.jobs.cancelling import Cancelling
from tests.chat.memory_telegram import MemoryTelegram, memory_bot
from tests.fakes import FakeEdits, FakeMessenger
from tests.jobs.bench import an_edit
from tests.virtual_time import START, LoopClock, in_virtual_time

ADA = {"id": 1001, "is_bot": False, "first_name": "Ada", "language_code": "en"}
MENU = {"message_id": 9, "date": 1, "chat": {"id": 1001, "type": "private", "first_name": "Ada"}, "text": "?"}
BOUGHT = (
    "It is with the provider already, so it is charged (3 × $0.06 = $0.18). "
    "The picture comes when it is ready."
)


async def pressed(edits: FakeEdits, edit_id: str, telegram: MemoryTelegram | None = None) -> str:
    """Ada presses the *Cancel* button of one of her edits; what she is told."""
    telegram = telegram or MemoryTelegram()
    bot = await memory_bot(telegram, Timing())
    cancelling = Cancelling(edits, FakeMessenger(), LoopClock())
    requests: Any = None  # a button asks for none
    query: dict[str, Any] = {"id": "1", "from": ADA, "chat_instance": "1", "data": f"cancel:{edit_id}"}
    query["message"] = MENU | {"reply_markup": cancel_button(edits.edits[edit_id]).to_dict()}
    update = Update.de_json({"update_id": 1, "callback_query": query}, bot)
    context: Any = None
    await Cancels(bot, edits, requests, cancelling).pressed(update, context)
    await bot.shutdown()
    [answer] = telegram.named("answerCallbackQuery")
    return str(answer.params["text"])


def three(*bought: str) -> FakeEdits:
    """Three edits of one batch, some of which the provider may have."""
    edits = FakeEdits()
    for number in range(3):
        edit = an_edit(id=f"e{number}", origin=f"request:r1:{number}", batch="r1:0", quote=60_000)
        edits.edits[edit.id] = edit
    edits.edits["other"] = an_edit(id="other", origin="request:r2:0")
    for edit_id in bought:
        number = len(edits.attempts) + 1
        edits.attempts.append(Attempt(number, edit_id, 1, AttemptState.OPEN, f"up/{number}", START))
    return edits


@pytest.mark.parametrize(
    ("bought", "said"),
    [
        ((), "Cancelled. Nothing was charged."),
        (("e0",), "Cancelled 2 of 3. The rest is with the provider already, so it is charged ($0.06)."),
        (("e0", "e1", "e2"), BOUGHT),
    ],
)
@in_virtual_time
async def test_all_that_can_be_taken_back_is(bought: tuple[str, ...], said: str) -> None:
    """Whichever of them the button names; nobody else's, and no other edit."""
    edits = three(*bought)
    assert await pressed(edits, "e1") == said
    cancelled = {key for key, edit in edits.edits.items() if edit.state is EditState.CANCELLED}
    assert cancelled == {"e0", "e1", "e2"} - set(bought)


@pytest.mark.parametrize("ended", [False, True])
@in_virtual_time
async def test_a_status_that_a_crash_left_behind_goes(ended: bool) -> None:
    """No row names it, but its button does: of an edit that has ended, a press takes it away."""
    edits, telegram = three(), MemoryTelegram()
    if ended:
        edits.edits["other"] = replace(edits.edits["other"], state=EditState.DONE)
    said = await pressed(edits, "other", telegram)
    assert said == ("That edit has ended already." if ended else "Cancelled. Nothing was charged.")
    assert len(telegram.named("deleteMessage")) == int(ended)
