"""Adds the index that finds the cases that a clock running ahead has evaluated."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    whole = sa.text("merged_into IS NULL")
    op.create_index("cases_updated", "cases", ["updated"], postgresql_where=whole, sqlite_where=whole)


def downgrade() -> None:
    """Remove it."""
    op.drop_index("cases_updated", "cases")
