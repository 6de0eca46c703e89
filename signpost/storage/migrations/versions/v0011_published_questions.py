"""Adds to cases which list of questions to the candidate was published last."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("cases", sa.Column("asked", sa.LargeBinary))


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("cases", "asked")
