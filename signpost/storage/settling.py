"""Records attempts at delivery: what the receiver knows now, what is tried again, and how the endpoint is."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, delete, exists, func, insert, or_, select, tuple_, update

from signpost.storage.endpoint_rows import TEST, Attempt, EndpointRow, WaitingMessage
from signpost.storage.endpoint_tables import endpoint_attempts, endpoint_items, endpoint_messages, endpoints
from signpost.storage.message_locks import lock_messages

MESSAGE = tuple(endpoint_messages.c[one.name] for one in fields(WaitingMessage))


@dataclass(frozen=True, slots=True)
class Settled:
    """An attempt and what follows from it. `due`: when the message is tried again; `paused_until`: until when the
    endpoint gets nothing (0: it goes on); `disable`: the reason why it gets nothing more (""): it does."""

    attempt: Attempt
    due: int = 0
    set_aside: bool = False
    paused_until: int = 0
    disable: str = ""
    keep_body: bool = False
    """Whether the body is kept for a replay."""
    recovers: bool = False
    """Whether the endpoint had been failing: all that waits for it is due at once."""


class Settler:
    """Writes within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def settle(self, settled: Sequence[Settled]) -> None:
        """Record attempts, each of another message. What was erased or removed meanwhile leaves no trace."""
        if not settled:
            return
        self._lock_endpoints(settled)
        left = set(lock_messages(self._connection, or_(*map(_touched, settled))))
        present = [one for one in settled if one.attempt.message.id in left]
        for one in present:
            if one.attempt.succeeded:
                self._note_success(one)
            else:
                self._note_failure(one)
        if present:
            self._connection.execute(insert(endpoint_attempts), [_to_row(one.attempt) for one in present])
        for one in _by_endpoint(settled):
            self._note_health(one)

    def drop_overtaken(self, endpoint: EndpointRow, now: int) -> None:
        """Delete messages whose sender has ended without a word, and that a later state replaces: the receiver may
        know them. What someone else has locked is left for the next time."""
        row, later = endpoint_messages.c, endpoint_messages.alias("later")
        mine = (row.tenant == endpoint.tenant, row.endpoint == endpoint.id)
        lane = (later.c.tenant == row.tenant) & (later.c.endpoint == row.endpoint)
        is_overtaken = exists().where(lane, later.c.item == row.item, later.c.id > row.id)
        query = select(*MESSAGE).where(*mine, row.leased_until > 0, row.leased_until <= now, is_overtaken)
        free = query.with_for_update(skip_locked=True, of=endpoint_messages)
        for found in self._connection.execute(free).mappings().all():
            message = WaitingMessage(**found)
            self._note_known(message, keep_body=False)
            self._delete(message.id)

    def _lock_endpoints(self, settled: Sequence[Settled]) -> None:
        row = endpoints.c
        names = sorted({(one.attempt.message.tenant, one.attempt.message.endpoint) for one in settled})
        query = select(row.id).where(tuple_(row.tenant, row.id).in_(names)).order_by(row.tenant, row.id)
        self._connection.execute(query.with_for_update())

    def _note_success(self, one: Settled) -> None:
        message = one.attempt.message
        self._delete(message.id)
        if message.ends:
            self._connection.execute(delete(endpoint_items).where(*_item(message)))
        elif message.item != TEST:
            self._note_known(message, keep_body=one.keep_body)

    def _note_failure(self, one: Settled) -> None:
        message = one.attempt.message
        if one.attempt.reached and not message.ends and message.item != TEST:
            self._note_known(message, keep_body=one.keep_body)
        if message.item == TEST or self._is_overtaken(message):
            self._delete(message.id)
            self._drop_unknown_end(message)
            return
        values = {
            "attempts": message.attempts + 1,
            "first_attempt": message.first_attempt or one.attempt.at,
            "due": one.due,
            "leased_until": 0,
            "set_aside": one.set_aside,
        }
        self._connection.execute(update(endpoint_messages).where(endpoint_messages.c.id == message.id).values(values))

    def _is_overtaken(self, message: WaitingMessage) -> bool:
        """Whether a later state waits, and the endpoint gets no earlier ones."""
        every = select(endpoints.c.every_change).where(*_endpoint(message))
        if self._connection.execute(every).scalar_one_or_none() is not False:
            return False
        later = select(endpoint_messages.c.id).where(*_waiting(message), endpoint_messages.c.id > message.id)
        return self._connection.execute(later.limit(1)).first() is not None

    def _drop_unknown_end(self, message: WaitingMessage) -> None:
        """An end of what the receiver cannot know is not sent."""
        known = select(endpoint_items.c.item).where(*_item(message))
        if message.item != TEST and self._connection.execute(known).first() is None:
            ends = (*_waiting(message), endpoint_messages.c.ends.is_(True))
            self._connection.execute(delete(endpoint_messages).where(*ends))

    def _note_known(self, message: WaitingMessage, *, keep_body: bool) -> None:
        kept = {"message_id": message.message_id, "body": message.body if keep_body else None}
        newer = func.coalesce(case((endpoint_items.c.sequence > message.sequence, endpoint_items.c.sequence)),
                              message.sequence)  # fmt: skip
        values = {"sequence": newer, "case_key": message.case_key, **kept}
        changed = self._connection.execute(update(endpoint_items).where(*_item(message)).values(values))
        if not changed.rowcount:
            names = ("tenant", "endpoint", "item", "case_key", "sequence")
            row = {name: getattr(message, name) for name in names}
            self._connection.execute(insert(endpoint_items).values(**row, **kept))

    def _note_health(self, one: Settled) -> None:
        attempt = one.attempt
        values: dict[str, Any]
        if attempt.succeeded:
            values = {"failures": 0, "failing_since": None, "paused_until": 0, "last_success": attempt.at}
            if one.recovers:
                self._hurry(attempt)
        elif attempt.message.item == TEST:
            return
        else:
            values = {
                "failures": endpoints.c.failures + 1,
                "failing_since": func.coalesce(endpoints.c.failing_since, attempt.at),
                "paused_until": case(
                    (endpoints.c.paused_until > one.paused_until, endpoints.c.paused_until), else_=one.paused_until
                ),
            }
        self._connection.execute(update(endpoints).where(*_endpoint(attempt.message)).values(values))
        if one.disable:
            disabled = {"enabled": False, "reason": one.disable, "changed": attempt.at}
            is_enabled = (*_endpoint(attempt.message), endpoints.c.enabled.is_(True))
            self._connection.execute(update(endpoints).where(*is_enabled).values(disabled))

    def _hurry(self, attempt: Attempt) -> None:
        row, message = endpoint_messages.c, attempt.message
        mine = (row.tenant == message.tenant, row.endpoint == message.endpoint, row.due > attempt.at)
        self._connection.execute(update(endpoint_messages).where(*mine).values(due=attempt.at))

    def _delete(self, name: int) -> None:
        self._connection.execute(delete(endpoint_messages).where(endpoint_messages.c.id == name))


