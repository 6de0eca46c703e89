"""The tables of outgoing webhooks: endpoints, what waits for each, what each knows, and the attempts."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, false, true

from signpost.storage.tables import ROOM_TO_UPDATE, ROW_ID, TEXT, metadata

# `patterns` is a JSON list. `failing_since`: the first failure since the last success. While `paused_until` is in the
# future, the endpoint gets nothing. The previous secret signs as well until `previous_until`.
endpoints = Table(
    "endpoints",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("url", TEXT, nullable=False),
    Column("patterns", TEXT, nullable=False),
    Column("every_change", Boolean, nullable=False, server_default=false()),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    Column("reason", TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("secret", TEXT, nullable=False),
    Column("previous_secret", TEXT),
    Column("previous_until", BigInteger),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failing_since", BigInteger),
    Column("paused_until", BigInteger, nullable=False, server_default="0"),
    Column("last_success", BigInteger),
    postgresql_with=ROOM_TO_UPDATE,
)

# Messages of tenants with endpoints, written with the case and deleted once they are spread. `topic`: the routing key,
# with `agenda:` or `questions:` before it.
announcements = Table(
    "announcements",
    metadata,
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("tenant", TEXT, nullable=False),
    Column("case_key", TEXT, nullable=False),
    Column("topic", TEXT, nullable=False),
    Column("message_id", TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("announcements_case", "tenant", "case_key"),
    sqlite_autoincrement=True,
)

# What waits for an endpoint; of one case, the row with the smallest id is next. `item`: the recommendation, agenda or
# list of questions. `ends`: nothing of it is left after this message.
endpoint_messages = Table(
    "endpoint_messages",
    metadata,
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("tenant", TEXT, nullable=False),
    Column("endpoint", TEXT, nullable=False),
    Column("case_key", TEXT, nullable=False),
    Column("item", TEXT, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("ends", Boolean, nullable=False),
    Column("message_id", TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("first_attempt", BigInteger),
    Column("due", BigInteger, nullable=False),
    Column("leased_until", BigInteger, nullable=False, server_default="0"),
    Column("set_aside", Boolean, nullable=False, server_default=false()),
    Column("body", LargeBinary, nullable=False),
    Index("endpoint_messages_order", "tenant", "endpoint", "case_key", "id"),
    Index("endpoint_messages_case", "tenant", "case_key"),
    Index("endpoint_messages_due", "tenant", "endpoint", "due"),
    Index("endpoint_messages_lease", "tenant", "endpoint", "leased_until"),
    sqlite_autoincrement=True,
    postgresql_with=ROOM_TO_UPDATE,
)

# What a receiver knows, or may know, and what has not ended for it. `message_id` and `body`: of the last message, for a
# replay, where nothing else keeps it (agendas, lists of questions).
endpoint_items = Table(
    "endpoint_items",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("endpoint", TEXT, primary_key=True),
    Column("item", TEXT, primary_key=True),
    Column("case_key", TEXT, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("message_id", TEXT, nullable=False),
    Column("body", LargeBinary),
    Index("endpoint_items_case", "tenant", "case_key"),
    postgresql_with=ROOM_TO_UPDATE,
)

# Attempts at delivery, for a limited time. `status`: of the HTTP response, null without one; `response`: its beginning.
endpoint_attempts = Table(
    "endpoint_attempts",
    metadata,
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("tenant", TEXT, nullable=False),
    Column("endpoint", TEXT, nullable=False),
    Column("case_key", TEXT, nullable=False),
    Column("message_id", TEXT, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("duration", BigInteger, nullable=False),
    Column("outcome", TEXT, nullable=False),
    Column("status", Integer),
    Column("detail", TEXT, nullable=False),
    Column("response", LargeBinary, nullable=False),
    Index("endpoint_attempts_order", "tenant", "endpoint", "id"),
    Index("endpoint_attempts_case", "tenant", "case_key"),
    Index("endpoint_attempts_age", "at"),
    sqlite_autoincrement=True,
)
