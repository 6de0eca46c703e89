"""Adds token buckets, so that all processes share one rate limit per tenant."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table; a missing bucket is full."""
    op.create_table(
        "buckets",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("full_at", sa.BigInteger, nullable=False),
        postgresql_with={"fillfactor": 50},
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("buckets")
