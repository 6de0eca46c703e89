"""Adds cases.rulebook_since and the rulebooks table, for the re-evaluation after a rulebook change."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add them; existing cases rank as evaluated first."""
    op.add_column("cases", sa.Column("rulebook_since", sa.BigInteger, nullable=False, server_default="0"))
    whole, columns = sa.text("merged_into IS NULL"), ["tenant", "rulebook", "rulebook_since"]
    op.create_index("cases_rulebook", "cases", columns, postgresql_where=whole, sqlite_where=whole)
    op.create_table(
        "rulebooks",
        sa.Column("number", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("rulebooks")
    op.drop_index("cases_rulebook", "cases")
    op.drop_column("cases", "rulebook_since")
