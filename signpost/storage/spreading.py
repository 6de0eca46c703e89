"""Hands messages to one endpoint: only the latest state of each item waits, unless it gets every change."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from signpost.storage.endpoint_rows import Announcement, EndpointRow
from signpost.storage.endpoint_tables import endpoint_items, endpoint_messages
from signpost.storage.message_locks import locked

CHUNK = 500


class Item(NamedTuple):
    """What a message is about. `ends`: nothing of the item is left after it."""

    name: str
    sequence: int
    ends: bool


class Spreader:
    """Writes what waits for one endpoint, within a transaction."""

    def __init__(self, connection: Connection, endpoint: EndpointRow, now: int) -> None:
        self._connection, self._endpoint, self._now = connection, endpoint, now
        self._known: dict[str, int] = {}
        """Item -> the sequence that the receiver knows."""
        self._sent: dict[str, int] = {}
        """Item -> the sequence that is on its way."""
        self._waiting: dict[str, list[Any]] = {}
        """Item -> its waiting rows that no attempt holds."""

    def add(self, messages: Sequence[tuple[Announcement, Item]]) -> None:
        """Let messages wait, in order."""
        self._load(sorted({item.name for _, item in messages}))
        gone: list[int] = []
        rows: dict[tuple[str, int], dict[str, Any]] = {}
        latest: dict[str, tuple[str, int]] = {}
        for message, item in messages:
            if item.sequence <= max(self._known.get(item.name, 0), self._sent.get(item.name, 0)):
                continue
            if not self._endpoint.every_change:
                gone += [row.id for row in self._waiting.get(item.name, ())]
                rows.pop(latest.pop(item.name, ("", 0)), None)
                if item.ends and self._is_unknown(item.name):
                    continue
            latest[item.name] = (item.name, item.sequence)
            rows[latest[item.name]] = self._values(message, item)
        self._write(sorted(set(gone)), list(rows.values()))

    def again(self, message: Announcement, item: Item) -> None:
        """Let a message wait that the receiver may know, unless one of its item waits already."""
        self._load([item.name])
        if not self._waiting.get(item.name) and item.name not in self._sent:
            self._write([], [self._values(message, item)])

    def known_states(self) -> list[tuple[Announcement, Item]]:
        """The states that the receiver knows and whose bodies are kept."""
        row = endpoint_items.c
        query = select(endpoint_items).where(*self._mine(row), row.body.is_not(None)).order_by(row.item)
        return [
            (
                Announcement(found.tenant, found.case_key, "", found.message_id, self._now, found.body),
                Item(found.item, found.sequence, False),
            )
            for found in self._connection.execute(query)
        ]

    def _is_unknown(self, item: str) -> bool:
        """Whether the receiver can know nothing of it."""
        return item not in self._known and item not in self._sent

    def _load(self, items: Sequence[str]) -> None:
        row, message = endpoint_items.c, endpoint_messages.c
        for start in range(0, len(items), CHUNK):
            these = items[start : start + CHUNK]
            known = select(row.item, row.sequence).where(*self._mine(row), row.item.in_(these))
            self._known |= {found.item: found.sequence for found in self._connection.execute(known)}
            columns = (message.id, message.item, message.sequence, message.attempts, message.due, message.leased_until)
            waiting = select(*columns).where(*self._mine(message), message.item.in_(these))
            # Locked: a row that is claimed at this moment is on its way
            for found in self._connection.execute(locked(waiting)):
                # Also after its lease: its sender may have been too slow to say that it was sent
                if found.leased_until:
                    self._sent[found.item] = max(self._sent.get(found.item, 0), found.sequence)
                else:
                    self._waiting.setdefault(found.item, []).append(found)

    def _mine(self, columns: Any) -> tuple[Any, Any]:
        return columns.tenant == self._endpoint.tenant, columns.endpoint == self._endpoint.id

    def _values(self, message: Announcement, item: Item) -> dict[str, Any]:
        """A row; it waits as long as those that it replaces, so that a busy candidate is not tried more often."""
        replaced = () if self._endpoint.every_change else self._waiting.get(item.name, ())
        return {
            "tenant": self._endpoint.tenant,
            "endpoint": self._endpoint.id,
            "case_key": message.case_key,
            "item": item.name,
            "sequence": item.sequence,
            "ends": item.ends,
            "message_id": message.message_id,
            "created": message.created,
            "attempts": max((row.attempts for row in replaced), default=0),
            "due": max([self._now, *(row.due for row in replaced)]),
            "body": message.body,
        }

    def _write(self, gone: Sequence[int], rows: list[dict[str, Any]]) -> None:
        if gone:
            self._connection.execute(delete(endpoint_messages).where(endpoint_messages.c.id.in_(gone)))
        if rows:
            self._connection.execute(insert(endpoint_messages), rows)
