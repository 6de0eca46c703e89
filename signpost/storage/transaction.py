"""One transaction: seen events, case locks, case rows, recommendations and outbox rows commit together."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from typing import Any, Final

import orjson
from sqlalchemy import CTE, Connection, delete, func, select, update

from signpost.case.erasure import Entity, of_absorbed, of_event, of_ids, of_person
from signpost.errors import BugError
from signpost.names import ADVICE, CLOUDEVENT_JSON
from signpost.storage import announcing, due_cases, erasures, feed
from signpost.storage import standings as employers_lists
from signpost.storage.consumers import read_consumers
from signpost.storage.deliveries import delete_found_by
from signpost.storage.dialect import Dialect, Values
from signpost.storage.feedback_targets import read_targets
from signpost.storage.message_locks import lock_announcements
from signpost.storage.rows import (
    CaseKey,
    CaseRow,
    Change,
    ConsumerRow,
    EventKey,
    FeedbackTarget,
    OutboxMessage,
    OutboxRow,
    RecommendationKey,
    RulebookRow,
    SeenEvent,
    StandingRow,
)
from signpost.storage.tables import calendar_links, cases, recommendations, rulebooks, seen_events, standings

CASE_FIELDS: Final = tuple(field.name for field in fields(CaseRow))


class Transaction:
    """Made by `Store.transaction()`; valid until that block ends. Any method may raise a TransientError."""

    def __init__(self, connection: Connection, dialect: Dialect, compress: Callable[[bytes], bytes]) -> None:
        """Use `connection`, which must be inside a transaction. `compress` is applied to messages and advice."""
        self._connection = connection
        self._dialect = dialect
        self._compress = compress
        self._announcer = announcing.Announcer(connection)

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
        written = self._dialect.update_cases(self._connection, [self._case_values(row) for row in rows])
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
        ids = self._dialect.insert_changes(self._connection, self._stored(values))
        self._announcer.announce(values)
        return ids

    def enqueue(
        self, messages: Sequence[OutboxMessage], *, tenant: str, case_key: str, now: int, leased_until: int
    ) -> list[int]:
        """Append messages of one case to the outbox unchanged. Returns their ids in the order of `messages`."""
        return self.enqueue_all(
            [(tenant, case_key, message) for message in messages], now=now, leased_until=leased_until
        )

    def enqueue_all(
        self, messages: Sequence[tuple[str, str, OutboxMessage]], *, now: int, leased_until: int
    ) -> list[int]:
        """The same for messages of several cases: (tenant, case key, message)."""
        if not messages:
            return []
        values = [
            {
                "tenant": tenant,
                "case_key": case_key,
                "exchange": message.exchange,
                "routing_key": message.routing_key,
                "message_id": message.message_id,
                "headers": orjson.dumps(dict(message.headers)).decode(),
                "content_type": message.content_type,
                "body": message.body,
                "created": now,
                "leased_until": leased_until,
            }
            for tenant, case_key, message in messages
        ]
        ids = self._dialect.insert_outbox(self._connection, self._stored(values))
        self._announcer.announce(values)
        return ids

    def save_standings(self, rows: Sequence[StandingRow], gone: Collection[tuple[str, str, str]]) -> None:
        """Save the places of cases in the lists of employers, and delete those of (tenant, employer, case key)."""
        employers_lists.save(self._connection, rows, gone)

    def claim_due(self, now: int, limit: int) -> list[CaseRow]:
        """Up to `limit` cases whose advice is due to change by `now`: see `due_cases.claim`."""
        return due_cases.claim(self._connection, now, limit)

    def claim_evaluated_after(self, instant: int, limit: int) -> list[CaseRow]:
        """Up to `limit` cases whose last evaluation was for a later instant: see `due_cases`."""
        return due_cases.claim_evaluated_after(self._connection, instant, limit)

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
        """The recently announced rulebooks, by what was announced."""
        return read_rulebooks(self._connection)

    def consumers(self) -> dict[str, ConsumerRow]:
        """The registered consumers, by name."""
        return read_consumers(self._connection)

    def feedback_targets(self, names: Collection[RecommendationKey]) -> dict[RecommendationKey, FeedbackTarget]:
        """The targets of feedback on these (tenant, recommendation id); those that do not exist are absent."""
        return read_targets(self._connection, names)

    def erasures(self, tenant: str, identities: Collection[str]) -> dict[str, int]:
        """Identity (`case.erasure`) -> its latest erasure (microseconds), of those that were erased."""
        return erasures.find(self._connection, tenant, identities)

    def erase(
        self,
        tenant: str,
        keys: Collection[str],
        erased_at: int,
        *,
        now: int,
        lost: Collection[Entity] = (),
        living: Sequence[str] = (),
        redact: announcing.Redact | None = None,
    ) -> list[OutboxRow]:
        """Delete all data of these cases and of every case merged into them, and record digests of what was erased:
        the cases, their events, and `lost`, their entities.

        Keeps the case rows of `living`, the seen rows of statements since, and events added to the outbox after
        `erased_at`. `living`: the case that holds those statements, and its applications. Call it after `save_cases`,
        and before `record`, whose rows it would delete. Returns what of the cases waited in the outbox. `redact`: what
        stays of a message for an endpoint.
        """
        if not keys:
            return []
        covered = {*keys, *self._connection.scalars(select(with_absorbed(tenant, keys).c.key))}
        gone = sorted(covered - set(living))
        seen = self._delete_seen(tenant, covered, erased_at if living else None)
        if living:
            self._hand_over(tenant, gone, living[0])
        feed.erase(self._connection, tenant, covered)
        lock_announcements(self._connection, self._dialect, tenant)
        announcing.erase(self._connection, tenant, covered, redact)
        for table in (recommendations, standings, calendar_links):
            mine = (table.c.tenant == tenant, table.c.case_key.in_(sorted(covered)))
            self._connection.execute(delete(table).where(*mine))
        waiting = erasures.delete_waiting(self._connection, tenant, covered, erased_at)
        self._connection.execute(delete(cases).where(cases.c.tenant == tenant, cases.c.key.in_(gone)))
        ids = set(of_ids(covered, lost))
        names = {*of_person(covered, lost), *map(of_absorbed, covered - set(keys)), *seen, *ids}
        erasures.add(self._connection, tenant, names, erased_at, now)
        delete_found_by(self._connection, tenant, covered, ids)
        return waiting

    def delete_empty_cases(self, tenant: str, keys: Collection[str]) -> None:
        """Delete the rows of these cases, which this transaction has locked, if nothing is stored in them."""
        if not keys:
            return
        empty = (cases.c.state == b"", cases.c.merged_into.is_(None))
        self._connection.execute(delete(cases).where(cases.c.tenant == tenant, cases.c.key.in_(sorted(keys)), *empty))

    def _delete_seen(self, tenant: str, keys: Collection[str], until: int | None) -> set[str]:
        """Delete the seen rows of these cases up to an instant, or all; returns the identities of their events."""
        condition = (seen_events.c.tenant == tenant) & seen_events.c.case_key.in_(sorted(keys))
        if until is not None:
            condition &= seen_events.c.time <= until
        rows = self._connection.execute(select(seen_events.c.source, seen_events.c.id).where(condition)).all()
        self._connection.execute(delete(seen_events).where(condition))
        return {of_event(source, name) for source, name in rows}

    def _hand_over(self, tenant: str, gone: Sequence[str], living: str) -> None:
        """Give what is left of deleted cases to the one that holds their statements: seen rows, by which the next
        erasure finds events, and applications that were merged into them."""
        for table, column in ((seen_events, seen_events.c.case_key), (cases, cases.c.merged_into)):
            mine = (table.c.tenant == tenant, column.in_(gone))
            self._connection.execute(update(table).where(*mine).values({column: living}))

    def _case_values(self, row: CaseRow) -> Values:
        return {**{name: getattr(row, name) for name in CASE_FIELDS}, "advice": self._compress(row.advice)}

    def _stored(self, values: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "body": self._compress(row["body"])} for row in values]


def read_rulebooks(connection: Connection) -> dict[str, RulebookRow]:
    """See `Transaction.rulebooks`."""
    version = rulebooks.c.version
    query = select(version, func.max(rulebooks.c.number), func.max(rulebooks.c.seen_at)).group_by(version)
    return {row[0]: RulebookRow(*row) for row in connection.execute(query)}


def with_absorbed(tenant: str, keys: Collection[str]) -> CTE:
    """These keys and every key that was merged into them, directly or indirectly."""
    absorbed = (
        select(cases.c.key).where(cases.c.tenant == tenant, cases.c.key.in_(keys)).cte("absorbed", recursive=True)
    )
    more = select(cases.c.key).where(cases.c.tenant == tenant, cases.c.merged_into == absorbed.c.key)
    return absorbed.union(more)


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
        "headers": orjson.dumps(dict(change.headers)).decode(),
        "content_type": CLOUDEVENT_JSON,
        "created": now,
        "leased_until": leased_until,
    }
