"""Creates the first tables: cases, seen events, recommendations, feed, outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROOM_TO_UPDATE = {"fillfactor": 50}


def upgrade() -> None:
    """Create all tables."""
    _cases()
    _seen_events()
    _recommendations()
    _feed()
    _outbox()


def downgrade() -> None:
    """Drop all tables and their data."""
    for name in ("outbox", "feed", "recommendations", "seen_events", "cases"):
        op.drop_table(name)


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("advice", sa.LargeBinary, nullable=False),
        sa.Column("merged_into", TEXT),
        sa.Column("next_change", sa.BigInteger),
        sa.Column("rulebook", TEXT, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        postgresql_with=ROOM_TO_UPDATE,
    )
    merged = sa.text("merged_into IS NOT NULL")
    due = sa.text("next_change IS NOT NULL AND merged_into IS NULL")
    op.create_index("cases_merged", "cases", ["tenant", "merged_into"], postgresql_where=merged, sqlite_where=merged)
    op.create_index("cases_due", "cases", ["next_change"], postgresql_where=due, sqlite_where=due)


def _seen_events() -> None:
    op.create_table(
        "seen_events",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("source", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("case_key", TEXT, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
    )
    op.create_index("seen_events_case", "seen_events", ["tenant", "case_key"])


def _recommendations() -> None:
    words = ("change", "status", "audience", "rule", "subject", "priority")
    op.create_table(
        "recommendations",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("case_key", TEXT, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        *(sa.Column(word, TEXT, nullable=False) for word in words),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        postgresql_with=ROOM_TO_UPDATE,
    )
    op.create_index("recommendations_case", "recommendations", ["tenant", "case_key"])


def _feed() -> None:
    op.create_table(
        "feed",
        sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("xid", sa.BigInteger, nullable=False),
        *(sa.Column(word, TEXT, nullable=False) for word in ("tenant", "case_key", "recommendation_id")),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        *(sa.Column(word, TEXT, nullable=False) for word in ("change", "audience")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("feed_order", "feed", ["tenant", "xid", "id"])
    op.create_index("feed_case", "feed", ["tenant", "case_key"])


def _outbox() -> None:
    words = ("tenant", "case_key", "exchange", "routing_key", "message_id", "headers", "content_type")
    op.create_table(
        "outbox",
        sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
        *(sa.Column(word, TEXT, nullable=False) for word in words),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_lease", "outbox", ["leased_until"])
