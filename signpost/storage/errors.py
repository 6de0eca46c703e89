"""Storage errors, and the translation of driver exceptions into them. No driver exception leaves this package.

Messages contain only the driver's primary line: details and parameters may contain a candidate's data.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import ExceptionContext, exc

from signpost.errors import (
    BugError,
    CallerError,
    MisconfiguredError,
    SignpostError,
    TransientError,
    translate_shortages,
)
from signpost.storage.refusals import postgresql_refusal, sqlite_refusal

if TYPE_CHECKING:
    import psycopg

UPGRADE_HINT = "the database schema is out of date: run `signpost db upgrade`"

# SQLSTATEs (PostgreSQL documentation, appendix A). Two-letter entries stand for the whole class.
CONFLICT_STATES = ("40", "55P03")
UNAVAILABLE_STATES = ("08", "25006", "25P03", "53", "57", "58")
REFUSED_STATES = ("22",)
OUTDATED_STATES = ("42P01", "42703", "3F000")

CONFLICT_NAMES = ("SQLITE_BUSY", "SQLITE_LOCKED")
UNAVAILABLE_NAMES = ("SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_PROTOCOL")


class StorageUnavailable(TransientError):
    """The database is unreachable, shutting down, full or too slow. The result of a commit may be unknown."""


class StorageMisconfigured(StorageUnavailable, MisconfiguredError):
    """The database refuses us until an operator acts: no such database, a wrong password, a file out of reach."""


class StorageConflict(TransientError):
    """The transaction conflicts with another (deadlock, serialization, lock or busy timeout); nothing is written."""


class StorageRefused(CallerError):
    """A value that the database cannot store, such as NUL in text or a number beyond 64 bits."""


class BadDatabaseUrl(CallerError):
    """A database URL with an unsupported scheme, or without a file or database name."""


class BadCursor(CallerError):
    """A feed cursor that this feed did not return."""


class StaleCursor(BadCursor):
    """A feed cursor of another history of this database, such as the one that a restored backup lacks."""


class StorageBug(BugError):
    """A statement that the database rejects: a bug in Signpost."""


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn every exception of SQLAlchemy and its drivers into one of this module; also OSErrors of a shortage."""
    try:
        # psycopg raises them bare while it connects
        with translate_shortages():
            yield
    except exc.DBAPIError as error:
        raise translate(error) from error
    except exc.TimeoutError as error:
        raise StorageUnavailable("no database connection became free within the pool timeout") from error
    except exc.SQLAlchemyError as error:
        raise StorageBug(type(error).__name__) from error


def refuse_value(context: ExceptionContext) -> None:
    """Turn what drivers themselves raise for a value that they cannot bind into StorageRefused: SQLAlchemy does not
    wrap it, and outside a statement the same exceptions have other causes."""
    error = context.original_exception
    if isinstance(error, UnicodeEncodeError | OverflowError):
        raise StorageRefused(f"the database cannot store this value: {type(error).__name__}") from error


def translate(error: exc.DBAPIError) -> SignpostError:
    """The storage error that corresponds to a driver exception."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _from_sqlite(cause)
    # Here and not above: its import takes as long as the rest of a small process, and SQLite does without
    import psycopg

    if isinstance(cause, psycopg.Error):
        return _from_postgresql(cause)
    return StorageBug(type(cause).__name__)


def _from_postgresql(cause: "psycopg.Error") -> SignpostError:
    import psycopg

    state = cause.sqlstate or ""
    text = cause.diag.message_primary or str(cause).partition("\n")[0]
    if refusal := postgresql_refusal(state, str(cause)):
        return StorageMisconfigured(refusal)
    if state.startswith(CONFLICT_STATES):
        return StorageConflict(text)
    if state.startswith(OUTDATED_STATES):
        return StorageUnavailable(f"{UPGRADE_HINT} ({text})")
    if state.startswith(REFUSED_STATES) or isinstance(cause, psycopg.DataError):
        return StorageRefused(text)
    # Without a state the error comes from the client library: the connection failed or was lost.
    if state.startswith(UNAVAILABLE_STATES) or (
        not state and isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    ):
        return StorageUnavailable(text)
    return StorageBug(f"{state} {text}")


def _from_sqlite(cause: sqlite3.Error) -> SignpostError:
    name = getattr(cause, "sqlite_errorname", "")
    text = str(cause)
    if refusal := sqlite_refusal(cause):
        return StorageMisconfigured(refusal)
    if name.startswith(CONFLICT_NAMES):
        return StorageConflict(text)
    if text.startswith(("no such table", "no such column", "table ")) and name == "SQLITE_ERROR":
        return StorageUnavailable(f"{UPGRADE_HINT} ({text})")
    if name.startswith(UNAVAILABLE_NAMES):
        return StorageUnavailable(text)
    if name == "SQLITE_TOOBIG" or isinstance(cause, sqlite3.DataError):
        return StorageRefused(text)
    return StorageBug(f"{name} {text}")
