"""Adds what was erased, as digests with a random key of this database, and the ids in deliveries without events.

Cases that were erased before keep their empty rows, which name the candidate, until the candidate is erased again.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables and the key."""
    op.create_table(
        "delivery_ids",
        sa.Column("delivery", TEXT, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("tenant", TEXT, nullable=False),
    )
    op.create_index("delivery_ids_digest", "delivery_ids", ["tenant", "digest"])
    op.create_table(
        "erasures",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("erased_at", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
    )
    op.create_index("erasures_recorded", "erasures", ["recorded_at"])
    keys = op.create_table(
        "digest_keys",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.bulk_insert(keys, [{"name": "erasures", "value": secrets.token_bytes(32)}])


def downgrade() -> None:
    """Drop them: erased candidates can come back from old webhooks then."""
    for table in ("digest_keys", "erasures", "delivery_ids"):
        op.drop_table(table)
