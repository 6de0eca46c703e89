"""Adds the log of webhook deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create its tables."""
    op.create_table(
        "deliveries",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("problems", sa.LargeBinary, nullable=False),
        sa.Column("events", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("shown", sa.LargeBinary, nullable=False),
        sa.Column("headers", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary),
    )
    op.create_index("deliveries_order", "deliveries", ["tenant", "received_at", "id"])
    op.create_index("deliveries_age", "deliveries", ["received_at"])
    op.create_table(
        "delivery_cases",
        sa.Column("delivery", TEXT, primary_key=True),
        sa.Column("case_key", TEXT, primary_key=True),
        sa.Column("tenant", TEXT, nullable=False),
    )
    op.create_index("delivery_cases_case", "delivery_cases", ["tenant", "case_key"])


def downgrade() -> None:
    """Drop its tables."""
    op.drop_table("delivery_cases")
    op.drop_table("deliveries")
