"""What the two databases do differently: writing many rows in few statements, and claiming from the outbox."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, RowMapping

from signpost.storage.rows import CaseKey, EventKey

Values = dict[str, Any]


class Dialect(Protocol):
    """One database's own statements. Values are one dict per row, named as the columns; sequences are never empty."""

    def insert_seen(self, connection: Connection, values: Sequence[Values]) -> set[EventKey]:
        """Insert the events that are not there yet and name them."""

    def lock_cases(self, connection: Connection, keys: Sequence[CaseKey]) -> Sequence[RowMapping]:
        """Make missing cases and return all of them locked; `keys` come sorted."""

    def update_cases(self, connection: Connection, values: Sequence[Values]) -> int:
        """Write existing cases; how many there were."""

    def insert_changes(self, connection: Connection, values: Sequence[Values]) -> list[int]:
        """Write recommendations, feed and outbox; the outbox ids in the order of `values`."""

    def insert_outbox(self, connection: Connection, values: Sequence[Values]) -> list[int]:
        """Write outbox rows; their ids in the order of `values`."""

    def claim_outbox(self, connection: Connection, now: int, lease_until: int, limit: int) -> Sequence[RowMapping]:
        """Lease outbox rows whose lease has run out, oldest first, passing over those that another claims."""

    def lock_rulebooks(self, connection: Connection) -> None:
        """Let nobody else write the announced rulebooks until the transaction ends."""

    def evaluated(self, connection: Connection) -> Sequence[RowMapping]:
        """Every (tenant, rulebook) that cases not merged away have, and the least `since` of each."""

    def relax_commit(self, connection: Connection) -> None:
        """Let this transaction's commit be lost by a crash of the server."""

    def settled(self) -> ColumnElement[bool]:
        """True for feed rows before which no other row can still appear."""
