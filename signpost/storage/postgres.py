"""SQL for PostgreSQL. A batch is one statement whatever its size: each column is sent as one array."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, TextClause, text

from signpost.storage.compression import Compressed
from signpost.storage.dialect import Values
from signpost.storage.rows import CaseKey, EventKey
from signpost.storage.tables import MAX_STEP

MAX_COMMIT_PAUSE_S = 5
"""How long a transaction that has appended to the feed may be idle before its commit."""
BYTES = ("state", "advice", "asked", "agendas", "body")
NUMBERS = (
    *("next_change", "updated", "rulebook_since", "time", "received_at"),
    *("sequence", "at", "created", "leased_until"),
)
BOOLEANS = ("newest",)

CASE = (
    *("tenant", "key", "state", "advice", "merged_into"),
    *("next_change", "rulebook", "updated", "rulebook_since", "asked", "agendas"),
)
SEEN = ("tenant", "source", "id", "case_key", "time", "received_at")
OUTBOX = (
    *("tenant", "case_key", "exchange", "routing_key", "message_id"),
    *("headers", "content_type", "body", "created", "leased_until"),
)
FEED = ("tenant", "case_key", "recommendation_id", "sequence", "change", "audience", "at", "body")
RECOMMENDATION = (
    *("case_key", "sequence", "change", "status", "audience"),
    *("rule", "subject", "priority", "at", "body"),
)
CHANGE = tuple(dict.fromkeys((*FEED, *RECOMMENDATION, *OUTBOX, "newest")))


def _type(column: str) -> str:
    if column in BYTES:
        return "bytea"
    if column in NUMBERS:
        return "bigint"
    return "boolean" if column in BOOLEANS else "text"


def _rows(columns: Sequence[str]) -> str:
    """The FROM item that turns one array per column back into rows, numbered by `nth`."""
    arrays = ", ".join(f"CAST(:{column} AS {_type(column)}[])" for column in columns)
    return f"unnest({arrays}) WITH ORDINALITY AS v({', '.join(columns)}, nth)"


def _list(columns: Sequence[str], prefix: str = "") -> str:
    return ", ".join(prefix + column for column in columns)


INSERT_SEEN = text(
    f"INSERT INTO seen_events ({_list(SEEN)}) SELECT {_list(SEEN)} FROM {_rows(SEEN)} "
    "ORDER BY nth ON CONFLICT DO NOTHING RETURNING tenant, source, id"
)
# Insert missing rows, then lock, both in key order: batches that share cases wait for each other without deadlock.
INSERT_CASES = text(
    "INSERT INTO cases (tenant, key, state, advice, rulebook, updated) "
    f"SELECT tenant, key, '', '', '', 0 FROM {_rows(('tenant', 'key'))} ORDER BY nth ON CONFLICT DO NOTHING"
)
LOCK_CASES = text(
    f"SELECT {_list(CASE, 'c.')} FROM cases c JOIN {_rows(('tenant', 'key'))} USING (tenant, key) "
    "ORDER BY c.tenant, c.key FOR UPDATE OF c"
).columns(advice=Compressed())
UPDATE_CASES = text(
    f"UPDATE cases c SET {', '.join(f'{column} = v.{column}' for column in CASE[2:])} FROM {_rows(CASE)} "
    "WHERE c.tenant = v.tenant AND c.key = v.key"
)
INSERT_OUTBOX = text(
    f"INSERT INTO outbox ({_list(OUTBOX)}) SELECT {_list(OUTBOX)} FROM {_rows(OUTBOX)} ORDER BY nth RETURNING id"
)
# A random part in each position makes the positions of one history those of no other: see `storage.feed`.
STEP = f"1 + CAST(floor(random() * {MAX_STEP}) AS bigint)"
# One statement for all tables, so that each body is sent once. `heads` reads `latest` to run after it: others wait for
# the row that it locks.
INSERT_CHANGES = text(
    f"""
    WITH changes AS MATERIALIZED (SELECT * FROM {_rows(CHANGE)}),
    latest AS (
        INSERT INTO recommendations (tenant, id, {_list(RECOMMENDATION)})
        SELECT tenant, recommendation_id, {_list(RECOMMENDATION)} FROM changes WHERE newest
        ORDER BY tenant, recommendation_id
        ON CONFLICT (tenant, id) DO UPDATE SET {", ".join(f"{c} = excluded.{c}" for c in RECOMMENDATION)}
        WHERE recommendations.sequence <= excluded.sequence
        RETURNING 1
    ),
    heads AS (
        INSERT INTO feed_heads (tenant, position)
        SELECT tenant, {STEP} FROM (SELECT DISTINCT tenant FROM changes) tenants
        WHERE (SELECT count(*) FROM latest) >= 0 ORDER BY tenant
        ON CONFLICT (tenant) DO UPDATE SET position = feed_heads.position + excluded.position
        RETURNING tenant, position
    ),
    appended AS (
        INSERT INTO feed (position, {_list(FEED)})
        SELECT h.position, {_list(FEED, "c.")} FROM changes c JOIN heads h USING (tenant) ORDER BY c.nth
    )
    INSERT INTO outbox ({_list(OUTBOX)}) SELECT {_list(OUTBOX)} FROM changes ORDER BY nth RETURNING id
    """
)
# From here to the commit, others wait for the head of the feed: a process frozen meanwhile loses its connection.
BOUND_COMMIT = text(f"SET LOCAL idle_in_transaction_session_timeout = '{MAX_COMMIT_PAUSE_S}s'")
# MATERIALIZED, because PostgreSQL may re-run a subquery with LIMIT for each row, which claims more than the limit.
CLAIM_OUTBOX = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM outbox WHERE leased_until <= :now ORDER BY leased_until, id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox o SET leased_until = :lease_until FROM due WHERE o.id = due.id RETURNING o.*
    """
).columns(body=Compressed())
# One index probe per (tenant, rulebook), independent of the number of cases.
RULEBOOK_GROUPS = text(
    """
    WITH RECURSIVE head AS (
        (SELECT tenant, rulebook, rulebook_since FROM cases WHERE merged_into IS NULL
         ORDER BY tenant, rulebook, rulebook_since LIMIT 1)
        UNION ALL
        SELECT next.* FROM head CROSS JOIN LATERAL (
            SELECT c.tenant, c.rulebook, c.rulebook_since FROM cases c
            WHERE c.merged_into IS NULL AND (c.tenant, c.rulebook) > (head.tenant, head.rulebook)
            ORDER BY c.tenant, c.rulebook, c.rulebook_since LIMIT 1
        ) next
    )
    SELECT tenant, rulebook, rulebook_since AS since FROM head
    """
)
# Row locks taken by several statements can deadlock; a table lock cannot.
LOCK_RULEBOOKS = text("LOCK TABLE rulebooks IN SHARE ROW EXCLUSIVE MODE")
LOCK_NAME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
RELAX_COMMIT = text("SET LOCAL synchronous_commit = off")


