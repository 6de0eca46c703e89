"""Adds the one-time links to the page, and its sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "page_sessions",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("employer", TEXT, nullable=False),
        sa.Column("api_key", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
    )
    op.create_index("page_sessions_expires", "page_sessions", ["expires"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("page_sessions")
