"""Rules that are made in chats, silences and reminders, what messages show, frozen wallets."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


NO_FACE = '{"amount":"0"}'


def upgrade() -> None:
    """Add it all; alerts that fire already were told, and their messages are edited soon."""
    instant = sa.DateTime(timezone=True)
    op.add_column("alerts", sa.Column("condition", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "alerts", sa.Column("measure", sa.String(), nullable=False, server_default="amount")
    )
    op.add_column("alerts", sa.Column("reminded_at", instant))
    op.add_column(
        "alerts", sa.Column("reminders", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("alerts", sa.Column("ended_at", instant))
    op.add_column("alerts", sa.Column("hush", sa.Text()))
    op.execute("UPDATE alerts SET reminded_at = since WHERE alert IS NOT NULL")
    op.add_column("changes", sa.Column("before_at", instant))
    op.add_column("chats", sa.Column("quiet", sa.String()))
    op.add_column(
        "outbox", sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "wallets", sa.Column("frozen", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    long_ago = "1970-01-01 00:00:00.000000"
    op.add_column(
        "incidents", sa.Column("face", sa.Text(), nullable=False, server_default=NO_FACE)
    )
    op.add_column(
        "incidents", sa.Column("shown_at", instant, nullable=False, server_default=long_ago)
    )
    op.add_column("incidents", sa.Column("ending", sa.Text()))
    op.create_table(
        "rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", instant, nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", instant),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("begun_at", instant, nullable=False),
        sa.Column("edits", sa.Integer()),
        sa.Column("question", sa.BigInteger()),
        sa.Column("became", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_drafts_chat_id_user_id"), "drafts", ["chat_id", "user_id"])
