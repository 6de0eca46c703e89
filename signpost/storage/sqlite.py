"""SQL for SQLite. BEGIN IMMEDIATE admits one writer at a time, so no statement takes locks."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, text, update
from sqlalchemy.dialects import sqlite

from signpost.storage.dialect import Values
from signpost.storage.rows import CaseKey, EventKey
from signpost.storage.tables import MAX_STEP, cases, feed, outbox, recommendations, seen_events

INSERT_SEEN = (
    sqlite.insert(seen_events)
    .on_conflict_do_nothing()
    .returning(seen_events.c.tenant, seen_events.c.source, seen_events.c.id)
)
INSERT_CASES = text(
    "INSERT INTO cases (tenant, key, state, advice, rulebook, updated) "
    "SELECT value ->> 0, value ->> 1, x'', x'', '', 0 FROM json_each(:rows) WHERE true ON CONFLICT DO NOTHING"
)
SELECT_CASES = text(
    "SELECT c.* FROM json_each(:rows) v CROSS JOIN cases c ON c.tenant = v.value ->> 0 AND c.key = v.value ->> 1"
).columns(*cases.columns)
UPDATE_CASES = (
    update(cases)
    .where(cases.c.tenant == bindparam("of_tenant"), cases.c.key == bindparam("of_key"))
    .values({column.name: bindparam(column.name) for column in cases.columns if not column.primary_key})
)
_upsert = sqlite.insert(recommendations)
UPSERT_RECOMMENDATIONS = _upsert.on_conflict_do_update(
    index_elements=["tenant", "id"],
    set_={column.name: _upsert.excluded[column.name] for column in recommendations.columns if not column.primary_key},
    where=recommendations.c.sequence <= _upsert.excluded.sequence,
)
# A random part in each position makes the positions of one history those of no other: see `storage.feed`.
ADVANCE_HEAD = text(
    f"INSERT INTO feed_heads (tenant, position) VALUES (:tenant, 1 + abs(random() % {MAX_STEP})) ON CONFLICT (tenant) "
    "DO UPDATE SET position = feed_heads.position + excluded.position RETURNING position"
)
INSERT_OUTBOX = insert(outbox).returning(outbox.c.id, sort_by_parameter_order=True)
DUE_OUTBOX = (
    select(outbox)
    .where(outbox.c.leased_until <= bindparam("now"))
    .order_by(outbox.c.leased_until, outbox.c.id)
    .limit(bindparam("limit"))
)
LEASE_OUTBOX = update(outbox).where(outbox.c.id == bindparam("row")).values(leased_until=bindparam("lease_until"))


# One index probe per (tenant, rulebook), independent of the number of cases; by rowid, since SQLite has no LATERAL.
RULEBOOK_GROUPS = text(
    """
    WITH RECURSIVE head(row) AS (
        SELECT (SELECT rowid FROM cases WHERE merged_into IS NULL ORDER BY tenant, rulebook, rulebook_since LIMIT 1)
        UNION ALL
        SELECT coalesce(
            (SELECT c.rowid FROM cases c WHERE c.merged_into IS NULL AND c.tenant = h.tenant
             AND c.rulebook > h.rulebook ORDER BY c.rulebook, c.rulebook_since LIMIT 1),
            (SELECT c.rowid FROM cases c WHERE c.merged_into IS NULL AND c.tenant > h.tenant
             ORDER BY c.tenant, c.rulebook, c.rulebook_since LIMIT 1)
        ) FROM head JOIN cases h ON h.rowid = head.row
    )
    SELECT c.tenant, c.rulebook, c.rulebook_since AS since FROM head JOIN cases c ON c.rowid = head.row
    """
)


def _pick(names: Sequence[str], values: Sequence[Values]) -> list[Values]:
    return [{name: row[name] for name in names} for row in values]


FEED = tuple(column.name for column in feed.columns if column.name != "id")
OUTBOX = tuple(column.name for column in outbox.columns if column.name != "id")
RECOMMENDATION = tuple(column.name for column in recommendations.columns)


class SqliteDialect:
    """See `Dialect`."""

    def insert_seen(self, connection: Connection, values: Sequence[Values]) -> set[EventKey]:
        return {(row[0], row[1], row[2]) for row in connection.execute(INSERT_SEEN, values)}

    def lock_cases(self, connection: Connection, keys: Sequence[CaseKey]) -> Sequence[RowMapping]:
        # No ASCII escapes: invalid text (a lone surrogate) must fail here instead of being stored as damaged bytes.
        rows = {"rows": json.dumps(keys, ensure_ascii=False)}
        connection.execute(INSERT_CASES, rows)
        return connection.execute(SELECT_CASES, rows).mappings().all()

    def update_cases(self, connection: Connection, values: Sequence[Values]) -> int:
        rows = [{**row, "of_tenant": row["tenant"], "of_key": row["key"]} for row in values]
        return connection.execute(UPDATE_CASES, rows).rowcount

    def insert_changes(self, connection: Connection, values: Sequence[Values]) -> list[int]:
        newest = [{**row, "id": row["recommendation_id"]} for row in values if row["newest"]]
        connection.execute(UPSERT_RECOMMENDATIONS, _pick(RECOMMENDATION, newest))
        tenants = sorted({row["tenant"] for row in values})
        heads = {tenant: connection.execute(ADVANCE_HEAD, {"tenant": tenant}).scalar_one() for tenant in tenants}
        connection.execute(insert(feed), _pick(FEED, [{**row, "position": heads[row["tenant"]]} for row in values]))
        return self.insert_outbox(connection, values)

    def insert_outbox(self, connection: Connection, values: Sequence[Values]) -> list[int]:
        return list(connection.execute(INSERT_OUTBOX, _pick(OUTBOX, values)).scalars())

    def claim_outbox(self, connection: Connection, now: int, lease_until: int, limit: int) -> Sequence[RowMapping]:
        due = connection.execute(DUE_OUTBOX, {"now": now, "limit": limit}).mappings().all()
        if due:
            connection.execute(LEASE_OUTBOX, [{"row": row["id"], "lease_until": lease_until} for row in due])
        return due

    def lock_rulebooks(self, connection: Connection) -> None:
        """Does nothing: SQLite has a single writer."""

    def overwrite_deleted(self, connection: Connection) -> None:
        # The log has old versions of pages until it is truncated
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()

    def lock_name(self, connection: Connection, name: str) -> None:
        """Does nothing: SQLite has a single writer."""

    def rulebook_groups(self, connection: Connection) -> Sequence[RowMapping]:
        return connection.execute(RULEBOOK_GROUPS).mappings().all()

    def relax_commit(self, connection: Connection) -> None:
        """Does nothing: SQLite cannot change durability inside a transaction."""
