"""Adds the broker user of a consumer, which binds its feedback to its tenants."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column; consumers so far have no user of their own."""
    op.add_column("consumers", sa.Column("broker_user", TEXT))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("consumers", "broker_user")
