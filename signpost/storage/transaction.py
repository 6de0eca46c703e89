"""One transaction: seen events, case locks, case rows, recommendations and outbox rows commit together."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import CTE, Connection, delete, func, or_, select, tuple_

from signpost.errors import BugError
from signpost.names import ADVICE, CLOUDEVENT_JSON
from signpost.storage.consumers import read_consumers
from signpost.storage.dialect import Dialect, Values
from signpost.storage.rows import (
    CaseKey,
    CaseRow,
    Change,
    ConsumerRow,
    EventKey,
    FeedbackTarget,
    OutboxMessage,
    RecommendationKey,
    RulebookRow,
    SeenEvent,
)
from signpost.storage.tables import (
    cases,
    deliveries,
    delivery_cases,
    feed,
    outbox,
    recommendations,
    rulebooks,
    seen_events,
)


class Transaction:
    """Made by `Store.transaction()`; valid until that block ends. Any method may raise a TransientError."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        """Use `connection`, which must be inside a transaction."""
        self._connection = connection
        self._dialect = dialect

    def mark_seen(self, events: Sequence[SeenEvent]) -> set[EventKey]:
        """Mark events as processed; returns the (tenant, source, id) of those that are new.

        Waits for other open transactions that mark the same event; it is new here only if they roll back.
        """
        distinct = {(event.tenant, event.source, event.id): event for event in reversed(events)}
        if not distinct:
            return set()
        values = [
            {
                "tenant": event.tenant,
                "source": event.source,
                "id": event.id,
                "case_key": event.case_key,
                "time": event.time,
                "received_at": event.received_at,
            }
            for _, event in sorted(distinct.items(), key=lambda item: item[0])
        ]
        return self._dialect.insert_seen(self._connection, values)

    def unmark_seen(self, events: Collection[EventKey]) -> None:
        """Undo `mark_seen` for these events: their next delivery is new again."""
        for tenant, source, id in events:
            mine = (seen_events.c.tenant == tenant, seen_events.c.source == source, seen_events.c.id == id)
            self._connection.execute(delete(seen_events).where(*mine))

    def lock_cases(self, keys: Collection[CaseKey]) -> dict[CaseKey, CaseRow]:
        """The cases of (tenant, key), locked until the transaction ends; missing cases are created empty.

        Does not follow `merged_into`; the caller does.
        """
        if not keys:
            return {}
        rows = self._dialect.lock_cases(self._connection, sorted(set(keys)))
        return {(row["tenant"], row["key"]): CaseRow(**row) for row in rows}

    def save_cases(self, rows: Collection[CaseRow]) -> None:
        """Update cases that this transaction has locked. Raises BugError if one does not exist."""
        if not rows:
            return
        written = self._dialect.update_cases(self._connection, [_case_values(row) for row in rows])
        if written != len(rows):
            raise BugError(f"saved {len(rows)} cases but {written} rows changed: lock each case first and save it once")

    def record(self, changes: Sequence[Change], *, now: int, leased_until: int) -> list[int]:
        """Store the latest change of each recommendation, and append every change to the feed and the outbox.

        The outbox rows are leased to the caller until `leased_until`; after that the relay may claim them. Returns
        their ids in the order of `changes`.
        """
        if not changes:
            return []
        newest: dict[tuple[str, str], Change] = {}
        for change in changes:
            key = (change.tenant, change.recommendation_id)
            if key not in newest or newest[key].sequence <= change.sequence:
                newest[key] = change
        values = [
            {
                **_change_values(change, now, leased_until),
                "newest": newest[change.tenant, change.recommendation_id] is change,
            }
            for change in changes
        ]
        return self._dialect.insert_changes(self._connection, values)

    def enqueue(
        self, messages: Sequence[OutboxMessage], *, tenant: str, case_key: str, now: int, leased_until: int
    ) -> list[int]:
        """Append messages of one case to the outbox unchanged. Returns their ids in the order of `messages`."""
        if not messages:
            return []
        values = [
            {
                "tenant": tenant,
                "case_key": case_key,
                "exchange": message.exchange,
                "routing_key": message.routing_key,
                "message_id": message.message_id,
                "headers": json.dumps(dict(message.headers)),
                "content_type": message.content_type,
                "body": message.body,
                "created": now,
                "leased_until": leased_until,
            }
            for message in messages
        ]
        return self._dialect.insert_outbox(self._connection, values)

    def claim_due(self, now: int, limit: int) -> list[CaseRow]:
        """Cases whose advice is due to change by `now`, earliest first, locked; skips cases locked elsewhere."""
        due = (
            select(cases)
            .where(cases.c.next_change <= now, cases.c.next_change.is_not(None), cases.c.merged_into.is_(None))
            .order_by(cases.c.next_change)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [CaseRow(**row) for row in self._connection.execute(due).mappings()]

    def claim_by_rulebook(self, tenant: str, rulebook: str, limit: int) -> list[CaseRow]:
        """Cases of a tenant that this rulebook evaluated last, oldest first, locked; skips cases locked elsewhere."""
        query = (
            select(cases)
            .where(cases.c.tenant == tenant, cases.c.rulebook == rulebook, cases.c.merged_into.is_(None))
            .order_by(cases.c.rulebook_since)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [CaseRow(**row) for row in self._connection.execute(query).mappings()]

    def rulebooks(self) -> dict[str, RulebookRow]:
        """The recently announced rulebooks, by version."""
        return read_rulebooks(self._connection)

    def consumers(self) -> dict[str, ConsumerRow]:
        """The registered consumers, by name."""
        return read_consumers(self._connection)

    def feedback_targets(self, names: Collection[RecommendationKey]) -> dict[RecommendationKey, FeedbackTarget]:
        """The targets of feedback on these (tenant, recommendation id); those that do not exist are absent."""
        table = recommendations.c
        query = select(table.tenant, table.id, table.case_key, table.audience)
        rows = self._connection.execute(query.where(tuple_(table.tenant, table.id).in_(sorted(names))))
        return {(row.tenant, row.id): FeedbackTarget(row.case_key, row.audience) for row in rows}

    def erase(self, tenant: str, keys: Collection[str], erased_at: int) -> None:
        """Delete all data of these cases and of every case merged into them, except the case rows, which the caller
        saves as tombstones.

        Keeps the seen rows of events at or after `erased_at` (ids only, to deduplicate the erasure itself) and events
        added to the outbox after `erased_at`, which concern the time since. Call it before `record`: it would delete
        those rows too.
        """
        if not keys:
            return
        absorbed = _with_absorbed(tenant, keys)
        for table in (recommendations, feed, seen_events, outbox):
            belongs = table.c.case_key.in_(keys) | table.c.case_key.in_(select(absorbed.c.key))
            condition = (table.c.tenant == tenant) & belongs
            if table is seen_events:
                condition &= seen_events.c.time < erased_at
            if table is outbox:
                condition &= or_(outbox.c.exchange == ADVICE, outbox.c.created <= erased_at)
            self._connection.execute(delete(table).where(condition))
        self._erase_deliveries(tenant, keys, absorbed)

    def _erase_deliveries(self, tenant: str, keys: Collection[str], absorbed: CTE) -> None:
        """Delete every webhook that mentions these cases, whole, even if it mentions others."""
        key = delivery_cases.c.case_key
        belongs = key.in_(keys) | key.in_(select(absorbed.c.key))
        query = select(delivery_cases.c.delivery).where(delivery_cases.c.tenant == tenant, belongs)
        ids = list(self._connection.execute(query).scalars())
        if ids:
            self._connection.execute(delete(delivery_cases).where(delivery_cases.c.delivery.in_(ids)))
            self._connection.execute(delete(deliveries).where(deliveries.c.tenant == tenant, deliveries.c.id.in_(ids)))


def read_rulebooks(connection: Connection) -> dict[str, RulebookRow]:
    """See `Transaction.rulebooks`."""
    version = rulebooks.c.version
    query = select(version, func.max(rulebooks.c.number), func.max(rulebooks.c.seen_at)).group_by(version)
    return {row[0]: RulebookRow(*row) for row in connection.execute(query)}


def _with_absorbed(tenant: str, keys: Collection[str]) -> CTE:
    """These keys and every key that was merged into them, directly or indirectly."""
    absorbed = (
        select(cases.c.key).where(cases.c.tenant == tenant, cases.c.key.in_(keys)).cte("absorbed", recursive=True)
    )
    more = select(cases.c.key).where(cases.c.tenant == tenant, cases.c.merged_into == absorbed.c.key)
    return absorbed.union(more)


def _case_values(row: CaseRow) -> Values:
    return {
        "tenant": row.tenant,
        "key": row.key,
        "state": row.state,
        "advice": row.advice,
        "merged_into": row.merged_into,
        "next_change": row.next_change,
        "rulebook": row.rulebook,
        "updated": row.updated,
        "rulebook_since": row.rulebook_since,
    }


def _change_values(change: Change, now: int, leased_until: int) -> dict[str, Any]:
    return {
        "tenant": change.tenant,
        "case_key": change.case_key,
        "recommendation_id": change.recommendation_id,
        "sequence": change.sequence,
        "change": change.change,
        "status": change.status,
        "audience": change.audience,
        "rule": change.rule,
        "subject": change.subject,
        "priority": change.priority,
        "at": change.at,
        "body": change.body,
        "exchange": ADVICE,
        "routing_key": change.routing_key,
        "message_id": change.message_id,
        "headers": json.dumps(dict(change.headers)),
        "content_type": CLOUDEVENT_JSON,
        "created": now,
        "leased_until": leased_until,
    }
