"""Adds whether the signature of a delivery was checked, and the first bodies of signed messages.

A delivery of before is verified only if its status proves it: `accepted` and `unavailable` follow a checked signature.
The bodies and headers of all others are deleted, because nothing shows who sent them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

deliveries = sa.table(
    "deliveries",
    sa.column("status", sa.Text),
    sa.column("verified", sa.Boolean),
    sa.column("shown", sa.LargeBinary),
    sa.column("headers", sa.LargeBinary),
    sa.column("body", sa.LargeBinary),
)
PROVEN = ("accepted", "unavailable")


def upgrade() -> None:
    """Add column, index and table; judge the stored deliveries."""
    op.add_column("deliveries", sa.Column("verified", sa.Boolean, nullable=False, server_default=sa.false()))
    proven = deliveries.c.status.in_(PROVEN)
    op.execute(deliveries.update().where(proven).values(verified=sa.true()))
    op.execute(deliveries.update().where(~proven).values(shown=b"null", headers=b"{}", body=None))
    unverified = sa.column("verified").is_(False)
    op.create_index(
        "deliveries_unverified",
        "deliveries",
        ["tenant", "source", "received_at", "id"],
        postgresql_where=unverified,
        sqlite_where=unverified,
    )
    op.create_table(
        "signed_messages",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("signed_messages_until", "signed_messages", ["until"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("signed_messages")
    op.drop_index("deliveries_unverified", "deliveries")
    op.drop_column("deliveries", "verified")
