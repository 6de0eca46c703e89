"""Adds the table of what each tenant stores, measured by the clock."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table; until the first measurement no quota is reached."""
    op.create_table(
        "usage",
        sa.Column("tenant", TEXT, primary_key=True),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("cases", "bytes", "max_cases", "max_bytes", "measured_at")
        ),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("usage")
