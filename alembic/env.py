"""What Alembic runs: on the connection that `bot.storage.migrations` hands over, or on ``-x url=…``."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection
from sqlmodel import AutoString

from alembic import context
from bot.storage.columns import UtcDateTime
from bot.storage.migrations import connect
from bot.storage.tables import METADATA


def plain(_kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our column types as SQLAlchemy's, so that old migrations need no code of ours."""
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return "sa.String()" if isinstance(item, AutoString) else False


def run(connection: Connection) -> None:
    """Run the migrations in one transaction, also on SQLite."""
    context.configure(
        connection,
        target_metadata=METADATA,
        render_item=plain,
        render_as_batch=True,  # SQLite changes a table by copying it
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    with connect(context.get_x_argument(as_dictionary=True)["url"]) as own:
        run(own)
