"""Which ends of edits people have still to be told."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of what ended before, or ends in the version before meanwhile, everybody counts as told."""
    op.create_table(
        "untold",
        sa.Column("edit_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("edit_id", name="pk_untold"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("untold")