def _by_endpoint(settled: Sequence[Settled]) -> list[Settled]:
    """What decides about endpoints, in the order of their rows, in which they are locked; of successes in a row only
    the last one."""
    ordered = sorted(settled, key=lambda one: (one.attempt.message.tenant, one.attempt.message.endpoint))
    kept: list[Settled] = []
    for one in ordered:
        if kept and _is_repeated(kept[-1].attempt, one.attempt):
            kept.pop()
        kept.append(one)
    return kept


def _is_repeated(before: Attempt, attempt: Attempt) -> bool:
    """Whether an endpoint succeeds again."""
    one, other = ((each.message.tenant, each.message.endpoint) for each in (before, attempt))
    return one == other and before.succeeded and attempt.succeeded


def _touched(one: Settled) -> ColumnElement[bool]:
    """The messages that an attempt may change: those of its item, or all of an endpoint that recovers."""
    message, row = one.attempt.message, endpoint_messages.c
    mine = (row.tenant == message.tenant) & (row.endpoint == message.endpoint)
    return mine if one.recovers else mine & (row.item == message.item)


def _endpoint(message: WaitingMessage) -> tuple[Any, Any]:
    return endpoints.c.tenant == message.tenant, endpoints.c.id == message.endpoint


def _item(message: WaitingMessage) -> tuple[Any, Any, Any]:
    row = endpoint_items.c
    return row.tenant == message.tenant, row.endpoint == message.endpoint, row.item == message.item


def _waiting(message: WaitingMessage) -> tuple[Any, Any, Any]:
    row = endpoint_messages.c
    return row.tenant == message.tenant, row.endpoint == message.endpoint, row.item == message.item


def _to_row(attempt: Attempt) -> dict[str, Any]:
    message = attempt.message
    return {
        "tenant": message.tenant,
        "endpoint": message.endpoint,
        "case_key": message.case_key,
        "message_id": message.message_id,
        "number": message.attempts + 1,
        "at": attempt.at,
        "duration": attempt.duration,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "detail": attempt.detail,
        "response": attempt.response,
    }
