"""Records up to where each feed was pruned, and lets PostgreSQL clean up the tables that many rows pass through."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = ("pruned_position", "pruned_id")
BUSY = ("outbox", "feed", "deliveries")
# By the number of dead rows, not by a share of the table: an outbox is empty at one moment and large at the next.
OFTEN = {"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_threshold": "2000"}


def upgrade() -> None:
    """Add the columns; processes of the version before go on writing rows without them."""
    for name in COLUMNS:
        op.add_column("feed_heads", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    _on_postgresql("SET", ", ".join(f"{name} = {value}" for name, value in OFTEN.items()))


def downgrade() -> None:
    """Remove them."""
    _on_postgresql("RESET", ", ".join(OFTEN))
    for name in COLUMNS:
        op.drop_column("feed_heads", name)


def _on_postgresql(verb: str, parameters: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in BUSY:
            op.execute(f"ALTER TABLE {table} {verb} ({parameters})")
