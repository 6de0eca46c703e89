"""What waits for endpoints: spread announcements, claim messages, settle attempts. Sends nothing, knows no schedule.

Of one case, an endpoint gets one message at a time, in order: a row is claimed only if none of its case is before it,
and none of its case waits to be spread. So a message that ended meanwhile is never claimed.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, not_, or_, select, true, update

from signpost.storage.dialect import Dialect
from signpost.storage.endpoint_rows import BY_HAND, TEST, Announcement, EndpointRow, WaitingMessage, to_endpoint
from signpost.storage.endpoint_tables import (
    announcements,
    endpoint_attempts,
    endpoint_items,
    endpoint_messages,
    endpoints,
)
from signpost.storage.message_locks import lock_announcements, lock_messages
from signpost.storage.settling import MESSAGE, Settled, Settler
from signpost.storage.spreading import Item, Spreader
from signpost.storage.tables import recommendations

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]
Choose: TypeAlias = Callable[[EndpointRow, Announcement], Item | None]
"""What an announcement is to an endpoint; None if it is not for it."""
ANNOUNCEMENT = tuple(announcements.c[one.name] for one in fields(Announcement))


class Claimed(NamedTuple):
    """A message that is leased to the caller, and its endpoint at that time."""

    endpoint: EndpointRow
    message: WaitingMessage


@dataclass(frozen=True, slots=True)
class OutgoingSummary:
    """What waits at all endpoints, the age of the oldest message for an enabled one (microseconds), messages set aside,
    and the number of endpoints, and of those that were not disabled by hand, and are disabled, or failing."""

    endpoints: int
    waiting: int
    oldest: int
    set_aside: int
    disabled: int
    failing: int


class OutgoingStore:
    """The work of deliverers. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection, read: OpenConnection, dialect: Dialect) -> None:
        """`write` opens a write transaction, `read` a connection for reading."""
        self._write_connection, self._read_connection, self._dialect = write, read, dialect

    def announced(self) -> list[str]:
        """The tenants with announcements to spread."""
        with self._read_connection() as connection:
            return list(connection.scalars(select(announcements.c.tenant).distinct().order_by(announcements.c.tenant)))

    def announced_age(self, now: int) -> int:
        """For how long the oldest announcement waits to be spread (microseconds); 0 if none does."""
        with self._read_connection() as connection:
            since = connection.execute(select(func.min(announcements.c.created))).scalar_one()
        return 0 if since is None else max(0, now - since)

    def spread(self, tenant: str, limit: int, now: int, choose: Choose) -> int:
        """Hand up to `limit` announcements of a tenant to its endpoints; returns how many there were."""
        with self._write_connection() as connection:
            # Two at once could change the order of an item's messages, and an erasure could miss what is handed out
            lock_announcements(connection, self._dialect, tenant)
            query = select(*ANNOUNCEMENT).where(announcements.c.tenant == tenant).order_by(announcements.c.id)
            rows = [Announcement(**row) for row in connection.execute(query.limit(limit)).mappings()]
            if not rows:
                return 0
            mine = select(endpoints).where(endpoints.c.tenant == tenant).order_by(endpoints.c.id)
            for endpoint in map(to_endpoint, connection.execute(mine).mappings().all()):
                chosen = ((row, choose(endpoint, row)) for row in rows)
                Spreader(connection, endpoint, now).add([(row, item) for row, item in chosen if item is not None])
            connection.execute(delete(announcements).where(announcements.c.id.in_([row.id for row in rows])))
            return len(rows)

    def queue(self, endpoint: EndpointRow, message: Announcement, item: Item, now: int) -> None:
        """Let one message wait for an endpoint, behind what waits; nothing if one of the item waits already."""
        with self._write_connection() as connection:
            Spreader(connection, endpoint, now).again(message, item)

    def queue_again(self, endpoint: EndpointRow, message: Announcement, item: Item, now: int) -> bool:
        """`queue` a state that was read before, unless it has changed or was erased since; returns whether."""
        with self._write_connection() as connection:
            lock_announcements(connection, self._dialect, endpoint.tenant)
            if is_state := connection.execute(_state(endpoint, message, item)).first() is not None:
                Spreader(connection, endpoint, now).again(message, item)
            return is_state

    def known(self, endpoint: EndpointRow, now: int) -> list[tuple[Announcement, Item]]:
        """The latest agendas and lists of questions that an endpoint got, to send them again from `now`."""
        with self._read_connection() as connection:
            return Spreader(connection, endpoint, now).known_states()

    def claim(self, now: int, lease_until: int, room: int, share: int, start: int = 0) -> list[Claimed]:
        """Lease up to `room` messages that are due, `share` of one endpoint at once, and 1 of one that fails. `start`:
        with which endpoint to begin, so that all get their turn."""
        claimed: list[Claimed] = []
        with self._write_connection() as connection:
            due = connection.execute(_due_endpoints(now)).all()
            begin = start % len(due) if due else 0
            for tenant, name in [*due[begin:], *due[:begin]]:
                if len(claimed) >= room:
                    break
                claimed += self._claim_of(connection, tenant, name, now, room - len(claimed), share)
            if claimed:
                ids = [one.message.id for one in claimed]
                leased = update(endpoint_messages).where(endpoint_messages.c.id.in_(ids))
                connection.execute(leased.values(leased_until=lease_until))
        return claimed

    def _claim_of(
        self, connection: Connection, tenant: str, name: str, now: int, room: int, share: int
    ) -> list[Claimed]:
        mine = (endpoints.c.tenant == tenant, endpoints.c.id == name)
        query = select(endpoints).where(*mine).with_for_update(skip_locked=True)
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return []
        endpoint, message = to_endpoint(row), endpoint_messages.c
        of = and_(message.tenant == tenant, message.endpoint == name)
        leased = select(func.count()).select_from(endpoint_messages).where(of, message.leased_until > now)
        free = (1 if endpoint.failures else share) - connection.execute(leased).scalar_one()
        if free <= 0:
            return []
        is_open = endpoint.enabled and endpoint.paused_until <= now
        if not endpoint.every_change:
            Settler(connection).drop_overtaken(endpoint, now)
        heads = select(*MESSAGE).where(of, _is_due(now), _is_head(), true() if is_open else message.item == TEST)
        page = heads.order_by(message.due, message.id).limit(min(free, room))
        found = connection.execute(page.with_for_update(skip_locked=True, of=endpoint_messages)).mappings()
        return [Claimed(endpoint, WaitingMessage(**one)) for one in found.all()]

    def correct(self, now: int, lease_latest: int, due_latest: int) -> None:
        """Make due what a clock that was ahead has put off: leases and pauses that end later than any of now, and first
        attempts that are still to come."""
        message, endpoint = endpoint_messages.c, endpoints.c
        ahead = or_(message.due > due_latest, and_(message.attempts == 0, message.due > now))
        with self._write_connection() as connection:
            connection.execute(update(endpoints).where(endpoint.paused_until > due_latest).values(paused_until=now))
            lock_messages(connection, or_(message.leased_until > lease_latest, ahead))
            leased = update(endpoint_messages).where(message.leased_until > lease_latest)
            connection.execute(leased.values(leased_until=now))
            connection.execute(update(endpoint_messages).where(ahead).values(due=now))

    def release(self, ids: Sequence[int]) -> None:
        """End the leases of messages that were not sent."""
        with self._write_connection() as connection:
            connection.execute(update(endpoint_messages).where(endpoint_messages.c.id.in_(ids)).values(leased_until=0))

    def settle(self, settled: Sequence[Settled]) -> None:
        """Record attempts and what follows from them, in one transaction."""
        with self._write_connection() as connection:
            Settler(connection).settle(settled)

    def prune(self, attempts_before: int, messages_before: int, limit: int) -> int:
        """Delete up to `limit` attempts before an instant, and what waits since one, except the state of what has not
        ended; returns how many attempts."""
        old = select(endpoint_attempts.c.id).where(endpoint_attempts.c.at < attempts_before)
        with self._write_connection() as connection:
            ids = list(connection.scalars(old.order_by(endpoint_attempts.c.at).limit(limit)))
            connection.execute(delete(endpoint_attempts).where(endpoint_attempts.c.id.in_(ids)))
            if messages_before > 0:
                lock_messages(connection, _is_old(messages_before))
                connection.execute(delete(endpoint_messages).where(_is_old(messages_before)))
            return len(ids)

    def summary(self, now: int) -> OutgoingSummary:
        """What waits, and which endpoints do not work."""
        message, endpoint = endpoint_messages.c, endpoints.c
        same = (message.tenant == endpoint.tenant) & (message.endpoint == endpoint.id)
        waiting = select(func.count()).select_from(endpoint_messages).where(message.item != TEST)
        oldest = select(func.min(message.created)).join(endpoints, same)
        number = select(func.count()).select_from(endpoints)
        with self._read_connection() as connection:

            def count(query: Any) -> int:
                return int(connection.execute(query).scalar_one())

            since = connection.execute(oldest.where(endpoint.enabled, not_(message.set_aside))).scalar_one()
            return OutgoingSummary(
                waiting=count(waiting.where(not_(message.set_aside))),
                oldest=0 if since is None else max(0, now - since),
                set_aside=count(waiting.where(message.set_aside)),
                endpoints=count(number),
                disabled=count(number.where(not_(endpoint.enabled), endpoint.reason != BY_HAND)),
                failing=count(number.where(endpoint.enabled, endpoint.failing_since.is_not(None))),
            )


