"""Digests of a day, a week and a month: each date has one of each."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the period a part of the key; all that were told so far were of a day."""
    op.rename_table("digests", "digests_of_days")
    op.create_table(
        "digests",
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "period", "local_date", name=op.f("pk_digests")),
    )
    op.execute(
        "INSERT INTO digests (chat_id, period, local_date, due_at) "
        "SELECT chat_id, 'daily', local_date, due_at FROM digests_of_days"
    )
    op.drop_table("digests_of_days")
