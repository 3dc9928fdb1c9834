"""Indexes on what a message is a reply to, and on where it is in its chat.

Without them all messages of a month are looked through whenever one is deleted, and whenever
somebody asks what stood in one.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both."""
    op.create_index(op.f("ix_outbox_reply_to"), "outbox", ["reply_to"])
    op.create_index(op.f("ix_outbox_chat_id_message_id"), "outbox", ["chat_id", "message_id"])
