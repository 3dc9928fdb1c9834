"""What the bad readings are counted of, so that no count goes on under another condition."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; counts that are kept already begin anew."""
    op.add_column("alerts", sa.Column("condition", sa.Text(), nullable=False, server_default=""))
