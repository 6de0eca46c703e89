"""Finds what is stored of one event, webhook, recommendation or case by its id alone, for operators. Every query is
bounded: it reads an index, or a limited number of rows from one end of a table."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Column, Connection, select, tuple_

from signpost.case.identity import follow
from signpost.storage.delivery_tables import deliveries, delivery_cases
from signpost.storage.rows import SeenEvent
from signpost.storage.tables import cases, feed, outbox, recommendations, seen_events
from signpost.storage.transaction import with_absorbed

MAX_PLACES: Final = 1_000
"""Tenants, or sources of all tenants, in which an id is looked for."""
MAX_WAITING: Final = 10_000
"""Messages from the beginning of the outbox that are looked at."""
MAX_DELIVERIES: Final = 1_000
"""Latest deliveries that are looked at for an event that no case has."""


class TracedDelivery(NamedTuple):
    """A webhook without its body; `problems` and `events` are JSON."""

    id: str
    tenant: str
    source: str
    received_at: int
    status: str
    problems: bytes
    events: bytes
    verified: bool

    def names(self, event_id: str) -> bool:
        """Whether an event of this id came of it."""
        return any(event["id"] == event_id for event in orjson.loads(self.events))


class TracedCase(NamedTuple):
    """What a case shows of its last evaluation. `agendas`: JSON as stored."""

    tenant: str
    key: str
    merged_into: str | None
    next_change: int | None
    rulebook: str
    updated: int
    agendas: bytes | None


class TracedChange(NamedTuple):
    """A change in the feed, or the latest of a recommendation; `body`: the CloudEvent."""

    recommendation_id: str
    sequence: int
    change: str
    audience: str
    at: int
    body: bytes


class TracedMessage(NamedTuple):
    """A message that waits in the outbox."""

    tenant: str
    case_key: str
    exchange: str
    routing_key: str
    message_id: str
    created: int
    leased_until: int


_DELIVERY: Final = [deliveries.c[name] for name in TracedDelivery._fields]
_CASE: Final = [cases.c[name] for name in TracedCase._fields]
_CHANGE: Final = [feed.c[name] for name in TracedChange._fields]
_MESSAGE: Final = [outbox.c[name] for name in TracedMessage._fields]


class LookupStore:
    """The rows of one id. `tenant` "" stands for all tenants. Every method may raise a TransientError."""

    def __init__(self, read: Callable[[], AbstractContextManager[Connection]]) -> None:
        """`read` opens a connection for reading."""
        self._read_connection = read

    def delivery(self, name: str) -> TracedDelivery | None:
        """The delivery of an id."""
        with self._read_connection() as connection:
            row = connection.execute(select(*_DELIVERY).where(deliveries.c.id == name)).one_or_none()
        return None if row is None else TracedDelivery(*row)

    def deliveries_of(self, tenant: str, keys: Collection[str], event_id: str) -> list[TracedDelivery]:
        """The deliveries of these cases of which an event came, the first one first."""
        mine = (delivery_cases.c.tenant == tenant, delivery_cases.c.case_key.in_(sorted(keys)))
        linked = select(delivery_cases.c.delivery).where(*mine)
        query = select(*_DELIVERY).where(deliveries.c.id.in_(linked)).order_by(deliveries.c.received_at.desc())
        return self._naming(query, event_id)

    def latest_deliveries_of(self, tenant: str, event_id: str) -> list[TracedDelivery]:
        """The same among the latest deliveries, for an event that no case has."""
        query = select(*_DELIVERY).order_by(deliveries.c.received_at.desc())
        return self._naming(query.where(deliveries.c.tenant == tenant) if tenant else query, event_id)

    def _naming(self, query: Any, event_id: str) -> list[TracedDelivery]:
        with self._read_connection() as connection:
            rows = [TracedDelivery(*row) for row in connection.execute(query.limit(MAX_DELIVERIES))]
        return [row for row in reversed(rows) if row.names(event_id)]

    def events(self, event_id: str, tenant: str = "", source: str = "") -> list[SeenEvent]:
        """The events of an id that were folded, of any source."""
        with self._read_connection() as connection:
            places = [
                (its_tenant, its_source)
                for its_tenant, its_source in _prefixes(connection, seen_events.c.tenant, seen_events.c.source)
                if tenant in ("", its_tenant) and source in ("", its_source)
            ]
            found = (_seen(connection, *place, event_id) for place in places)
            return [event for event in found if event is not None]

    def events_of_case(self, tenant: str, keys: Collection[str], limit: int) -> list[SeenEvent]:
        """The events that were folded into a case last, the latest last."""
        mine = (seen_events.c.tenant == tenant, seen_events.c.case_key.in_(sorted(keys)))
        query = select(seen_events).where(*mine).order_by(seen_events.c.received_at.desc()).limit(limit)
        with self._read_connection() as connection:
            rows = connection.execute(query).mappings().all()
        return [SeenEvent(**row) for row in reversed(rows)]

    def case_path(self, tenant: str, key: str) -> list[TracedCase]:
        """The case of a key and each that it was merged into; the last lives on. Empty if there is none."""
        path: dict[str, TracedCase] = {}
        with self._read_connection() as connection:

            def leads_to(at: str) -> str | None:
                row = connection.execute(select(*_CASE).where(cases.c.tenant == tenant, cases.c.key == at)).first()
                if row is not None:
                    path[at] = TracedCase(*row)
                return path[at].merged_into if at in path else None

            list(follow(key, leads_to))
        return list(path.values())

    def keys_of(self, tenant: str, key: str) -> list[str]:
        """The key of a case and all that were merged into it, up to MAX_PLACES."""
        with self._read_connection() as connection:
            absorbed = select(with_absorbed(tenant, [key]).c.key).limit(MAX_PLACES)
            return sorted({key, *connection.scalars(absorbed)})

    def tenants_with_case(self, key: str) -> list[str]:
        """The tenants that have a case of this key."""
        return self._tenants_with(cases.c.tenant, cases.c.key, key)

    def tenants_with_recommendation(self, name: str) -> list[str]:
        """The tenants that have a recommendation of this id."""
        return self._tenants_with(recommendations.c.tenant, recommendations.c.id, name)

    def _tenants_with(self, tenant: Column[Any], column: Column[Any], value: str) -> list[str]:
        with self._read_connection() as connection:
            tenants = [name for (name,) in _prefixes(connection, tenant)]
            return sorted(connection.scalars(select(tenant).where(tenant.in_(tenants), column == value)))

    def changes(self, tenant: str, keys: Collection[str], limit: int) -> list[TracedChange]:
        """The latest changes of the advice of a case in the feed, in order."""
        mine = (feed.c.tenant == tenant, feed.c.case_key.in_(sorted(keys)))
        query = select(*_CHANGE).where(*mine).order_by(feed.c.id.desc()).limit(limit)
        with self._read_connection() as connection:
            return [TracedChange(*row) for row in reversed(connection.execute(query).all())]

    def waiting(self, tenant: str, keys: Collection[str], message_ids: Collection[str]) -> list[TracedMessage]:
        """The messages of a case, and those of these ids, among the first MAX_WAITING of the outbox."""
        first = select(*_MESSAGE).order_by(outbox.c.id).limit(MAX_WAITING).subquery()
        of_case = (first.c.case_key.in_(sorted(keys))) | (first.c.message_id.in_(sorted(message_ids)))
        query = select(first).where(of_case)
        with self._read_connection() as connection:
            rows = connection.execute(query.where(first.c.tenant == tenant) if tenant else query)
            return [TracedMessage(*row) for row in rows]


def _prefixes(connection: Connection, *columns: Column[Any]) -> Iterator[tuple[Any, ...]]:
    """The distinct beginnings of an index, one look each, up to MAX_PLACES."""
    query, after = select(*columns).order_by(*columns).limit(1), None
    for _ in range(MAX_PLACES):
        beyond = query if after is None else query.where(tuple_(*columns) > tuple_(*after))
        row = connection.execute(beyond).first()
        if row is None:
            return
        after = tuple(row)
        yield after


def _seen(connection: Connection, tenant: str, source: str, name: str) -> SeenEvent | None:
    mine = (seen_events.c.tenant == tenant, seen_events.c.source == source, seen_events.c.id == name)
    row = connection.execute(select(seen_events).where(*mine)).mappings().one_or_none()
    return None if row is None else SeenEvent(**row)
