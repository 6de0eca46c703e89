"""The options of a database: whether its values may be compressed. A new database compresses; one that was upgraded
does so once every process can read it, which only an operator knows."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, TypeAlias

from sqlalchemy import Connection, insert, select

from signpost.storage.compression import as_it_is, compress
from signpost.storage.tables import options

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]
COMPRESSION: Final = "compression"


def is_set(connection: Connection, name: str) -> bool:
    """Whether an option was set."""
    return connection.execute(select(options.c.name).where(options.c.name == name)).first() is not None


def set_option(connection: Connection, name: str, now: int) -> bool:
    """Set an option; whether it was not set before. `now` in microseconds."""
    if is_set(connection, name):
        return False
    connection.execute(insert(options).values(name=name, set_at=now))
    return True


class OptionStore:
    """The options of the database of a store. `start_compression` may raise a TransientError."""

    def __init__(self, write_connection: OpenConnection) -> None:
        self._write_connection = write_connection
        self._compresses: bool | None = None

    def compression(self, connection: Connection) -> Callable[[bytes], bytes]:
        """What is applied to values before they are stored. Asks the database once: who started before compression did
        goes on without."""
        if self._compresses is None:
            self._compresses = is_set(connection, COMPRESSION)
        return compress if self._compresses else as_it_is

    def start_compression(self, now: int) -> bool:
        """Let stores that open from now on compress; whether they did not before. Every process must be able to read
        what is compressed."""
        with self._write_connection() as connection:
            return set_option(connection, COMPRESSION, now)
