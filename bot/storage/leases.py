"""Who holds what among the processes that share a database: the rows of `bot.domain.shared.Leases`."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from bot.storage.database import Database
from bot.storage.tables import LEASES

_NOW = func.clock_timestamp()  # the database's: the clocks of several machines differ


class SqlLeases:
    """On Postgres, where processes share a database.

    Each statement is one transaction, and a lease is held by the last one who wrote its row in time.
    """

    def __init__(self, database: Database, owner: str) -> None:
        """``owner`` is this process, in all leases that it takes."""
        self._database = database
        self._owner = owner

    async def take(self, name: str, seconds: float) -> bool:
        """Take a lease, or renew one's own; False while another process has it.

        Raises:
            StorageBusy: it may have been taken.
        """
        until = _NOW + text("make_interval(secs => :seconds)").bindparams(seconds=seconds)
        taken = insert(LEASES).values(name=name, owner=self._owner, until=until)
        free = (LEASES.c.owner == self._owner) | (LEASES.c.until < _NOW)
        taken = taken.on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": taken.excluded.owner, "until": taken.excluded.until},
            where=free,
        )
        async with self._database.writing() as connection:
            row = await connection.execute(taken.returning(LEASES.c.name))
            return row.one_or_none() is not None

    async def give_up(self, name: str) -> None:
        """End one's own lease at once.

        Raises:
            StorageBusy: it ends by itself.
        """
        own = delete(LEASES).where(LEASES.c.name == name, LEASES.c.owner == self._owner)
        async with self._database.writing() as connection:
            await connection.execute(own)

    async def holders(self, prefix: str) -> dict[str, bool]:
        """Who took such leases and did not give them up, and whether in time. Raises StorageBusy."""
        held = select(LEASES.c.owner, LEASES.c.until >= _NOW).where(_named(prefix))
        async with self._database.reading() as connection:
            rows = (await connection.execute(held)).all()
        return {row[0]: bool(row[1]) for row in rows}

    async def forget(self, prefix: str) -> None:
        """Delete those that ran out a day ago. Raises StorageBusy."""
        old = delete(LEASES).where(_named(prefix), LEASES.c.until < _NOW - text("interval '1 day'"))
        async with self._database.writing() as connection:
            await connection.execute(old)


def _named(prefix: str) -> ColumnElement[bool]:
    return LEASES.c.name.startswith(prefix, autoescape=True)


class AllLeases:
    """On SQLite, whose one process has all of them: its folder is locked."""

    def __init__(self, owner: str) -> None:
        self._owner = owner

    async def take(self, name: str, seconds: float) -> bool:
        """Always granted."""
        return True

    async def give_up(self, name: str) -> None:
        """Nobody waits for it."""

    async def holders(self, prefix: str) -> dict[str, bool]:
        """This process."""
        return {self._owner: True}

    async def forget(self, prefix: str) -> None:
        """There are none."""
