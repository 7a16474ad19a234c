"""The panel of admins and `/spend`, behind the gate, over a real Telegram stand-in and a real database."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.chat import admin_ports, application, spend
from bot.chat.access import ACCESS
from bot.chat.admin import PANEL, Admin
from bot.chat.application import App
from bot.chat.presses import Presses
from bot.chat.spend import Spend
from bot.domain.access import Rules
from bot.domain.budgets import Budgets
from bot.domain.catalogue_file import load
from bot.domain.edits import Edit, EditState, Place
from bot.domain.pictures import Encoded, Size
from bot.domain.timing import Timing
from bot.jobs import reconcile
from bot.jobs.cancelling import Cancelling
from bot.jobs.doors import Doors
from bot.jobs.reconcile import Reconcile
from bot.jobs.settling import Settling
from bot.storage.accounts import SqlAccounts
from bot.storage.books import Books
from bot.storage.chats import SqlChats
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.ledger import SqlLedger
from bot.storage.lists import SqlEditLists
from bot.storage.people import SqlPeople
from bot.storage.purchases import SqlPurchases
from tests.chat.access_bench import House, Message, buttons
from tests.fakes import FakeImaging, FakeMessenger, FakeProvider, Turns
from tests.sandbox.telegram_bench import ADA, Bench, picture
from tests.storage.makers import a_request, an_edit
from tests.virtual_time import SetClock

ZONE = ZoneInfo("Asia/Tokyo")
CHART = Encoded(picture(1200, 750), "image/png", "png", Size(1200, 750))


class Charts(FakeImaging):
    """Draws the same chart for everybody."""

    async def chart(self, days: Any, title: str) -> Encoded:
        return CHART


async def office(telegram: Bench, app: App, database: Database, budgets: Budgets | None = None) -> Office:
    """Open it."""
    opened = Office(telegram, app, database, budgets)
    await opened.open(Rules(admins=(ADA,)), database)
    return opened


class Office(House):
    """Ada is the admin. Days turn in Tokyo; it is Friday, 20 November 2026, 21:00 there."""

    def __init__(self, telegram: Bench, app: App, database: Database, budgets: Budgets | None = None) -> None:
        super().__init__(telegram, app, database, SqlPeople(database))
        self.database = database
        self.clock = SetClock()
        self.books = Books(ZONE, budgets or Budgets())
        self.edits, self.accounts = SqlEdits(database, self.books), SqlAccounts(database, self.books)
        self.provider = FakeProvider(balances=Turns(12_340_000))
        self.messenger = FakeMessenger()
        self.doors = Doors(self.notes, self.clock)

    async def open(self, rules: Rules, database: Database) -> None:
        """Stand the gate before the two rooms."""
        bot, clock, chats = self.app.bot, self.clock, SqlChats(database)
        door = await self.door(rules, self.edits, chats, Timing(), clock)
        ledger, lists = SqlLedger(database, self.books), SqlEditLists(database)
        admin = Admin(
            admin_ports.Ports(
                bot=bot,
                buttons=self.buttons,
                access=self.access,
                rules=rules,
                requests=door.requests,
                accounts=self.accounts,
                ledger=ledger,
                edits=self.edits,
                lists=lists,
                chats=chats,
                doors=self.doors,
                reconcile=self._reconcile(lists),
                settling=Settling(self.edits, self.accounts, self.messenger, clock),
                cancelling=Cancelling(self.edits, self.messenger, clock),
                balance=self.provider.balance,
                catalogue=load,
                timing=Timing(),
                zone=ZONE,
                clock=clock,
            )
        )
        spending = Spend(spend.Ports(bot, ledger, self.accounts, lists, Charts(), load, ZONE, clock))
        presses = Presses(self.buttons, {ACCESS: door.requests.take, PANEL: admin.take})
        rooms = [admin.handlers(), spending.handlers(), presses.handlers()]
        application.route(self.app, door.gate, rooms, before=door.groups.handlers())

    def _reconcile(self, lists: SqlEditLists) -> Reconcile:
        return Reconcile(
            reconcile.Ports(
                provider=self.provider,
                name="wavespeed",
                purchases=SqlPurchases(self.database),
                edits=self.edits,
                lists=lists,
                notes=self.notes,
                messenger=self.messenger,
                catalogue=load,
                timing=Timing(),
                clock=self.clock,
            )
        )

    async def edit(
        self,
        user_id: int,
        *,
        state: EditState | None = EditState.DONE,
        quote: int = 60_000,
        days_ago: int = 0,
        chat_id: int | None = None,
        charge: int | None = None,
    ) -> Edit:
        """An edit of somebody, accepted some days ago and settled as told (None: it still runs)."""
        at = self.clock.now() - timedelta(days=days_ago)
        request = a_request(user_id=user_id, created_at=at)
        edit = an_edit(request, quote=quote, language="en")
        place = Place(chat_id or user_id, edit.place.message_id)
        edit = replace(edit, place=place)
        assert await self.edits.accept(edit)
        if state is not None:
            spent = quote if charge is None else charge
            await self.edits.settle(edit.id, state, charge=spent, reason=None, now=at)
        return await self.edits.get(edit.id)

    async def panel(self) -> Message:
        """Ada opens the panel."""
        await self.writes(ADA, ADA, "/admin")
        return await self.last(ADA)

    async def goes(self, message: Message, *labels: str) -> Message:
        """Ada presses one button after the other in one message; what it shows then."""
        for label in labels:
            offered = names(message)
            full = (
                label if label in offered else next(filter(lambda name: name.startswith(label), offered), "")
            )
            assert full, f"no button {label} in {message}"
            await self.presses(ADA, message, full)
            message = await self.again(ADA, message)
        return message

    async def home(self, message: Message) -> Message:
        """Ada presses *Back*, the last button of every page, until the first page is there."""
        while "People" not in names(message):
            message = await self.goes(message, names(message)[-1])
        return message

    async def again(self, chat: int, message: Message) -> Message:
        """A message as it is now."""
        found = [one for one in await self.messages(chat) if one["message_id"] == message["message_id"]]
        return found[0]

    async def table(self, message: Message) -> list[dict[str, str]]:
        """The rows of the CSV file in a message."""
        data = (await self.telegram.http.get(f"/sandbox/files/{message['document']['file_id']}")).content
        assert data.startswith(b"\xef\xbb\xbf")
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def names(message: Message) -> list[str]:
    """The labels of a message's buttons."""
    return [label for label, _ in buttons(message)]
