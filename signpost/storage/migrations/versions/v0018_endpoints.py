"""Adds the endpoints of outgoing webhooks, what waits for them, and the attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROOM_TO_UPDATE = {"fillfactor": 50}
INDEXES = {
    "announcements_case": ("announcements", ["tenant", "case_key"]),
    "endpoint_messages_order": ("endpoint_messages", ["tenant", "endpoint", "case_key", "id"]),
    "endpoint_messages_case": ("endpoint_messages", ["tenant", "case_key"]),
    "endpoint_messages_due": ("endpoint_messages", ["tenant", "endpoint", "due"]),
    "endpoint_messages_lease": ("endpoint_messages", ["tenant", "endpoint", "leased_until"]),
    "endpoint_items_case": ("endpoint_items", ["tenant", "case_key"]),
    "endpoint_attempts_order": ("endpoint_attempts", ["tenant", "endpoint", "id"]),
    "endpoint_attempts_case": ("endpoint_attempts", ["tenant", "case_key"]),
    "endpoint_attempts_age": ("endpoint_attempts", ["at"]),
}
TABLES = ("endpoint_attempts", "endpoint_items", "endpoint_messages", "announcements", "endpoints")


def upgrade() -> None:
    """Create the tables."""
    _create_endpoints()
    _create_announcements()
    _create_messages()
    _create_items()
    _create_attempts()
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Drop the tables."""
    for name in TABLES:
        op.drop_table(name)


def _create_endpoints() -> None:
    op.create_table(
        "endpoints",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("patterns", TEXT, nullable=False),
        sa.Column("every_change", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("secret", TEXT, nullable=False),
        sa.Column("previous_secret", TEXT),
        sa.Column("previous_until", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("paused_until", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_success", sa.BigInteger),
        postgresql_with=ROOM_TO_UPDATE,
    )


def _create_announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("case_key", TEXT, nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )


def _create_messages() -> None:
    op.create_table(
        "endpoint_messages",
        sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("case_key", TEXT, nullable=False),
        sa.Column("item", TEXT, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("ends", sa.Boolean, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("first_attempt", sa.BigInteger),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("set_aside", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
        postgresql_with=ROOM_TO_UPDATE,
    )


def _create_items() -> None:
    op.create_table(
        "endpoint_items",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("endpoint", TEXT, primary_key=True),
        sa.Column("item", TEXT, primary_key=True),
        sa.Column("case_key", TEXT, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary),
        postgresql_with=ROOM_TO_UPDATE,
    )


def _create_attempts() -> None:
    op.create_table(
        "endpoint_attempts",
        sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("case_key", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("duration", sa.BigInteger, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("detail", TEXT, nullable=False),
        sa.Column("response", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
