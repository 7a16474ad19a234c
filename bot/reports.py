"""``python -m bot users | spend | edits``: what admins read on the command line."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import compress
from pathlib import Path

from bot.chat.spend_csv import text_cell
from bot.clock import Clock
from bot.domain.access import Standing
from bot.domain.billing import Report
from bot.domain.budgets import BOT_DAY, USER_DAY, USER_MONTH, Account, Scope, today
from bot.domain.edits import EditState
from bot.domain.money import MICROS, dollars
from bot.errors import StartRefused
from bot.jobs.notes import read
from bot.jobs.reconcile import REPORT
from bot.settings import Settings
from bot.storage.access import SqlAccess
from bot.storage.accounts import SqlAccounts
from bot.storage.books import Books
from bot.storage.database import Database, parse_url
from bot.storage.ledger import SqlLedger
from bot.storage.lists import SqlEditLists
from bot.storage.migrations import pending
from bot.storage.notes import SqlNotes

_LONGEST_CELL = 40
_EDITS_WIDTH = 100  # columns of a terminal


class Form(StrEnum):
    """How a table is written."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Dollars:
    """A cell of money."""

    micros: int


@dataclass(frozen=True, slots=True)
class Id:
    """A cell with an edit's id: its beginning for people, by which `/admin edit` finds it too."""

    id: str


Cell = str | int | bool | Dollars | Id | datetime | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under names; ``notes`` are lines below it for people.

    People see no column of ``hidden``, and no more than ``width`` columns of text.
    """

    names: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    notes: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    width: int | None = None

    def written(self, form: Form) -> str:
        """The table as text; CSV and JSON have all of every cell, and no notes."""
        if form is Form.JSON:
            return json.dumps([dict(zip(self.names, map(_json, row), strict=True)) for row in self.rows])
        if form is Form.CSV:
            file = io.StringIO()
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.names)
            writer.writerows([[_csv(cell) for cell in row] for row in self.rows])
            return file.getvalue().rstrip("\n")
        return "\n".join([*_columns(self), *self.notes])


def _columns(table: Table) -> list[str]:
    if not table.rows:
        return ["Nothing to show."]
    names = [name not in table.hidden for name in table.names]
    cells = [tuple(compress(row, names)) for row in (table.names, *(map(_shown, row) for row in table.rows))]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    )
    return [_cut(line, table.width) if table.width else line for line in lines]


def _cut(line: str, length: int) -> str:
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _width(text: str) -> int:
    """The columns of a terminal that a text takes."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) > 0 for sign in text)


def _shown(cell: Cell) -> str:
    if isinstance(cell, Dollars):
        return dollars(cell.micros)
    if isinstance(cell, Id):
        return cell.id[:8]
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, bool):
        return "yes" if cell else ""
    line = "".join(sign if sign.isprintable() else " " for sign in str("" if cell is None else cell))
    return _cut(line, _LONGEST_CELL)


def _csv(cell: Cell) -> str | int:
    value = _json(cell)
    return (
        text_cell(value)
        if isinstance(cell, str) and isinstance(value, str)
        else ("" if value is None else value)
    )


def _json(cell: Cell) -> str | int | None:
    """Money as decimal dollars, times as RFC 3339."""
    if isinstance(cell, Dollars):
        return f"{Decimal(cell.micros) / MICROS:.6f}"
    if isinstance(cell, Id):
        return cell.id
    return cell.isoformat() if isinstance(cell, datetime) else cell


