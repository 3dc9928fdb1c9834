"""Critical events that other channels tell, and when a message should have come."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; what waits already is late from when it was queued, or its quiet hours ended."""
    instant = sa.DateTime(timezone=True)
    long_ago = "1970-01-01 00:00:00.000000"
    op.add_column("outbox", sa.Column("due_at", instant, nullable=False, server_default=long_ago))
    op.execute("UPDATE outbox SET due_at = CASE WHEN held THEN not_before ELSE queued_at END")
    op.create_table(
        "elsewhere",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("queued_at", instant, nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("told_to", sa.Text(), nullable=False),
        sa.Column("done_at", instant),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elsewhere")),
        sa.UniqueConstraint("name", name=op.f("uq_elsewhere_name")),
    )
    op.create_index(op.f("ix_elsewhere_done_at"), "elsewhere", ["done_at"])
