"""Sorts the index of due cases by tenant, so that the clock takes turns between tenants."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

DUE = sa.text("next_change IS NOT NULL AND merged_into IS NULL")


def upgrade() -> None:
    """Replace the index."""
    _replace("tenant", "next_change")


def downgrade() -> None:
    """Restore the index of all tenants."""
    _replace("next_change")


def _replace(*columns: str) -> None:
    op.drop_index("cases_due", "cases")
    op.create_index("cases_due", "cases", columns, postgresql_where=DUE, sqlite_where=DUE)
