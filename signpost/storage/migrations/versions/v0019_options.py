"""Adds the options of a database, and leaves less room for updates in the tables whose rows are smaller."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table. Pages that exist keep their room."""
    op.create_table(
        "options",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("set_at", sa.BigInteger, nullable=False),
    )
    _leave_room(75)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("options")
    _leave_room(50)


def _leave_room(percent: int) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in ("cases", "recommendations"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = {percent})")
