"""Several processes share one chat side: calls to Telegram, statuses and hints of webhooks."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# SQLite counts up only in a column declared INTEGER, which has 64 bits there.
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make what the processes tell each other; on SQLite, which has one, it stays empty."""
    op.create_table(
        "telegram_calls",
        sa.Column("id", _COUNTER, nullable=False),
        sa.Column("chat", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_telegram_calls"),
    )
    op.create_index("ix_telegram_calls_chat_at", "telegram_calls", ["chat", "at"])
    op.create_index("ix_telegram_calls_at", "telegram_calls", ["at"])
    op.create_table(
        "telegram_pauses",
        sa.Column("chat", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("priority", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chat", "priority", name="pk_telegram_pauses"),
    )
    op.create_table(
        "stages",
        sa.Column("edit_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("edit_id", name="pk_stages"),
    )
    op.create_table(
        "hints",
        sa.Column("prediction_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("prediction_id", name="pk_hints"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("hints", "stages", "telegram_pauses", "telegram_calls"):
        op.drop_table(table)
