"""Groups recorded events by person, in a temporary file, so that only the keys are in memory."""

import sqlite3
import weakref
from collections.abc import Iterable, Iterator

import orjson

from signpost.authoring.backtest.histories import ANSWERS, History
from signpost.case.case import Case
from signpost.case.event import Event, Order, Turn
from signpost.case.identity import is_taken, links, lives_on_under

_TABLES = """
CREATE TABLE events (source TEXT, id TEXT, key TEXT, time INTEGER, event BLOB, PRIMARY KEY (source, id));
CREATE INDEX by_key ON events (key)
"""


class Histories:
    """The history of each person, sorted by key; includes applications and merged candidates from the start. `len`:
    number of people."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = sqlite3.connect("")  # "" is a temporary file that SQLite deletes with the connection
        weakref.finalize(self, self._events.close)
        self._events.executescript(_TABLES)
        self._leads_to: dict[str, str] = {}
        for event in events:
            self._add(event)
        self._people: dict[str, list[str]] = {}
        for (key,) in self._events.execute("SELECT DISTINCT key FROM events ORDER BY key"):
            self._people.setdefault(self._person(key), []).append(key)

    def __len__(self) -> int:
        return len(self._people)

    def __iter__(self) -> Iterator[History]:
        for person, keys in sorted(self._people.items()):
            rows = sorted(event for key in keys for event in self._of(key))
            yield History(person, tuple((time, Case.of(_load(event))) for time, _, _, event in rows))

    def _of(self, key: str) -> Iterator[tuple[int, str, str, bytes]]:
        return self._events.execute("SELECT time, source, id, event FROM events WHERE key = ?", (key,))

    def _add(self, event: Event) -> None:
        """Add an event; the first one of a source and id counts, as in the workers."""
        if event.type.startswith(f"{ANSWERS}."):
            return
        row = (event.source, event.id, event.subject, event.time, orjson.dumps(event))
        if self._events.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)", row).rowcount:
            for absorbed, into in links(event):
                self._link(absorbed, into)

    def _link(self, absorbed: str, into: str) -> None:
        """Merge two keys of one person. An application that already belongs to a candidate is not moved."""
        if is_taken(absorbed, self._leads_to.get):
            return
        first, person = self._person(absorbed), self._person(into)
        if first != person:
            self._leads_to[first] = person

    def _person(self, key: str) -> str:
        """The final key of a key; follows merges."""
        return lives_on_under(key, self._leads_to.get)


def histories_of(events: Iterable[Event]) -> Histories:
    """The histories of recorded events, given in arrival order."""
    return Histories(events)


def _load(raw: bytes) -> Event:
    members = orjson.loads(raw)
    order = members.pop("order")
    return Event(**members, order=order and Order(**{**order, "turn": Turn(order["turn"])}))
