"""An embedded queue for tests of messaging: a broker with the topology, an event, and a file that is locked."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from signpost.messaging import Broker, Message, connect
from signpost.names import EVENTS


def event(number: int) -> Message:
    return Message(EVENTS, "0.acme.x", b"{}", f"e-{number}")


@contextmanager
def locked(sqlite_url: str) -> Iterator[None]:
    """Hold the write lock of the file."""
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.fixture
def broker(sqlite_url: str) -> Iterator[Broker]:
    """A broker with the topology."""
    made = connect(sqlite_url)
    made.apply_topology()
    yield made
    made.close()
