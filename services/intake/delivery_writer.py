"""Writes deliveries to the log apart from their requests: a database that does not answer holds no webhook up.

At most MAX_WAITING deliveries and MAX_WAITING_BYTES wait, for as long as the process runs. What does not fit, or is
left at the end, is not in the delivery log, and the log of the process names it; its events were stored before.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from signpost.case.event import Event
from signpost.errors import TransientError
from signpost.metrics.table import DELIVERIES_LOST
from signpost.repeats import Repeats
from signpost.storage import DeliveryRow, Store

log = logging.getLogger(__name__)

MAX_WAITING: Final = 1_000
MAX_WAITING_BYTES: Final = 16_000_000
MAX_WAIT_S: Final = 1.0
"""How long a request waits for the first attempt at its own delivery, so that its sender can read it at once; not while
others are late."""
RETRY_S: Final = 1.0
CLOSE_TIMEOUT_S: Final = 3.0
"""How long the end of the process waits for what is left."""
WRITERS: Final = 2


@dataclass(slots=True, eq=False)
class _Entry:
    row: DeliveryRow
    events: Sequence[Event]
    ids: Collection[str]
    tried: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def size(self) -> int:
        row = self.row
        return sum(map(len, (row.shown, row.headers, row.events, row.problems, row.body or b"")))


class DeliveryWriter:
    """Safe to use from several threads; its own begin with the first delivery, after any fork, and are daemons."""

    def __init__(self, store: Store) -> None:
        self._store, self._lines = store, Repeats()
        self._changed, self._stop = threading.Condition(), threading.Event()
        self._queue: deque[_Entry] = deque()
        self._open: dict[_Entry, None] = {}
        """Entries that are not written yet, the oldest first."""
        self._bytes = 0
        self._threads: list[threading.Thread] = []
        self._is_late = False

    def add(self, row: DeliveryRow, events: Sequence[Event], ids: Collection[str]) -> None:
        """Store a delivery as `DeliveryStore.add` does, soon."""
        entry = _Entry(row, events, ids)
        with self._changed:
            if self._stop.is_set() or len(self._open) >= MAX_WAITING or self._bytes + entry.size > MAX_WAITING_BYTES:
                _log_lost(row, f"{len(self._open)} deliveries wait for the database")
                return
            self._bytes += entry.size
            self._open[entry] = None
            self._queue.append(entry)
            self._start()
            self._changed.notify()
        if not self._is_late and not entry.tried.wait(MAX_WAIT_S):
            self._is_late = True

    def close(self) -> None:
        """Write what is left, and log what cannot be written."""
        deadline = time.monotonic() + CLOSE_TIMEOUT_S
        for entry in list(self._open):
            entry.done.wait(max(0.0, deadline - time.monotonic()))
        with self._changed:
            self._stop.set()
            self._changed.notify_all()
        for entry in list(self._open):
            _log_lost(entry.row, "the process ended before the database answered")

    def _start(self) -> None:
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._run, name=f"deliveries {number}", daemon=True)
                for number in range(WRITERS)
            ]
            for thread in self._threads:
                thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._stop.is_set())
                if self._stop.is_set():
                    return
                entry = self._queue.popleft()
            try:
                self._write(entry)
            except Exception:
                log.exception("delivery %s of source %s is not in the delivery log", entry.row.id, entry.row.source)
                self._finish(entry)

    def _write(self, entry: _Entry) -> None:
        """Try until it is written or the process ends."""
        is_repeat, deliveries = False, self._store.deliveries
        while not self._stop.is_set():
            try:
                # The result of an earlier commit may be unknown
                if not is_repeat or deliveries.get(entry.row.tenant, entry.row.id) is None:
                    deliveries.add(entry.row, entry.events, entry.ids)
            except TransientError as error:
                is_repeat = self._is_late = True
                entry.tried.set()
                if self._lines.is_due(str(error)):
                    log.warning("deliveries wait to be logged: %s", error)
                self._stop.wait(RETRY_S)
            else:
                self._is_late = False
                self._lines.reset()
                self._finish(entry)
                return

    def _finish(self, entry: _Entry) -> None:
        with self._changed:
            del self._open[entry]
            self._bytes -= entry.size
        entry.tried.set()
        entry.done.set()


def _log_lost(row: DeliveryRow, reason: str) -> None:
    DELIVERIES_LOST.inc()
    log.warning("delivery %s of source %s is not in the delivery log: %s", row.id, row.source, reason)
