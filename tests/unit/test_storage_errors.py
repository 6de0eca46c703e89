"""Parts of the storage that need no database: which error a driver's error is, cursors, token buckets."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import exc

from signpost.storage.buckets import SECOND, Rate
from signpost.storage.cursor import MAX_POSITION, START, decode_cursor, encode_cursor
from signpost.storage.errors import (
    UPGRADE_HINT,
    BadCursor,
    StorageBug,
    StorageConflict,
    StorageMisconfigured,
    StorageRefused,
    StorageUnavailable,
    translate,
    translate_errors,
)

STATES = {
    "40001": StorageConflict,
    "40P01": StorageConflict,
    "55P03": StorageConflict,
    "08006": StorageUnavailable,
    "25006": StorageUnavailable,
    "25P03": StorageUnavailable,
    "53100": StorageUnavailable,
    "57P01": StorageUnavailable,
    "58030": StorageUnavailable,
    "22003": StorageRefused,
    "42P01": StorageUnavailable,
    "42703": StorageUnavailable,
    "3F000": StorageUnavailable,
    "23505": StorageBug,
    "54001": StorageBug,
    "42601": StorageBug,
    "28P01": StorageMisconfigured,
    "3D000": StorageMisconfigured,
}


def wrapped(cause: BaseException) -> exc.DBAPIError:
    return exc.DBAPIError("SELECT secret", {}, cause)


@pytest.mark.parametrize("state", STATES)
def test_the_state_of_a_postgresql_error_decides(state: str) -> None:
    found = translate(wrapped(psycopg.errors.lookup(state)("what happened\nDETAIL: of a person")))
    assert type(found) is STATES[state]
    assert "what happened" in str(found)
    assert "person" not in str(found)
    assert (UPGRADE_HINT in str(found)) == (state in ("42P01", "42703", "3F000"))


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ('database "signpost" does not exist', "create it, or correct the name in SIGNPOST_DATABASE_URL"),
        ('password authentication failed for user "ann"', "correct user and password in SIGNPOST_DATABASE_URL"),
        ("no password supplied", "add the password to SIGNPOST_DATABASE_URL"),
        ('no pg_hba.conf entry for host "10.0.0.1"', "allow it in pg_hba.conf"),
        ("server does not support SSL, but SSL was required", "check host, sslmode, sslrootcert, sslcert and sslkey"),
    ],
)
def test_a_connection_that_is_refused_says_what_to_correct(said: str, action: str) -> None:
    """Such an error has no state, so that the words decide."""
    found = translate(wrapped(psycopg.OperationalError(f"connection failed: FATAL:  {said}\nand more lines")))
    assert type(found) is StorageMisconfigured
    assert str(found).startswith(f"PostgreSQL refuses the connection: {said}; {action}")
    assert "and more lines" not in str(found)


def refused_file(*notes: str) -> str:
    """What is said of a file that cannot be opened."""
    cause = sqlite3.OperationalError("unable to open database file")
    cause.sqlite_errorname = "SQLITE_CANTOPEN"
    for note in notes:
        cause.add_note(note)
    found = translate(wrapped(cause))
    assert type(found) is StorageMisconfigured
    return str(found)


def test_a_file_that_cannot_be_opened_is_told_from_a_folder_that_is_not_there(tmp_path: Path) -> None:
    present, missing = str(tmp_path / "signpost.db"), str(tmp_path / "none" / "signpost.db")
    assert refused_file(present).startswith(f"the database file {present} cannot be opened; check its path")
    assert refused_file(missing).startswith(f"there is no folder {tmp_path}/none with a database; run this command")
    assert refused_file().startswith("the database file cannot be opened; check its path")


def test_an_error_without_a_state_is_of_the_connection() -> None:
    for lost in (psycopg.OperationalError("gone"), psycopg.InterfaceError("closed")):
        assert type(translate(wrapped(lost))) is StorageUnavailable
    assert type(translate(wrapped(psycopg.ProgrammingError("x")))) is StorageBug
    assert type(translate(wrapped(psycopg.DataError("x")))) is StorageRefused
    assert type(translate(wrapped(ValueError("x")))) is StorageBug


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("SQLITE_BUSY_SNAPSHOT", "database is locked", StorageConflict),
        ("SQLITE_LOCKED", "table is locked", StorageConflict),
        ("SQLITE_FULL", "database or disk is full", StorageUnavailable),
        ("SQLITE_IOERR_READ", "disk I/O error", StorageUnavailable),
        ("SQLITE_ERROR", "no such table: cases", StorageUnavailable),
        ("SQLITE_ERROR", "no such column: agendas", StorageUnavailable),
        ("SQLITE_ERROR", "near x: syntax error", StorageBug),
        ("SQLITE_CONSTRAINT", "no such table: x", StorageBug),
        ("SQLITE_TOOBIG", "string or blob too big", StorageRefused),
    ],
)
def test_the_name_of_a_sqlite_error_decides(name: str, text: str, kind: type[Exception]) -> None:
    cause = sqlite3.OperationalError(text)
    cause.sqlite_errorname = name
    found = translate(wrapped(cause))
    assert type(found) is kind
    assert (UPGRADE_HINT in str(found)) == text.startswith("no such") * (name == "SQLITE_ERROR")
    assert type(translate(wrapped(sqlite3.DataError("x")))) is StorageRefused


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exc.TimeoutError(), StorageUnavailable),
        (exc.InvalidRequestError(), StorageBug),
        (wrapped(psycopg.errors.lookup("40001")("x")), StorageConflict),
    ],
)
def test_no_error_of_a_library_leaves_the_storage(error: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught, translate_errors():
        raise error
    assert type(caught.value) is kind


@pytest.mark.parametrize("position", [START, (7, 12), (MAX_POSITION, MAX_POSITION)])
def test_a_cursor_is_read_back(position: tuple[int, int]) -> None:
    assert decode_cursor(encode_cursor(*position)) == position
    assert decode_cursor(None) == START == (0, 0)


@pytest.mark.parametrize(
    "cursor", ["", "é", "x", "MC4w=", encode_cursor(MAX_POSITION + 1, 0), encode_cursor(0, MAX_POSITION + 1), "MC4x\n"]
)
def test_any_other_text_is_no_cursor(cursor: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(cursor)


@pytest.mark.parametrize(
    ("full_in", "tokens"), [(0, 10), (-5, 10), (1, 9), (SECOND // 5, 9), (SECOND, 5), (2 * SECOND, 0), (3 * SECOND, -5)]
)
def test_a_bucket_has_the_tokens_of_the_time_until_it_is_full(full_in: int, tokens: int) -> None:
    assert Rate(5, 10).available(1000 + full_in, 1000) == tokens


def test_a_bucket_refills_at_its_rate() -> None:
    assert (Rate(5, 10).fill_time_us, Rate(3, 10).refill_time_us(1), Rate(5, 10).refill_time_us(10)) == (
        *(2 * SECOND, 333_334, 2 * SECOND),
    )
