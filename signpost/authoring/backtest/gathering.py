"""Gathering: recorded events, given back person by person. They lie in a temporary file, so that memory holds only
the keys, however many there are."""

import sqlite3
import weakref
from collections.abc import Iterable, Iterator

import orjson

from signpost.authoring.backtest.histories import ANSWERS, History
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.case.identity import is_taken, links, lives_on_under

_TABLES = """
CREATE TABLE events (source TEXT, id TEXT, key TEXT, time INTEGER, event BLOB, PRIMARY KEY (source, id));
CREATE INDEX by_key ON events (key)
"""


class Histories:
    """The history of each person in the order of keys; applications and merged candidates are theirs from the
    beginning. `len` gives the number of people."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = sqlite3.connect("")  # "" is a file of SQLite's own, which goes with the connection
        weakref.finalize(self, self._events.close)
        self._events.executescript(_TABLES)
        self._leads_to: dict[str, str] = {}
        for event in events:
            self._keep(event)
        self._people: dict[str, list[str]] = {}
        for (key,) in self._events.execute("SELECT DISTINCT key FROM events ORDER BY key"):
            self._people.setdefault(self._person(key), []).append(key)

    def __len__(self) -> int:
        return len(self._people)

    def __iter__(self) -> Iterator[History]:
        for person, keys in sorted(self._people.items()):
            found = sorted(event for key in keys for event in self._of(key))
            yield History(person, tuple((time, Case.of(Event(*orjson.loads(event)))) for time, _, _, event in found))

    def _of(self, key: str) -> Iterator[tuple[int, str, str, bytes]]:
        return self._events.execute("SELECT time, source, id, event FROM events WHERE key = ?", (key,))

    def _keep(self, event: Event) -> None:
        """The first event of a source and an id counts, as it does for workers."""
        if event.type.startswith(f"{ANSWERS}."):
            return
        whole = (event.tenant, event.source, event.id, event.type, event.time, event.subject, event.data)
        row = (event.source, event.id, event.subject, event.time, orjson.dumps(whole))
        if self._events.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)", row).rowcount:
            for absorbed, into in links(event):
                self._link(absorbed, into)

    def _link(self, absorbed: str, into: str) -> None:
        """Two keys are one person. An application that already belongs to somebody stays where it is."""
        if is_taken(absorbed, self._leads_to.get):
            return
        first, person = self._person(absorbed), self._person(into)
        if first != person:
            self._leads_to[first] = person

    def _person(self, key: str) -> str:
        """The key that a key leads to, merges followed."""
        return lives_on_under(key, self._leads_to.get)


def histories_of(events: Iterable[Event]) -> Histories:
    """The histories in recorded events, given in the order of their arrival."""
    return Histories(events)
