"""Money and access: budgets with their counters, adjustments, who may use the bot, turns and notes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite counts up only in a column declared INTEGER, which has 64 bits there.
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NOT_ADJUST = sa.text("kind <> 'adjust'")
_OPEN = sa.text("returned_at IS NULL")


def upgrade() -> None:
    """Make them, and count what the ledger has."""
    found = sa.inspect(op.get_bind())
    for table, column in _new_columns():
        # For a while 0001 made `result_file_id` itself, so some databases have it.
        if column.name not in {there["name"] for there in found.get_columns(table)}:
            op.add_column(table, column)
    op.create_index("ix_edits_batch", "edits", ["batch"])
    op.create_index("ix_attempts_opened_at", "attempts", ["opened_at"])
    _groups()
    _ledger()
    _budgets()
    _count()
    _shared()


def downgrade() -> None:
    """Drop them. Adjustments are lost: the ledger had none before."""
    for table in ("turns", "notes", "limits", "counters", "groups"):
        op.drop_table(table)
    op.execute("DELETE FROM ledger WHERE kind = 'adjust'")
    for index in ("ix_ledger_once", "ix_ledger_edit_id", "ix_ledger_chat", "ix_ledger_day"):
        op.drop_index(index, "ledger")
    with op.batch_alter_table("ledger") as ledger:
        ledger.create_unique_constraint("uq_ledger_edit_id_kind", ["edit_id", "kind"])
    op.create_index("ix_ledger_day", "ledger", ["day", "kind", "micros"])
    op.drop_index("ix_attempts_opened_at", "attempts")
    op.drop_index("ix_edits_batch", "edits")
    for table, column in _new_columns():
        with op.batch_alter_table(table) as altered:
            altered.drop_column(column.name)


def _new_columns() -> Iterator[tuple[str, sa.Column[Any]]]:
    """What tables that were there get; where it may not be null it has a default for their rows."""
    yield "users", sa.Column("standing", sa.String(), server_default="unknown", nullable=False)
    yield "users", sa.Column("admin", sa.Boolean(), server_default=sa.false(), nullable=False)
    yield "users", sa.Column("told", sa.Boolean(), server_default=sa.false(), nullable=False)
    yield "users", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True)
    yield "users", sa.Column("decided_by", sa.BigInteger(), nullable=True)
    yield "users", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True)
    yield "users", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True)
    yield "preferences", sa.Column("complexity", sa.String(), nullable=True)
    yield "preferences", sa.Column("results", sa.Integer(), server_default="1", nullable=False)
    yield "edits", sa.Column("result_file_id", sa.String(), nullable=True)
    yield "edits", sa.Column("batch", sa.String(), nullable=True)
    yield "attempts", sa.Column("cost", sa.BigInteger(), nullable=True)


def _groups() -> None:
    """Where groups stand."""
    op.create_table(
        "groups",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("per_member", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
    )


def _ledger() -> None:
    """One hold, charge and release for an edit, as before, but several adjustments."""
    op.drop_index("ix_ledger_day", "ledger")
    with op.batch_alter_table("ledger") as ledger:
        ledger.drop_constraint("uq_ledger_edit_id_kind", type_="unique")
    op.create_index(
        "ix_ledger_once",
        "ledger",
        ["edit_id", "kind"],
        unique=True,
        sqlite_where=_NOT_ADJUST,
        postgresql_where=_NOT_ADJUST,
    )
    op.create_index("ix_ledger_edit_id", "ledger", ["edit_id"])
    op.create_index("ix_ledger_chat", "ledger", ["chat_id", "day", "kind", "micros"])
    op.create_index("ix_ledger_day", "ledger", ["day", "kind", "user_id", "chat_id", "model", "micros"])


def _budgets() -> None:
    """Limits, and what is used of them."""
    op.create_table(
        "counters",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "scope_id", "period", "start", name="pk_counters"),
    )
    op.create_table(
        "limits",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("scope", "scope_id", "period", name="pk_limits"),
    )


def _count() -> None:
    """Make the counters of the movements that there are."""
    names = ("user_id", "chat_id", "day", "kind", "micros")
    columns = [sa.column(name, sa.Date() if name == "day" else None) for name in names]
    ledger = sa.table("ledger", *columns)
    groups = [ledger.c[name] for name in names[:-1]]
    sums = sa.select(*groups, sa.func.sum(ledger.c.micros).label("micros")).group_by(*groups)
    counted: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in op.get_bind().execute(sums):
        micros = int(row.micros)
        for counter in _counters_of(row.user_id, row.chat_id, row.day):
            counted[counter][0] += micros if row.kind == "hold" else -micros
            counted[counter][1] += micros if row.kind == "charge" else 0
    fields = ("scope", "scope_id", "period", "start", "held", "spent")
    counters = sa.table(
        "counters", *(sa.column(name, sa.Date() if name == "start" else None) for name in fields)
    )
    op.bulk_insert(counters, [dict(zip(fields, (*key, *sums), strict=True)) for key, sums in counted.items()])


def _counters_of(user_id: int, chat_id: int, day: date) -> Iterator[tuple[Any, ...]]:
    yield "bot", 0, "day", day
    if chat_id < 0:
        yield "group", chat_id, "day", day
    yield "user", user_id, "day", day
    yield "user", user_id, "month", day.replace(day=1)


def _shared() -> None:
    """What all processes agree on."""
    op.create_table(
        "notes",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notes"),
    )
    op.create_table(
        "turns",
        sa.Column("id", _COUNTER, nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("edit_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
    )
    op.create_index(
        "ix_turns_open", "turns", ["edit_id"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_index("ix_turns_granted", "turns", ["provider", "granted_at"])
