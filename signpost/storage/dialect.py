"""The interface to database-specific SQL: batch writes, row locks and outbox claims. No statement here."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, RowMapping

from signpost.storage.rows import CaseKey, EventKey

Values = dict[str, Any]


class Dialect(Protocol):
    """The statements of one database. Values are one dict per row, keyed by column; sequences are never empty."""

    def insert_seen(self, connection: Connection, values: Sequence[Values]) -> set[EventKey]:
        """Insert the events that are not stored yet; returns their keys."""

    def lock_cases(self, connection: Connection, keys: Sequence[CaseKey]) -> Sequence[RowMapping]:
        """Insert missing cases and return all of them locked; `keys` are sorted."""

    def update_cases(self, connection: Connection, values: Sequence[Values]) -> int:
        """Update existing cases; returns how many exist."""

    def insert_changes(self, connection: Connection, values: Sequence[Values]) -> list[int]:
        """Write recommendations, feed and outbox; returns the outbox ids in the order of `values`."""

    def insert_outbox(self, connection: Connection, values: Sequence[Values]) -> list[int]:
        """Write outbox rows; returns their ids in the order of `values`."""

    def claim_outbox(self, connection: Connection, now: int, lease_until: int, limit: int) -> Sequence[RowMapping]:
        """Lease outbox rows whose lease has expired, oldest first; skips rows locked by another claim."""

    def lock_rulebooks(self, connection: Connection) -> None:
        """Block other writers of the rulebooks table until the transaction ends."""

    def overwrite_deleted(self, connection: Connection) -> None:
        """Remove deleted data from the write-ahead log; `connection` is outside a transaction."""

    def lock_name(self, connection: Connection, name: str) -> None:
        """Block other transactions that lock the same name until this one ends."""

    def rulebook_groups(self, connection: Connection) -> Sequence[RowMapping]:
        """Every (tenant, rulebook) among unmerged cases, with the smallest `since` of each."""

    def relax_commit(self, connection: Connection) -> None:
        """Commit this transaction asynchronously: a crash of the server may lose it."""
