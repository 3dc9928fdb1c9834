"""Prices of the past, and when wallets were not read."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; of earlier gaps those of an hour, at whose end something had changed."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "kept_prices",
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("coin", sa.String(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("market", "coin", "hour", name=op.f("pk_kept_prices")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "gaps",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("begins_at", instant, nullable=False),
        sa.Column("ends_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("path", "begins_at", name=op.f("pk_gaps")),
    )
    op.execute(
        "INSERT INTO gaps (path, begins_at, ends_at)"
        " SELECT path, before_at, max(at) FROM changes"
        " WHERE julianday(at) - julianday(before_at) > 1.0 / 24"
        " GROUP BY path, before_at"
    )
