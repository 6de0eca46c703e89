"""Links to calendars of candidates. Of the secret in a link only a digest is stored."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select

from signpost.storage.dialect import Dialect
from signpost.storage.tables import calendar_links
from signpost.storage.transaction import with_absorbed

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class CalendarLink:
    """A link. `case_key`: the case when the link was made, also after it was merged; times in microseconds, `expires`
    None: never."""

    tenant: str
    id: str
    case_key: str
    digest: bytes
    created: int
    expires: int | None


class CalendarLinkStore:
    """The links of one database. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection, read: OpenConnection, dialect: Dialect) -> None:
        """`write` opens a write transaction, `read` a connection for reading."""
        self._write_connection, self._read_connection, self._dialect = write, read, dialect

    def add(self, link: CalendarLink, now: int, limit: int) -> bool:
        """Store a link and delete the expired ones of its case; False if the case has `limit` others."""
        mine = _of_case(link.tenant, link.case_key)
        with self._write_connection() as connection:
            self._dialect.lock_name(connection, f"calendar {link.tenant} {link.case_key}")
            connection.execute(delete(calendar_links).where(mine, calendar_links.c.expires <= now))
            query = select(func.count()).select_from(calendar_links).where(mine)
            if connection.execute(query).scalar_one() >= limit:
                return False
            connection.execute(insert(calendar_links).values(**asdict(link)))
            return True

    def of_case(self, tenant: str, key: str, now: int) -> list[CalendarLink]:
        """The valid links of a case and of the cases merged into it, the oldest first."""
        query = select(calendar_links).where(_of_case(tenant, key), _is_valid(now))
        ordered = query.order_by(calendar_links.c.created, calendar_links.c.id)
        with self._read_connection() as connection:
            return [CalendarLink(**row) for row in connection.execute(ordered).mappings()]

    def by_digest(self, digest: bytes, now: int) -> CalendarLink | None:
        """The valid link of a secret; None if there is none, or none any more."""
        query = select(calendar_links).where(calendar_links.c.digest == digest, _is_valid(now))
        with self._read_connection() as connection:
            found = connection.execute(query).mappings().one_or_none()
        return None if found is None else CalendarLink(**found)

    def remove(self, tenant: str, key: str, name: str) -> bool:
        """Delete a link of a case; False if the case has no such link."""
        row = calendar_links.c
        with self._write_connection() as connection:
            mine = select(row.id).where(_of_case(tenant, key), row.id == name)
            # Two statements: SQLite's driver does not count what a statement with a CTE deletes
            if connection.execute(mine).first() is None:
                return False
            connection.execute(delete(calendar_links).where(row.tenant == tenant, row.id == name))
            return True


def _of_case(tenant: str, key: str) -> ColumnElement[bool]:
    """Of this case, or of one that was merged into it."""
    keys = select(with_absorbed(tenant, [key]).c.key)
    return (calendar_links.c.tenant == tenant) & calendar_links.c.case_key.in_(keys)


def _is_valid(now: int) -> ColumnElement[bool]:
    return or_(calendar_links.c.expires.is_(None), calendar_links.c.expires > now)
