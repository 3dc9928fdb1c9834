"""Who may do what where, what a chat wants, and who did what."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add all of it; the chats that are there see what they saw."""
    instant = sa.DateTime(timezone=True)
    for column in (
        sa.Column("role", sa.String()),
        sa.Column("blocked", sa.Boolean(), nullable=False, server_default=sa.text("0")),
        sa.Column("asked_at", instant),
        sa.Column("scope", sa.Text(), nullable=False, server_default='{"patterns":["*"]}'),
        sa.Column("thread_id", sa.BigInteger()),
        sa.Column("preferences", sa.Text(), nullable=False, server_default="{}"),
    ):
        op.add_column("chats", column)
    op.create_table(
        "members",
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String()),
        sa.PrimaryKeyConstraint("chat_id", "user_id", name=op.f("pk_members")),
    )
    op.create_table(
        "pairing",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_pairing")),
    )
    op.create_table(
        "questions",
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("about", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "user_id", name=op.f("pk_questions")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("by_id", sa.BigInteger()),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("chat_id", sa.BigInteger()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
