"""`/admin`: a panel of buttons in private, and the same typed. The gate lets only admins through to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from typing import Any

from telegram import CallbackQuery, Message, Update, User
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, filters

from bot.chat import spend_csv
from bot.chat.access import ADMIN
from bot.chat.admin_deeds import Deeds
from bot.chat.admin_pages import HOME
from bot.chat.admin_ports import Ports
from bot.chat.admin_reads import Reads
from bot.chat.panels import Panels
from bot.chat.presses import Pressed
from bot.chat.replies import place_of, reply
from bot.chat.spend import send_csv
from bot.chat.texts import say
from bot.domain.budgets import today
from bot.domain.stores import Button

Context = ContextTypes.DEFAULT_TYPE
PANEL = f"{ADMIN}-panel"  # the kind of subject of the panel's buttons; the gate knows them by how it begins
CSV = "csv"
_MOST_BYTES = 49_000_000  # Telegram takes 50 MB
_MOST_ROWS = 300_000  # about so many are that large, and they are in memory while they are written


class Admin:
    """One message, changed in place. What is typed is shown as the page that it leads to."""

    def __init__(self, ports: Ports) -> None:
        self._bot = ports.bot
        self._lists = ports.lists
        self._panels = Panels(ports.bot, ports.buttons, ports.clock)
        self._reads = Reads(ports)
        self._deeds = Deeds(ports)
        self._sheets = _Sheets(ports)

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to."""
        return [CommandHandler(ADMIN, self.command, filters=filters.UpdateType.MESSAGE)]

    async def command(self, update: Update, context: Context) -> None:
        """Open the panel, or do what was typed."""
        message, user = update.effective_message, update.effective_user
        if message is None or user is None:
            return
        if message.chat.type != "private":
            await reply(self._bot, place_of(message), say("admin-private", user.language_code))
            return
        words = list(context.args or ())
        typed: dict[str, Callable[[Message, User, list[str]], Awaitable[str | None]]] = {
            "find": self._find,
            "limit": self._limit,
            "edit": self._edit,
            CSV: self._csv,
        }
        if not words:
            await self._send(message, user, HOME)
        elif words[0].lower() in typed:
            text = await typed[words[0].lower()](message, user, words[1:])
            if text is not None:
                await reply(self._bot, place_of(message), text, quote=False)
        else:
            await reply(self._bot, place_of(message), say("admin-help", user.language_code), quote=False)

    async def take(self, button: Button, query: CallbackQuery) -> Pressed:
        """Do what was pressed, and show the page that it leads to."""
        language, value, said = query.from_user.language_code, button.value, ""
        if value == CSV:
            return Pressed(await self._sheets.send(query.from_user, date.min) or "")
        try:
            if self._deeds.knows(value):
                done = await self._deeds.do(value, query)
                value, said = done.show, done.said
            menu = await self._reads.menu(value, language)
        except (KeyError, ValueError):  # an old button, whose edit is gone or that has another form now
            return Pressed(say("button-unknown", language))
        keyboard = await self._panels.keyboard(
            menu, button.user_id, _subject(button.user_id, value), language
        )
        await self._panels.show(query, menu.text, keyboard)
        return Pressed(said)

    async def _send(self, message: Message, user: User, view: str) -> None:
        menu = await self._reads.menu(view, user.language_code)
        keyboard = await self._panels.keyboard(menu, user.id, _subject(user.id, view), user.language_code)
        await reply(self._bot, place_of(message), menu.text, markup=keyboard, quote=False)

    async def _find(self, message: Message, user: User, words: list[str]) -> str | None:
        """``/admin find ann``."""
        if not words:
            return say("admin-help", user.language_code)
        await self._send(message, user, f"found:{' '.join(words).removeprefix('@')}")
        return None

    async def _limit(self, message: Message, user: User, words: list[str]) -> str | None:
        """``/admin limit 12345 2.50 day``: a person's, or (negative id) a group's."""
        try:
            id_, wanted, period = [*words, "day"][:3]
            scope = "group" if int(id_) < 0 else "user"
            await self._deeds.limit(scope, int(id_), period.lower(), wanted, user.id)
        except ValueError:
            return say("admin-limit-help", user.language_code)
        await self._send(message, user, f"{'group' if scope == 'group' else 'person'}:{int(id_)}")
        return None

    async def _edit(self, message: Message, user: User, words: list[str]) -> str | None:
        """``/admin edit abcd1234``."""
        if not words:
            return say("admin-edit-help", user.language_code)
        edit = await self._lists.named(words[0].lower())
        if edit is None:
            return say("admin-edit-none", user.language_code)
        await self._send(message, user, f"edit:{edit.id}")
        return None

    async def _csv(self, message: Message, user: User, words: Sequence[str]) -> str | None:
        """``/admin csv``, or of the last days: ``/admin csv 30``."""
        if not words:
            return await self._sheets.send(user, date.min)
        if not words[0].isdecimal() or len(words[0]) > 4:
            return say("admin-help", user.language_code)
        return await self._sheets.send(user, self._sheets.today - timedelta(days=int(words[0])))


class _Sheets:
    """Sends all movements of money as a file."""

    def __init__(self, ports: Ports) -> None:
        self._ = ports

    @property
    def today(self) -> date:
        """The date in `TIMEZONE`."""
        return today(self._.clock.now(), self._.zone)

    async def send(self, admin: User, since: date) -> str | None:
        """Send them to an admin; what to say if that is not done."""
        language = admin.language_code
        if await self._.accounts.count(since) > _MOST_ROWS:
            return say("admin-csv-large", language)
        movements = await self._.accounts.movements(since)
        if not movements:
            return say("admin-csv-none", language)
        names = {id_: (await self._.access.member(id_)).name for id_ in {row.user_id for row in movements}}
        data = await asyncio.to_thread(spend_csv.everybody, movements, self._.zone, names)
        if len(data) > _MOST_BYTES:
            return say("admin-csv-large", language)
        sent = await send_csv(self._.bot, admin.id, data, self.today, say("admin-csv", language))
        return None if sent else say("admin-csv-failed", language)


def _subject(user_id: int, view: str) -> str:
    """Buttons are kept by page, so that few are read to show one."""
    return f"{PANEL}:{user_id}:{view}"
