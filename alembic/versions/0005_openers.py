"""Who opened an attempt: only the step that did may post it."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Attempts that are there, or that the version before writes meanwhile, are of an unknown opener."""
    op.add_column("attempts", sa.Column("opener", sa.String(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("attempts") as attempts:
        attempts.drop_column("opener")
