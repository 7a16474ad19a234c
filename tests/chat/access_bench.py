"""The gate, the groups and the requests for access over a real Telegram stand-in and a real database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from telegram import Update
from telegram.ext import TypeHandler

from bot.chat import application, entrance
from bot.chat.access import ACCESS
from bot.chat.application import App
from bot.chat.presses import Presses
from bot.chat.progress import Progress
from bot.clock import Clock, SystemClock
from bot.domain.access import Policy, Rules
from bot.domain.timing import Timing
from bot.storage.access import SqlAccess
from bot.storage.accounts import SqlAccounts
from bot.storage.buttons import SqlButtons
from bot.storage.chats import SqlChats
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.notes import SqlNotes
from bot.storage.people import SqlPeople
from tests.sandbox.telegram_bench import ADA, BOT_ID, Bench

Message = dict[str, Any]


class House:
    """An application behind whose gate one handler remembers who came in with words. Ada is its admin."""

    def __init__(self, telegram: Bench, app: App, database: Database, people: SqlPeople) -> None:
        self.telegram, self.app, self.people = telegram, app, people
        self.access, self.notes, self.buttons = SqlAccess(database), SqlNotes(database), SqlButtons(database)
        self.accounts = SqlAccounts(database)
        self.entered: list[int] = []

    @classmethod
    async def opened(
        cls,
        telegram: Bench,
        app: App,
        database: Database,
        *,
        policy: Policy = Policy.APPROVE,
        admins: Collection[int] = (ADA,),
        people: SqlPeople | None = None,
    ) -> House:
        """Open it for those whom the rules let in."""
        house = cls(telegram, app, database, people or SqlPeople(database))
        await house.open(Rules(policy, admins), database)
        return house

    async def open(self, rules: Rules, database: Database) -> None:
        """Stand the gate before everything."""
        timing = Timing().faster(20)
        door = await self.door(rules, SqlEdits(database), SqlChats(database), timing, SystemClock())
        self.claims = door.claims
        presses = Presses(self.buttons, {ACCESS: door.requests.take}).handlers()
        rooms: list[application.Room] = [presses, [TypeHandler(Update, self._enter)]]
        application.route(self.app, door.gate, rooms, before=door.groups.handlers())

    async def door(
        self, rules: Rules, edits: SqlEdits, chats: SqlChats, timing: Timing, clock: Clock
    ) -> entrance.Entrance:
        """The gate, the groups and the requests for access."""
        bot = self.app.bot
        return await entrance.build(
            entrance.Ports(
                bot=bot,
                rules=rules,
                access=self.access,
                set_limit=self.accounts.set_limit,
                people=self.people,
                buttons=self.buttons,
                notes=self.notes,
                chats=chats,
                edits=edits,
                progress=Progress(bot, edits, chats, self.people, timing, clock),
                clock=clock,
            )
        )

    @property
    def now(self) -> datetime:
        return SystemClock().now()

    async def _enter(self, update: Update, context: Any) -> None:
        if update.message is not None and update.message.text and update.effective_user:
            self.entered.append(update.effective_user.id)

    async def comes(self) -> None:
        """Let in what waits, and what comes of it."""
        while updates := await self.telegram.updates():
            for raw in updates:
                await self.process(raw)

    async def process(self, raw: dict[str, Any]) -> None:
        await self.app.process_update(Update.de_json(raw, self.app.bot))

    async def writes(self, chat: int, person: int, text: str, **fields: Any) -> None:
        """Somebody writes, and it is handled."""
        await self.telegram.write(chat, person, text=text, **fields)
        await self.comes()

    async def messages(self, chat: int) -> list[Message]:
        """What the bot wrote into a chat."""
        messages = (await self.telegram.sandbox(f"chats/{chat}/messages"))["messages"]
        return [message for message in messages if message["from"]["id"] == BOT_ID]

    async def said(self, chat: int) -> list[str]:
        """The texts of what it wrote."""
        return [message["text"] for message in await self.messages(chat)]

    async def last(self, chat: int) -> Message:
        """The last thing that it wrote."""
        return (await self.messages(chat))[-1]

    async def presses(self, chat: int, message: Message, label: str) -> str:
        """Press the button of that label in one's own chat; what is said to the press."""
        path = f"chats/{chat}/messages/{message['message_id']}/press"
        press = {"from": chat, "data": dict(buttons(message))[label]}
        query = (await self.telegram.sandbox(path, press))["query"]
        await self.comes()
        return str((await self.telegram.sandbox(f"queries/{query}"))["text"])

    async def forges(self, person: int, message: Message, data: str) -> str:
        """Press as only a changed client can, or one that is late; what is said to the press."""
        who = {"id": person, "is_bot": False, "first_name": "Somebody", "language_code": "en"}
        bare = {name: value for name, value in message.items() if name != "reply_markup"}
        press = {"id": str(person), "from": who, "chat_instance": "1", "data": data, "message": bare}
        before = len(await self._answers())
        await self.telegram.sandbox("updates", {"callback_query": press})
        await self.comes()
        return "".join(str(call["params"].get("text", "")) for call in (await self._answers())[before:])

    async def _answers(self) -> list[Message]:
        calls: list[Message] = (await self.telegram.sandbox("calls?method=answerCallbackQuery"))["calls"]
        return calls


def buttons(message: Message) -> list[tuple[str, str]]:
    """The labels and data of a message's buttons."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [(button["text"], button["callback_data"]) for row in rows for button in row]
