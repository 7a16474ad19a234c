"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite counts up only in a column declared INTEGER, which has 64 bits there.
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    _people()
    _intake()
    _edits()
    _work()
    _money()


def downgrade() -> None:
    """Drop them, with all they hold."""
    work = ("ledger", "results", "attempts", "edits", "buttons", "requests", "inbox")
    for table in (*work, "preferences", "users"):
        op.drop_table(table)


def _people() -> None:
    """Who uses the bot, and what they chose."""
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_table(
        "preferences",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("quality", sa.String(), nullable=True),
        sa.Column("aspect", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("confirm_above", sa.BigInteger(), nullable=True),
        sa.Column("finishing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_preferences"),
    )


def _intake() -> None:
    """What Telegram sent, and what people asked for."""
    op.create_table(
        "inbox",
        sa.Column("position", _COUNTER, nullable=False),
        sa.Column("update_id", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("position", name="pk_inbox"),
        sa.UniqueConstraint("update_id", name="uq_inbox_update_id"),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])
    op.create_index(
        "ix_inbox_waiting",
        "inbox",
        ["lane", "position"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("pictures", sa.JSON(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("album_id", sa.String(), nullable=True),
        sa.Column("addressed", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("question_message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
        sa.UniqueConstraint("chat_id", "message_id", name="uq_requests_chat_id_message_id"),
        sa.UniqueConstraint("chat_id", "album_id", name="uq_requests_chat_id_album_id"),
    )
    op.create_index(
        "ix_requests_chat_id_user_id_created_at", "requests", ["chat_id", "user_id", "created_at"]
    )
    op.create_index("ix_requests_state_due_at", "requests", ["state", "due_at"])
    op.create_table(
        "buttons",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_buttons"),
    )
    op.create_index("ix_buttons_subject", "buttons", ["subject"])


def _edits() -> None:
    """What was accepted."""
    op.create_table(
        "edits",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("pictures", sa.JSON(), nullable=False),
        sa.Column("fit", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("quote", sa.BigInteger(), nullable=False),
        sa.Column("mask_key", sa.String(), nullable=True),
        sa.Column("finishing", sa.Boolean(), nullable=False),
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("charged", sa.BigInteger(), nullable=True),
        sa.Column("status_message_id", sa.BigInteger(), nullable=True),
        sa.Column("result_message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("drift", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_edits"),
        sa.UniqueConstraint("origin", name="uq_edits_origin"),
    )
    op.create_index("ix_edits_chat_id_result_message_id", "edits", ["chat_id", "result_message_id"])
    op.create_index("ix_edits_model_submitted_at", "edits", ["model", "submitted_at"])
    op.create_index("ix_edits_state_created_at", "edits", ["state", "created_at"])
    op.create_index("ix_edits_user_id_created_at", "edits", ["user_id", "created_at"])


def _work() -> None:
    """What was bought for it, and what came."""
    op.create_table(
        "attempts",
        sa.Column("id", _COUNTER, nullable=False),
        sa.Column("edit_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source_url", sa.String(), nullable=False),
        sa.Column("prediction_id", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["edit_id"], ["edits.id"], name="fk_attempts_edit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("edit_id", "number", name="uq_attempts_edit_id_number"),
        sa.UniqueConstraint("prediction_id", name="uq_attempts_prediction_id"),
        sa.UniqueConstraint("source_url", name="uq_attempts_source_url"),
    )
    op.create_table(
        "results",
        sa.Column("edit_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("drift", sa.Float(), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["edit_id"], ["edits.id"], name="fk_results_edit_id"),
        sa.PrimaryKeyConstraint("edit_id", name="pk_results"),
    )


def _money() -> None:
    """Every movement of money."""
    op.create_table(
        "ledger",
        sa.Column("id", _COUNTER, nullable=False),
        sa.Column("edit_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["edit_id"], ["edits.id"], name="fk_ledger_edit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
        sa.UniqueConstraint("edit_id", "kind", name="uq_ledger_edit_id_kind"),
    )
    op.create_index("ix_ledger_day", "ledger", ["day", "kind", "micros"])
    op.create_index("ix_ledger_user", "ledger", ["user_id", "day", "kind", "model", "micros"])
