"""Adds to cases which agendas were published last, and the table of the lists of employers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("cases", sa.Column("agendas", sa.LargeBinary))
    op.create_table(
        "standings",
        sa.Column("tenant", _text, primary_key=True),
        sa.Column("employer", _text, primary_key=True),
        sa.Column("case_key", _text, primary_key=True),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("last_useful", sa.BigInteger, nullable=False),
    )
    op.create_index("standings_order", "standings", ["tenant", "employer", "rank", "last_useful", "case_key"])
    op.create_index("standings_case", "standings", ["tenant", "case_key"])


def downgrade() -> None:
    """Remove both."""
    op.drop_table("standings")
    op.drop_column("cases", "agendas")
