"""One-time links to the page, and the sessions of those who signed in. Of each secret only a digest is stored."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from signpost.storage.tables import page_sessions

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]

LINK: Final = "link"
SESSION: Final = "session"
TENANT, OPERATOR, EMPLOYER = "tenant", "operator", "employer"
"""Roles."""


@dataclass(frozen=True, slots=True)
class PageSession:
    """A session, or a link that begins one (`kind`). `employer`: its id, "" for
    other roles; `api_key`: the hash of the key that began it, "" for a link; times in microseconds."""

    digest: bytes
    kind: str
    tenant: str
    role: str
    employer: str
    api_key: str
    created: int
    expires: int


class PageSessionStore:
    """The links and sessions of one database. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection, read: OpenConnection) -> None:
        """`write` opens a write transaction, `read` a connection for reading."""
        self._write_connection, self._read_connection = write, read

    def add(self, one: PageSession, now: int) -> None:
        """Store a link or a session, and delete all that have expired."""
        with self._write_connection() as connection:
            connection.execute(delete(page_sessions).where(page_sessions.c.expires <= now))
            connection.execute(insert(page_sessions).values(**asdict(one)))

    def find(self, kind: str, digest: bytes, now: int) -> PageSession | None:
        """The valid link or session of a secret."""
        query = select(page_sessions).where(_is(kind, digest, now))
        with self._read_connection() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else PageSession(**row)

    def begin(self, link: bytes, session: bytes, now: int, expires: int) -> PageSession | None:
        """Use up a link: the session that it begins; None if the link is not valid, or was used."""
        # Read first: those who guess links must not keep others from writing
        found = self.find(LINK, link, now)
        if found is None:
            return None
        with self._write_connection() as connection:
            # Two requests may have read it; one of them deletes it
            if connection.execute(delete(page_sessions).where(_is(LINK, link, now))).rowcount != 1:
                return None
            begun = replace(found, digest=session, kind=SESSION, created=now, expires=expires)
            connection.execute(insert(page_sessions).values(**asdict(begun)))
            return begun

    def remove(self, digest: bytes) -> None:
        """End a session."""
        with self._write_connection() as connection:
            connection.execute(delete(page_sessions).where(page_sessions.c.digest == digest))


def digest_of(secret: str) -> bytes:
    """What is stored of a secret. It has 256 random bits, so a plain hash cannot be reversed."""
    return sha256(secret.encode(errors="replace")).digest()


def _is(kind: str, digest: bytes, now: int) -> ColumnElement[bool]:
    row = page_sessions.c
    return (row.digest == digest) & (row.kind == kind) & (row.expires > now)
