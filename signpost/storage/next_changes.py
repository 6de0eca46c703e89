"""Counts the cases of a tenant by the instant at which time alone changes their advice next. Reads the index of due
cases only."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select

from signpost.storage.tables import cases

HOUR_US: Final = 3_600_000_000


class NextChangeStore:
    """The next changes of one database. Every method may raise a TransientError."""

    def __init__(self, read: Callable[[], AbstractContextManager[Connection]]) -> None:
        """`read` opens a connection for reading."""
        self._read_connection = read

    def by_hour(self, tenant: str, after: int, until: int, limit: int) -> list[tuple[int, int]]:
        """(start of an hour, number of cases that change next within it) for the first `limit` hours with any, of
        changes later than `after` and up to `until`. All instants in microseconds."""
        within = (cases.c.next_change > after, cases.c.next_change <= until)
        hours = select((cases.c.next_change // HOUR_US).label("hour")).where(*_due(tenant), *within).subquery()
        query = select(hours.c.hour, func.count()).group_by(hours.c.hour).order_by(hours.c.hour).limit(limit)
        with self._read_connection() as connection:
            return [(hour * HOUR_US, count) for hour, count in connection.execute(query)]

    def overdue(self, tenant: str, now: int) -> int:
        """Number of cases whose next change is not later than `now`: a clock has still to process them."""
        query = select(func.count()).select_from(cases).where(*_due(tenant), cases.c.next_change <= now)
        with self._read_connection() as connection:
            return int(connection.execute(query).scalar_one())


def _due(tenant: str) -> tuple[ColumnElement[bool], ...]:
    return cases.c.tenant == tenant, cases.c.next_change.is_not(None), cases.c.merged_into.is_(None)
