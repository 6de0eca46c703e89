"""The tables of received webhooks: their results, whom they concern, and what their vendors signed."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, false

from signpost.storage.tables import TEXT, metadata

# Webhook deliveries and their results, for a limited time; `body` is kept for a replay, if at all.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("tenant", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("problems", LargeBinary, nullable=False),
    Column("events", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("shown", LargeBinary, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("body", LargeBinary),
    Column("verified", Boolean, nullable=False, server_default=false()),
    Index("deliveries_order", "tenant", "received_at", "id"),
    Index("deliveries_age", "received_at"),
)
_unverified = deliveries.c.verified.is_(False)
Index(
    "deliveries_unverified",
    deliveries.c.tenant,
    deliveries.c.source,
    deliveries.c.received_at,
    deliveries.c.id,
    postgresql_where=_unverified,
    sqlite_where=_unverified,
)

# Digests of the ids in the body of a delivery without events, so that an erasure also deletes the delivery.
delivery_ids = Table(
    "delivery_ids",
    metadata,
    Column("delivery", TEXT, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("tenant", TEXT, nullable=False),
    Index("delivery_ids_digest", "tenant", "digest"),
)

# The cases that a delivery concerns, so that an erasure also deletes the delivery.
delivery_cases = Table(
    "delivery_cases",
    metadata,
    Column("delivery", TEXT, primary_key=True),
    Column("case_key", TEXT, primary_key=True),
    Column("tenant", TEXT, nullable=False),
    Index("delivery_cases_case", "tenant", "case_key"),
)

# Messages that vendors signed without the whole body, and the digest of the first body of each.
signed_messages = Table(
    "signed_messages",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index("signed_messages_until", "until"),
)
