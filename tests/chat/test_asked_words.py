"""The question what to change, a refusal while the bot is paused, and how a group is told to use the bot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from telegram import Update

from bot.chat.application import App
from bot.chat.commands import Commands
from bot.chat.messenger import Messages
from bot.chat.notices import Notices
from bot.chat.progress import Progress
from bot.chat.questions import Asking
from bot.chat.replies import Bot
from bot.chat.styles import Style
from bot.clock import SystemClock
from bot.domain.catalogue_file import load
from bot.domain.edits import Place, Request
from bot.domain.preferences import Preferences
from bot.errors import IntakePaused, ModelWithdrawn
from bot.storage.access import SqlAccess
from bot.storage.buttons import SqlButtons
from bot.storage.database import Database
from bot.storage.untold import SqlUntold
from tests.chat.conftest import TIMING
from tests.fakes import FakeEdits, FakeImaging
from tests.fakes_of_storage import FakeChats, FakePeople
from tests.sandbox.telegram_bench import ADA, BEN, GROUP, Bench
from tests.storage.makers import a_request

STYLES = (Style("Lego", "made of bricks"),)


def a_photo_without_words(chat: int = ADA) -> Request:
    return a_request(user_id=ADA, place=Place(chat, 0), prompt=None, language="en")


async def said(telegram: Bench, chat: int) -> list[str]:
    found = (await telegram.sandbox(f"chats/{chat}/messages"))["messages"]
    return [message["text"] for message in found if message["from"]["is_bot"]]


@pytest.mark.parametrize(
    ("preferences", "price"),
    [
        (Preferences("gpt-image-2"), "$0.06"),
        (Preferences("gpt-image-2", results=2), "2 × $0.06 = $0.12"),
        (Preferences("gpt-image-2", quality="high"), "$0.22"),
    ],
)
async def test_the_question_what_to_change_has_the_price(
    telegram: Bench, bot: Bot, database: Database, preferences: Preferences, price: str
) -> None:
    """One press on a style buys, so what it costs is said before."""
    people = FakePeople(chosen=preferences)
    asking = Asking(bot, SqlButtons(database), FakeEdits(), people, load, STYLES, SystemClock())
    assert await asking.ask_words(a_photo_without_words()) is not None
    assert (await said(telegram, ADA))[-1].splitlines() == [
        "Nice picture! What should I change? Just write it.",
        f"That costs {price}.",
    ]


async def test_nothing_is_asked_where_nothing_can_be_bought(
    telegram: Bench, bot: Bot, database: Database
) -> None:
    """The refusal says so."""
    nothing = replace(load(), live=frozenset())
    asking = Asking(
        bot, SqlButtons(database), FakeEdits(), FakePeople(), lambda: nothing, STYLES, SystemClock()
    )
    with pytest.raises(ModelWithdrawn):
        await asking.ask_words(a_photo_without_words())


async def test_an_admin_hears_how_to_resume(telegram: Bench, bot: Bot, database: Database) -> None:
    """Who paused the bot and forgot; others hear only that it is paused."""
    clock, buttons = SystemClock(), SqlButtons(database)
    messages = Messages(
        bot,
        Progress(bot, FakeEdits(), FakeChats(), FakePeople(), TIMING, clock),
        Asking(bot, buttons, FakeEdits(), FakePeople(), load, STYLES, clock),
        Notices(bot, SqlAccess(database, clock), (ADA,)),
        buttons,
        SqlUntold(database),
        FakeImaging(),
        load,
        TIMING,
        clock,
    )
    request = a_photo_without_words(GROUP)
    for person in (BEN, ADA):
        await messages.refuse(replace(request, user_id=person), IntakePaused("paused"))
    to_ben, to_ada = await said(telegram, GROUP)
    assert "/admin" not in to_ben
    assert to_ada == f"{to_ben}\nAs an admin you can resume me: /admin"


@pytest.mark.parametrize("command", ["/start", "/help"])
async def test_in_a_group(telegram: Bench, app: App, command: str) -> None:
    """What works there, not what works in private only."""
    app.add_handlers(Commands(app.bot, FakePeople(), load).handlers())
    await telegram.write(GROUP, ADA, text=f"{command}@wavebrush_bot")
    await telegram.write(ADA, ADA, text=command)
    for raw in await telegram.updates():
        await app.process_update(Update.de_json(raw, app.bot))
    [answer] = await said(telegram, GROUP)
    assert answer.startswith("Hello! I edit pictures; who asks for an edit pays for it.\nWrite “/edit@wave")
    assert "/model" in (await said(telegram, ADA))[-1]
