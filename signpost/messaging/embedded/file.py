"""The queue's tables and connections in the SQLite file. Knows nothing of messages."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

TABLES = """
CREATE TABLE IF NOT EXISTS queue_exchanges (name TEXT PRIMARY KEY, kind TEXT NOT NULL, arguments TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS queue_queues (name TEXT PRIMARY KEY, arguments TEXT NOT NULL, owner TEXT);
CREATE TABLE IF NOT EXISTS queue_bindings (
    exchange TEXT NOT NULL, queue TEXT NOT NULL, pattern TEXT NOT NULL, PRIMARY KEY (exchange, queue, pattern));
CREATE TABLE IF NOT EXISTS queue_consumers (
    id TEXT PRIMARY KEY, queue TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL,
    alive_until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS queue_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, exchange TEXT NOT NULL, routing_key TEXT NOT NULL,
    message_id TEXT NOT NULL, content_type TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, redelivered INTEGER NOT NULL DEFAULT 0, consumer TEXT);
CREATE INDEX IF NOT EXISTS queue_messages_ready ON queue_messages (queue, id) WHERE consumer IS NULL;
CREATE INDEX IF NOT EXISTS queue_messages_held ON queue_messages (consumer) WHERE consumer IS NOT NULL;
"""


class File:
    """One connection to the SQLite file, usable by any thread, one thread at a time."""

    def __init__(self, path: str, busy_timeout_s: float) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
        self._use_wal(busy_timeout_s)
        # Each commit reaches the disk, so that a confirmed message survives a power cut
        self._connection.execute("PRAGMA synchronous = FULL")
        # Deleted messages must not stay in free pages of the file
        self._connection.execute("PRAGMA secure_delete = ON")

    def _use_wal(self, timeout_s: float) -> None:
        """Retries: the switch to WAL ignores SQLite's busy timeout, and several processes may make it at once."""
        end = time.monotonic() + timeout_s
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:
                if time.monotonic() >= end:
                    raise
                time.sleep(0.01)

    def create_tables(self) -> None:
        """Create missing tables."""
        with self.lock:
            if not self._connection.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'queue_messages_held'"
            ).fetchone():
                self._connection.executescript("BEGIN IMMEDIATE;" + TABLES + "COMMIT;")

    @contextmanager
    def write_transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction that takes the write lock first (SQLite cannot wait to upgrade a read lock)."""
        with self.lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._roll_back()
                raise
            try:
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        """Roll back, unless SQLite already did so after an error (a full disk, for example)."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def read_connection(self) -> Iterator[sqlite3.Connection]:
        """The connection, for single read-only statements."""
        with self.lock:
            yield self._connection

    def version(self) -> int:
        """A number that changes when another connection, in any process, commits to the file. Cheap."""
        with self.lock:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the connection."""
        with self.lock:
            self._connection.close()
