"""Several processes on one Postgres: what each of them holds, and until when."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the leases; a request in preparation names its process, as an update does already."""
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.add_column("requests", sa.Column("owner", sa.String(), nullable=True))


def downgrade() -> None:
    """Drop them: the version before is alone."""
    with op.batch_alter_table("requests") as requests:
        requests.drop_column("owner")
    op.drop_table("leases")
