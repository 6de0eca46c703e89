"""The tables for SQLAlchemy Core. The migrations create them; a test compares both.

Those of webhooks are in `delivery_tables` and `endpoint_tables`.
JSON documents are bytes: jsonb reorders keys and rewrites numbers, and a case must be read back byte for byte.
Ids are compared by code point on both databases (collation "C"), so that Python, PostgreSQL and SQLite sort, and
therefore lock, in the same order.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from signpost.storage.compression import Compressed

metadata = MetaData()

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
ROW_ID = BigInteger().with_variant(Integer(), "sqlite")
# For frequently updated rows: a new version that fits into its page updates no index (PostgreSQL's HOT).
ROOM_TO_UPDATE = {"fillfactor": 50}
# The same for rows that are small beside a page, and change less often.
SOME_ROOM_TO_UPDATE = {"fillfactor": 75}

cases = Table(
    "cases",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("advice", Compressed, nullable=False),
    Column("merged_into", TEXT),
    Column("next_change", BigInteger),
    Column("rulebook", TEXT, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("rulebook_since", BigInteger, nullable=False, server_default="0"),
    Column("asked", LargeBinary),
    Column("agendas", LargeBinary),
    postgresql_with=SOME_ROOM_TO_UPDATE,
)
_merged = cases.c.merged_into.is_not(None)
Index("cases_merged", cases.c.tenant, cases.c.merged_into, postgresql_where=_merged, sqlite_where=_merged)
_due = cases.c.next_change.is_not(None) & cases.c.merged_into.is_(None)
Index("cases_due", cases.c.tenant, cases.c.next_change, postgresql_where=_due, sqlite_where=_due)

# Only columns that change with the rulebook, so that an event updates no index entry.
_whole = cases.c.merged_into.is_(None)
Index(
    "cases_rulebook",
    cases.c.tenant,
    cases.c.rulebook,
    cases.c.rulebook_since,
    postgresql_where=_whole,
    sqlite_where=_whole,
)

# To find the cases that a clock running ahead has evaluated.
Index("cases_updated", cases.c.updated, postgresql_where=_whole, sqlite_where=_whole)

# One row per announcement of a rulebook; `number` orders them.
rulebooks = Table(
    "rulebooks",
    metadata,
    Column("number", ROW_ID, primary_key=True, autoincrement=True),
    Column("version", TEXT, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

# The token bucket of each tenant: when it is full again, in microseconds.
buckets = Table(
    "buckets",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("full_at", BigInteger, nullable=False),
    postgresql_with=ROOM_TO_UPDATE,
)

# What each tenant stores, as a clock measured it last, and its quotas then (0: none).
usage = Table(
    "usage",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("cases", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("max_cases", BigInteger, nullable=False),
    Column("max_bytes", BigInteger, nullable=False),
    Column("measured_at", BigInteger, nullable=False),
)

seen_events = Table(
    "seen_events",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("source", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("case_key", TEXT, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Index("seen_events_case", "tenant", "case_key"),
)

recommendations = Table(
    "recommendations",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("case_key", TEXT, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("change", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("audience", TEXT, nullable=False),
    Column("rule", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("priority", TEXT, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Compressed, nullable=False),
    Index("recommendations_case", "tenant", "case_key"),
    postgresql_with=SOME_ROOM_TO_UPDATE,
)

# Of all rows that one transaction writes for a tenant, `position` is the same. See `feed_heads`.
feed = Table(
    "feed",
    metadata,
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("position", BigInteger, nullable=False),
    Column("tenant", TEXT, nullable=False),
    Column("case_key", TEXT, nullable=False),
    Column("recommendation_id", TEXT, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("change", TEXT, nullable=False),
    Column("audience", TEXT, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Compressed, nullable=False),
    Index("feed_order", "tenant", "position", "id"),
    Index("feed_case", "tenant", "case_key"),
    sqlite_autoincrement=True,
)

MAX_STEP = 1 << 20
"""Maximum distance between two positions of a feed."""

# The last position of each tenant's feed. Who appends locks this row until the commit, so positions appear in order.
# `pruned_position` and `pruned_id` are those of the last change that was deleted for its age.
feed_heads = Table(
    "feed_heads",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("pruned_position", BigInteger, nullable=False, server_default="0"),
    Column("pruned_id", BigInteger, nullable=False, server_default="0"),
)

# Positions whose rows an erasure deleted: a cursor that stands there is still one of this feed.
feed_erased = Table(
    "feed_erased",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("position", BigInteger, primary_key=True),
)

# Ids are never reused: a late delete of a published row would otherwise remove a newer, unpublished one.
outbox = Table(
    "outbox",
    metadata,
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("tenant", TEXT, nullable=False),
    Column("case_key", TEXT, nullable=False),
    Column("exchange", TEXT, nullable=False),
    Column("routing_key", TEXT, nullable=False),
    Column("message_id", TEXT, nullable=False),
    Column("headers", TEXT, nullable=False),
    Column("content_type", TEXT, nullable=False),
    Column("body", Compressed, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("leased_until", BigInteger, nullable=False),
    Index("outbox_lease", "leased_until"),
    sqlite_autoincrement=True,
)

# Digests of what was erased (`case.erasure`), so that a repeat of an old webhook does not bring it back.
erasures = Table(
    "erasures",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("erased_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Index("erasures_recorded", "recorded_at"),
)

# What this database was made with, or was set to since: `compression`, if its values may be compressed.
options = Table(
    "options",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("set_at", BigInteger, nullable=False),
)

# The random key of the digests of this database.
digest_keys = Table(
    "digest_keys",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# The cases with cards for an employer, in the order of its list; `last_useful` is NEVER where nothing is due.
standings = Table(
    "standings",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("employer", TEXT, primary_key=True),
    Column("case_key", TEXT, primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("last_useful", BigInteger, nullable=False),
    Index("standings_order", "tenant", "employer", "rank", "last_useful", "case_key"),
    Index("standings_case", "tenant", "case_key"),
)

# Consumers whose queues are declared; `patterns` is a JSON list, `broker_user` null for a consumer without its own.
consumers = Table(
    "consumers",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("patterns", TEXT, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("broker_user", TEXT),
)

# Links to calendars; `digest` of the secret in the link, `case_key` as it was when the link was made.
calendar_links = Table(
    "calendar_links",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("case_key", TEXT, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Index("calendar_links_case", "tenant", "case_key"),
    Index("calendar_links_digest", "digest", unique=True),
)

# One-time links to the page and the sessions that they or an API key began; `digest` of the secret in link or cookie.
page_sessions = Table(
    "page_sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("tenant", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("employer", TEXT, nullable=False),
    Column("api_key", TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Index("page_sessions_expires", "expires"),
)