class Reports:
    """Reads of one database, which a running bot may be writing."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._zone = settings.timezone
        self._clock = clock
        books = Books(settings.timezone, settings.budgets)
        self.access = SqlAccess(database, clock)
        self._accounts = SqlAccounts(database, books)
        self._ledger = SqlLedger(database, books)
        self._lists = SqlEditLists(database)
        self._notes = SqlNotes(database)

    async def users(self, wanted: str, limit: int) -> Table:
        """People with their standing, money and limits; those who wait for approval first."""
        now = self._clock.now()
        rows: list[tuple[Cell, ...]] = []
        for member in await self.access.members(wanted, limit=limit):
            spending = await self._ledger.spending(member.id, now)
            accounts = {one.kind: one for one in await self._accounts.accounts(member.id, member.id, now)}
            standing = "admin" if member.admin else str(member.standing or Standing.UNKNOWN)
            money = (spending.today, spending.month, spending.ever, spending.held)
            limits = (_limit(accounts[USER_DAY]), _limit(accounts[USER_MONTH]))
            rows.append((member.id, member.name, member.username, standing, *map(Dollars, money), *limits))
        names = ("id", "name", "username", "standing", "today", "month", "ever", "held")
        return Table((*names, "day_limit", "month_limit"), rows)

    async def spend(self, by: str, days: int, limit: int) -> Table:
        """What was charged in the last days by ``person``, ``group`` or ``model``, the dearest first."""
        since = self._today() - timedelta(days=days - 1)
        if by == "model":
            totals = await self._accounts.top_models(since, limit)
            rows: list[tuple[Cell, ...]] = [(one.name, Dollars(one.micros), one.edits) for one in totals]
            names: tuple[str, ...] = ("model", "spent", "edits")
        else:
            scope = Scope.USER if by == "person" else Scope.GROUP
            totals = await self._accounts.top(scope, since, limit)
            rows = [(one.id, one.name, Dollars(one.micros), one.edits) for one in totals]
            names = ("id", "name", "spent", "edits")
        return Table(names, rows, await self._notes_on_spend(since))

    async def edits(self, states: Sequence[EditState], user_id: int | None, limit: int) -> Table:
        """Edits, newest first. ``charged`` has what was given back taken off, as an admin's pages have it."""
        corrections = await self._accounts.corrections()
        rows: list[tuple[Cell, ...]] = [
            (
                Id(edit.id),
                edit.created_at.astimezone(self._zone),
                edit.user_id,
                edit.place.chat_id,
                edit.model,
                Dollars(edit.quote),
                None if edit.charged is None else Dollars(edit.charged + corrections.get(edit.id, 0)),
                str(edit.state),
                edit.reason and edit.reason.removeprefix("error-"),
            )
            for edit in await self._lists.listed(states, user_id, limit)
        ]
        names = ("edit", "created", "user", "chat", "model", "quote", "charged", "state", "reason")
        return Table(names, rows, hidden=frozenset({"chat", "quote"}), width=_EDITS_WIDTH)

    async def _notes_on_spend(self, since: date) -> tuple[str, ...]:
        days = await self._accounts.days(Scope.BOT, 0, since)
        overview = await self._accounts.overview(self._clock.now())
        limit, _ = await self._accounts.limit(BOT_DAY, 0)
        today = f"Today: {dollars(overview.spent)}" + (f" of {dollars(limit)}" if limit is not None else "")
        report = await read(self._notes, REPORT, Report.of_json)
        return (
            "",
            f"All together since {since}: {dollars(sum(day.micros for day in days))}",
            f"{today}; held: {dollars(overview.held)}",
            "WaveSpeed's bills: not compared yet" if report is None else self._drift(report),
            *(f"Broken: {one}" for one in await self._accounts.differences()),
        )

    def _drift(self, report: Report) -> str:
        at = report.at.astimezone(self._zone)
        wrong = len(report.disagreements)
        return (
            f"WaveSpeed's bills (compared {at:%Y-%m-%d %H:%M}): charged {dollars(report.ours)}, "
            f"billed {dollars(report.billed + report.strange)}, drift {dollars(report.drift)}; "
            f"{wrong} edits disagree, {len(report.strangers)} predictions are not ours"
        )

    def _today(self) -> date:
        return today(self._clock.now(), self._zone)


def _limit(account: Account) -> Dollars | None:
    return None if account.limit is None else Dollars(account.limit)


async def revoke(reports: Reports, user_id: int) -> Table:
    """Take back that a person is an admin by the claim code; the person. All else here only reads.

    Raises:
        StartRefused: they are not.
    """
    if not await reports.access.revoke(user_id):
        raise StartRefused(f"{user_id} is no admin by the claim code; those of ADMINS are taken out there")
    member = await reports.access.member(user_id)
    row = (member.id, member.name, member.username, str(member.standing))
    return Table(("id", "name", "username", "standing"), [row])


async def claimed(reports: Reports) -> int:
    """How many people are admins by the claim code."""
    return len(await reports.access.admins())


def missing(url: str) -> bool:
    """Whether a database is a file that is not there yet. Raises StartRefused: see `parse_url`."""
    parsed = parse_url(url)
    return parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists()


@asynccontextmanager
async def opened(settings: Settings, clock: Clock) -> AsyncIterator[Reports]:
    """The reports of the settings' database, while the context lasts.

    Raises:
        StartRefused: there is none yet, or its tables are of another version. StorageBusy.
    """
    url = settings.app_database_url
    if await asyncio.to_thread(missing, url):
        raise StartRefused("There is no database yet: start the bot once")
    if await asyncio.to_thread(pending, url):
        raise StartRefused("The database is of an older version: start the bot, or run python -m bot migrate")
    database = Database.open(url)
    try:
        yield Reports(settings, database, clock)
    finally:
        await database.close()
