"""What the embedded queue needs of SQLite holds whatever a build of SQLite has as its defaults."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from signpost.messaging import Bounds, Counts, connect, inspect
from signpost.messaging.embedded.file import File
from signpost.messaging.topology import ADVISOR


class Careless(sqlite3.Connection):
    """A connection of a build that neither waits for the disk nor overwrites what is deleted unless it is asked to."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        for name in ("synchronous", "secure_delete"):
            self.execute(f"PRAGMA {name} = OFF")


def test_each_commit_reaches_the_disk_and_what_is_deleted_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sqlite3.connect", partial(sqlite3.connect, factory=Careless))
    with closing(File(str(tmp_path / "q.db"), 1)) as file, file.read_connection() as connection:
        assert isinstance(connection, Careless)
        names = ("journal_mode", "synchronous", "secure_delete")
        assert [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names] == ["wal", 2, 1]


def test_a_look_at_the_queue_asks_for_addresses_to_be_read(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would take `file:...?mode=ro` for the name of a file."""
    with closing(connect(sqlite_url)) as broker:
        broker.apply_topology()
    original: Callable[..., sqlite3.Connection] = sqlite3.connect

    def connect_by_name(name: str, uri: bool = False, **options: Any) -> sqlite3.Connection:
        return original(name if uri else os.path.abspath(name), uri=uri, **options)

    monkeypatch.setattr("sqlite3.connect", connect_by_name)
    with inspect(sqlite_url, 1, Bounds(), "a test") as found:
        assert found.counts(ADVISOR) == Counts(0, 0)
        assert found.differences() == []
