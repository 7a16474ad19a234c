"""The ledger grows for ever: what is often asked of it is read from its indexes alone."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from bot.domain.budgets import Scope
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.ledger import SqlLedger

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TODAY, MONTH = date(2026, 3, 31), date(2026, 3, 1)
PERSON, GROUP = 77, -8
FEW, MANY = 20_000, 1_000_000

# The hold and the charge of each edit: 2,000 people, every other edit in one of 20 groups, over a year.
_ROWS = """
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {edits})
    INSERT INTO ledger (edit_id, user_id, chat_id, model, kind, micros, at, day)
    SELECT 'e' || n, n % 2000, CASE WHEN n % 2 = 0 THEN -(n % 20) - 1 ELSE n % 2000 END,
        'model-' || n % 5, kind, n % 1000, '2026-03-31 12:00:00', {day}
    FROM numbers, (SELECT 'hold' AS kind UNION ALL SELECT 'charge') AS kinds
"""
_DAYS = {
    "sqlite": "date('2026-03-31', '-' || (n % 365) || ' days')",
    "postgres": "date '2026-03-31' - n % 365",
}

QUERIES: dict[str, Callable[[SqlLedger, SqlAccounts], Awaitable[Any]]] = {
    "a person's spending": lambda ledger, _: ledger.spending(PERSON, NOW),
    "a person's month": lambda _, accounts: accounts.days(Scope.USER, PERSON, MONTH),
    "a group's month": lambda _, accounts: accounts.days(Scope.GROUP, GROUP, MONTH),
    "the bot's day": lambda _, accounts: accounts.days(Scope.BOT, 0, TODAY),
    "today at a glance": lambda _, accounts: accounts.overview(NOW),
    "the month's top ten people": lambda _, accounts: accounts.top(Scope.USER, MONTH),
    "the month's top ten groups": lambda _, accounts: accounts.top(Scope.GROUP, MONTH),
    "the month's top ten models": lambda _, accounts: accounts.top_models(MONTH),
}


def fill(url: str, rows: int) -> None:
    """Put so many rows into the ledger, without their edits, and let the database learn what it has."""
    kind = "sqlite" if url.startswith("sqlite") else "postgres"
    insert = _ROWS.format(edits=rows // 2, day=_DAYS[kind])
    if kind == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            file.execute(insert)
            file.execute("ANALYZE")
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # checks no foreign keys
        connection.execute(insert.encode())
        connection.execute("VACUUM ANALYZE ledger")  # an index is enough only where nothing was changed


async def plan(database: Database, work: Awaitable[Any]) -> list[str]:
    """How the database reads the ledger for this work: a line for each place where it does."""
    with recorded() as statements:
        await work
    explain = "EXPLAIN " if database.on_postgres else "EXPLAIN QUERY PLAN "
    lines: list[str] = []
    async with database.reading() as connection:
        for statement, parameters in statements:
            if "ledger" in statement:
                rows = await connection.exec_driver_sql(explain + statement, parameters)
                lines += [str(row[-1]) for row in rows]
    return [line for line in lines if re.search(r"(SCAN|SEARCH|Scan .*on) ledger", line)]


@contextmanager
def recorded() -> Iterator[list[tuple[str, Any]]]:
    """The statements that are executed meanwhile."""
    statements: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)


async def test_sums_are_read_from_indexes_alone(url: str, database: Database) -> None:
    """No row of the ledger is touched for anything that people and admins look at every day."""
    fill(url, FEW)
    ledger, accounts = SqlLedger(database), SqlAccounts(database)
    for name, query in QUERIES.items():
        lines = await plan(database, query(ledger, accounts))
        assert lines, name
        covered = "Index Only Scan using" if database.on_postgres else "SEARCH ledger USING COVERING INDEX"
        assert all(covered in line for line in lines), (name, lines)


async def test_an_edits_own_movements_are_found_by_an_index(url: str, database: Database) -> None:
    """To settle or correct one edit does not take longer as the ledger grows."""
    fill(url, FEW)
    lines = await plan(database, SqlAccounts(database).refundable("e77"))
    assert lines
    assert all("ix_ledger_edit_id" in line or "ix_ledger_once" in line for line in lines), lines


@pytest.mark.long
async def test_a_million_rows(url: str, database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """Still from the indexes alone, and each within a second."""
    fill(url, MANY)
    ledger, accounts = SqlLedger(database), SqlAccounts(database)
    for name, query in QUERIES.items():
        await query(ledger, accounts)
        started = time.perf_counter()
        await query(ledger, accounts)
        seconds = time.perf_counter() - started
        lines = await plan(database, query(ledger, accounts))
        with capsys.disabled():
            sys.stdout.write(f"\n{name}: {seconds * 1000:.1f} ms")
        assert not any("Seq Scan" in line or "SCAN ledger" in line for line in lines), (name, lines)
        assert seconds < 1, name