def _state(endpoint: EndpointRow, message: Announcement, item: Item) -> Select[Any]:
    """A row if a message is still the state of its item: of an active recommendation, or of what the endpoint got."""
    advice, known = recommendations.c, endpoint_items.c
    active = exists().where(
        advice.tenant == endpoint.tenant, advice.id == item.name, advice.sequence == item.sequence,
        advice.status == "active",
    )  # fmt: skip
    got = exists().where(
        known.tenant == endpoint.tenant, known.endpoint == endpoint.id, known.item == item.name,
        known.message_id == message.message_id, known.body.is_not(None),
    )  # fmt: skip
    return select(true()).where(or_(active, got))


def _is_old(before: int) -> ColumnElement[bool]:
    message, later = endpoint_messages.c, endpoint_messages.alias("later")
    lane = (later.c.tenant == message.tenant) & (later.c.endpoint == message.endpoint)
    is_overtaken = exists().where(lane, later.c.item == message.item, later.c.id > message.id)
    return (message.created < before) & (message.leased_until == 0) & or_(message.ends, is_overtaken)


def _due_endpoints(now: int) -> Any:
    message, endpoint = endpoint_messages.c, endpoints.c
    of = (message.tenant == endpoint.tenant) & (message.endpoint == endpoint.id) & _is_due(now)
    is_open = and_(endpoint.enabled, endpoint.paused_until <= now, exists().where(of))
    is_tested = exists().where(of, message.item == TEST)
    return select(endpoint.tenant, endpoint.id).where(or_(is_open, is_tested)).order_by(endpoint.tenant, endpoint.id)


def _is_due(now: int) -> ColumnElement[bool]:
    message = endpoint_messages.c
    return (message.due <= now) & (message.leased_until <= now) & not_(message.set_aside)


def _is_head() -> ColumnElement[bool]:
    """No other message of its case is before it, in the queue or on its way there."""
    message, before = endpoint_messages.c, endpoint_messages.alias("before")
    lane = (before.c.tenant == message.tenant) & (before.c.endpoint == message.endpoint)
    earlier = exists().where(
        lane, before.c.case_key == message.case_key, before.c.id < message.id, not_(before.c.set_aside)
    )
    arriving = exists().where(announcements.c.tenant == message.tenant, announcements.c.case_key == message.case_key)
    return not_(earlier) & not_(arriving)
