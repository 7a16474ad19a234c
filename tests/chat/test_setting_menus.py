"""The settings' menus in a chat: pressed, forged, pressed again after a restart."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Update, User

from bot.chat.asker import Asker
from bot.chat.presses import Presses
from bot.chat.replies import Bot
from bot.chat.setting_menus import ALONE, NESTED, SettingMenus
from bot.clock import SystemClock
from bot.domain.catalogue import Catalogue
from bot.domain.catalogue_file import load
from bot.domain.preferences import Preferences
from bot.storage.buttons import SqlButtons
from bot.storage.database import Database
from bot.storage.people import SqlPeople
from tests.catalogues import having
from tests.sandbox.telegram_bench import ADA, BEN, GROUP, Bench

USER = User(ADA, "Ada", is_bot=False, language_code="en")


class Menus:
    """What one process has of the menus; another one over the same database is a restart."""

    def __init__(self, telegram: Bench, bot: Bot, database: Database, catalogue: Catalogue) -> None:
        self.telegram, self.bot = telegram, bot
        self.people, self.buttons = SqlPeople(database), SqlButtons(database)
        self.menus = SettingMenus(bot, self.people, self.buttons, lambda: catalogue, SystemClock())
        self.presses = Presses(self.buttons, {ALONE: self.menus.take, NESTED: self.menus.take})

    async def shown(self, name: str, chat: int = GROUP) -> dict[str, Any]:
        """A menu in a chat, as its people see it."""
        asker = Asker.of(USER, "", await self.people.preferences(ADA), load())
        text, keyboard = await self.menus.open(asker, name)
        sent = await self.bot.send_message(chat, text, reply_markup=keyboard)
        return await self.again(sent.message_id, chat)

    async def again(self, message_id: int, chat: int = GROUP) -> dict[str, Any]:
        messages = (await self.telegram.sandbox(f"chats/{chat}/messages"))["messages"]
        found: dict[str, Any] = next(message for message in messages if message["message_id"] == message_id)
        return found

    async def press(self, menu: dict[str, Any], label: str, who: int = ADA, forged: str | None = None) -> str:
        """Press a button, or pretend to have pressed another one; what is said to it."""
        rows = menu["reply_markup"]["inline_keyboard"]
        [data] = [key["callback_data"] for row in rows for key in row if key["text"].startswith(label)]
        path = f"chats/{menu['chat']['id']}/messages/{menu['message_id']}/press"
        query = (await self.telegram.sandbox(path, {"from": who, "data": data}))["query"]
        [raw] = [update for update in await self.telegram.updates() if "callback_query" in update]
        raw["callback_query"]["data"] = forged or data
        update = Update.de_json(raw, self.bot)
        await self.presses.pressed(update, None)  # type: ignore[arg-type] # it uses no context
        return str((await self.telegram.sandbox(f"queries/{query}"))["text"])


@pytest.fixture
def menus(telegram: Bench, bot: Bot, database: Database) -> Menus:
    return Menus(telegram, bot, database, load())


async def test_a_menu_works_after_a_restart(menus: Menus, bot: Bot, database: Database) -> None:
    """Its buttons are rows, and the settings are those of now."""
    menu = await menus.shown("quality")
    await menus.people.save_preferences(ADA, Preferences(resolution="2k"))
    later = Menus(menus.telegram, bot, database, load())
    assert await later.press(menu, "High") == "Saved."
    assert await later.people.preferences(ADA) == Preferences(quality="high", resolution="2k")
    assert "Quality: High, $0.44 an edit" in (await later.again(menu["message_id"]))["text"]


async def test_anothers_press_changes_nothing(menus: Menus) -> None:
    """In a group everybody can press."""
    menu = await menus.shown("quality")
    assert await menus.press(menu, "High", BEN) == "That button belongs to somebody else."
    assert await menus.people.preferences(ADA) == await menus.people.preferences(BEN) == Preferences()
    assert await menus.again(menu["message_id"]) == menu


async def test_a_made_up_button_changes_nothing(menus: Menus) -> None:
    """What a button means stays here; what comes back is only looked up."""
    menu = await menus.shown("quality")
    for forged in ("quality:high", "setting:1001", "x" * 64):
        assert "no longer works" in await menus.press(menu, "High", forged=forged)
    assert await menus.people.preferences(ADA) == Preferences()


async def test_the_chosen_one_again_is_no_harm(menus: Menus) -> None:
    """Telegram refuses to change a message into itself; nobody sees that."""
    menu = await menus.shown("quality")
    assert await menus.press(menu, "✓ Medium") == "Saved."
    assert await menus.press(menu, "✓ Medium") == "Saved."


async def test_a_model_that_went_away_is_refused_and_the_menu_set_right(
    menus: Menus, bot: Bot, database: Database
) -> None:
    """A menu of yesterday offers what is gone today."""
    menu = await menus.shown("model")
    today = having(load(), ["openai/gpt-image-2/edit"])
    later = Menus(menus.telegram, bot, database, today)
    assert "no longer offered" in await later.press(menu, "GPT Image 1 ·")
    shown = (await later.again(menu["message_id"]))["reply_markup"]["inline_keyboard"]
    assert [[key["text"] for key in row] for row in shown] == [["✓ GPT Image 2 · $0.06"]]
    assert (await later.people.preferences(ADA)).model is None


async def test_a_menu_that_was_deleted_still_saves(menus: Menus) -> None:
    """The choice is kept, though there is nothing to show it in."""
    menu = await menus.shown("quality")
    await menus.telegram.sandbox("faults", {"method": "editMessageText", "kind": "status", "status": 400})
    assert await menus.press(menu, "Low") == "Saved."
    assert (await menus.people.preferences(ADA)).quality == "low"
