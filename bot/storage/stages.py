"""Where the edits of all processes are: the rows of `bot.domain.shared.Stages`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, delete, select

from bot.domain.edits import UNFINISHED
from bot.domain.ports import Stage
from bot.domain.shared import Staged
from bot.storage.database import Database
from bot.storage.tables import EDITS, STAGES
from bot.storage.values import edit_of


class SqlStages:
    """The stages in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, staged: Sequence[Staged]) -> None:
        """Write where edits are, each since then, unless something later was written.

        A process may be slow to say where an edit was when another has it already.
        """
        rows = [
            {
                "edit_id": one.edit.id,
                "stage": one.stage,
                "expected": one.expected,
                "place": one.place,
                "since": one.since,
                "at": one.since,
            }
            for one in staged
        ]
        insert = self._database.insert(STAGES)
        new = insert.excluded
        put = insert.on_conflict_do_update(
            index_elements=["edit_id"],
            set_={
                "stage": new.stage,
                "expected": new.expected,
                "place": new.place,
                "since": case((STAGES.c.stage == new.stage, STAGES.c.since), else_=new.since),
                "at": new.at,
            },
            where=STAGES.c.at <= new.at,
        )
        async with self._database.writing() as connection:
            # In the same order everywhere, so that two that write the same rows don't deadlock.
            await connection.execute(put, sorted(rows, key=lambda row: str(row["edit_id"])))

    async def drop(self, edit_id: str) -> None:
        """Forget an edit."""
        async with self._database.writing() as connection:
            await connection.execute(delete(STAGES).where(STAGES.c.edit_id == edit_id))

    async def running(self) -> list[Staged]:
        """All that are not final, with the edits as they are now; the oldest first."""
        query = (
            select(EDITS, STAGES.c.stage, STAGES.c.since, STAGES.c.expected, STAGES.c.place)
            .join(STAGES, STAGES.c.edit_id == EDITS.c.id)
            .where(EDITS.c.state.in_(UNFINISHED))
            .order_by(EDITS.c.created_at, EDITS.c.id)
        )
        async with self._database.reading() as connection:
            return [
                Staged(edit_of(row), Stage(row.stage), row.since, row.expected, row.place)
                for row in await connection.execute(query)
            ]

    async def forget(self) -> int:
        """Delete what was written of edits after they ended; how many."""
        ended = select(EDITS.c.id).where(EDITS.c.id == STAGES.c.edit_id, EDITS.c.state.not_in(UNFINISHED))
        async with self._database.writing() as connection:
            return (await connection.execute(delete(STAGES).where(ended.exists()))).rowcount
