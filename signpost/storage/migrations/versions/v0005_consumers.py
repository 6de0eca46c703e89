"""Adds the list of declared consumers: AMQP cannot list queues."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "consumers",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("patterns", TEXT, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop the table; the queues stay."""
    op.drop_table("consumers")
