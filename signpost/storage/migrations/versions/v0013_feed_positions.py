"""Gives the feed positions of its own, in place of the transaction ids of one PostgreSQL cluster.

The ids stay as positions of the rows that have them, so cursors stay valid and no row is rewritten.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Rename the column, and begin each tenant's new positions after its last one."""
    _rename("xid", "position")
    op.create_table(
        "feed_heads",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO feed_heads (tenant, position) SELECT tenant, max(position) FROM feed GROUP BY tenant")
    op.create_table(
        "feed_erased",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
    )


def downgrade() -> None:
    """Restore the column's name; rows since then come after every transaction of the cluster."""
    op.drop_table("feed_erased")
    op.drop_table("feed_heads")
    _rename("position", "xid")


def _rename(old: str, new: str) -> None:
    # On PostgreSQL this waits for open transactions that write the feed, so that no position is taken twice
    op.execute(f"ALTER TABLE feed RENAME COLUMN {old} TO {new}")
