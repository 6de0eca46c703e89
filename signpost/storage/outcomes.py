"""What became of the recommendations of each rule, for people who judge rules."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from signpost.storage.tables import recommendations

MAX_COUNTED: Final = 50_000
"""Recommendations that are counted."""


class Outcomes(NamedTuple):
    """Rule -> status -> number. `is_sample`: whether there are more recommendations than were counted."""

    counts: dict[str, dict[str, int]]
    is_sample: bool


class OutcomeStore:
    """Counts the recommendations of one database. Every method may raise a TransientError."""

    def __init__(self, read: Callable[[], AbstractContextManager[Connection]]) -> None:
        """`read` opens a connection for reading."""
        self._read_connection = read

    def of_tenant(self, tenant: str, limit: int = MAX_COUNTED) -> Outcomes:
        """The outcomes of at most `limit` recommendations: a fair sample, because their ids are digests."""
        row = recommendations.c
        some = select(row.rule, row.status).where(row.tenant == tenant).order_by(row.id).limit(limit).subquery()
        query = select(some.c.rule, some.c.status, func.count()).group_by(some.c.rule, some.c.status)
        counts: dict[str, dict[str, int]] = {}
        with self._read_connection() as connection:
            for rule, status, number in connection.execute(query):
                counts.setdefault(rule, {})[status] = number
        return Outcomes(counts, sum(map(sum, (one.values() for one in counts.values()))) >= limit)