def _arrays(columns: Sequence[str], values: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {column: [row[column] for row in values] for column in columns}


class PostgresDialect:
    """See `Dialect`."""

    def insert_seen(self, connection: Connection, values: Sequence[Values]) -> set[EventKey]:
        return {(row[0], row[1], row[2]) for row in connection.execute(INSERT_SEEN, _arrays(SEEN, values))}

    def lock_cases(self, connection: Connection, keys: Sequence[CaseKey]) -> Sequence[RowMapping]:
        arrays = {"tenant": [tenant for tenant, _ in keys], "key": [key for _, key in keys]}
        while True:
            connection.execute(INSERT_CASES, arrays)
            rows = connection.execute(LOCK_CASES, arrays).mappings().all()
            # An erasure that committed in between has deleted rows that the insert still saw
            if len(rows) == len(keys):
                return rows

    def update_cases(self, connection: Connection, values: Sequence[Values]) -> int:
        return connection.execute(UPDATE_CASES, _arrays(CASE, values)).rowcount

    def insert_changes(self, connection: Connection, values: Sequence[Values]) -> list[int]:
        connection.execute(BOUND_COMMIT)
        return self._ids(connection, INSERT_CHANGES, _arrays(CHANGE, values))

    def insert_outbox(self, connection: Connection, values: Sequence[Values]) -> list[int]:
        return self._ids(connection, INSERT_OUTBOX, _arrays(OUTBOX, values))

    def claim_outbox(self, connection: Connection, now: int, lease_until: int, limit: int) -> Sequence[RowMapping]:
        bounds = {"now": now, "lease_until": lease_until, "limit": limit}
        return connection.execute(CLAIM_OUTBOX, bounds).mappings().all()

    def lock_rulebooks(self, connection: Connection) -> None:
        connection.execute(LOCK_RULEBOOKS)

    def overwrite_deleted(self, connection: Connection) -> None:
        """Does nothing: the server's autovacuum reuses the space, and its log is recycled."""

    def lock_name(self, connection: Connection, name: str) -> None:
        connection.execute(LOCK_NAME, {"name": name})

    def rulebook_groups(self, connection: Connection) -> Sequence[RowMapping]:
        return connection.execute(RULEBOOK_GROUPS).mappings().all()

    def relax_commit(self, connection: Connection) -> None:
        connection.execute(RELAX_COMMIT)

    @staticmethod
    def _ids(connection: Connection, statement: TextClause, arrays: dict[str, list[Any]]) -> list[int]:
        # INSERT .. SELECT .. ORDER BY assigns ids in order; RETURNING guarantees no order.
        return sorted(connection.execute(statement, arrays).scalars())
