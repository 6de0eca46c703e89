"""What each connection and each stored value has, found out in a moment: by the SQLite file of a test, or no server."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import zstandard
from sqlalchemy import insert, text

from signpost.case.erasure import of_case
from signpost.storage import StorageRefused, Store
from signpost.storage.compression import DICTIONARY, as_it_is, compress, restore
from signpost.storage.deadlines import DeadlineConnection
from signpost.storage.engines import EngineOptions, make_engine, parse_url
from signpost.storage.tables import digest_keys

NOW = 1_772_460_000_000_000
SERVER = parse_url("postgresql://ann@db.example/signpost")


@pytest.mark.parametrize("ping_first", [True, False])
def test_a_connection_to_a_server_is_tried_before_each_use_if_its_process_wants_that(ping_first: bool) -> None:
    engine = make_engine(SERVER, EngineOptions(ping_first=ping_first))
    assert engine.pool._pre_ping is ping_first


def test_a_file_needs_no_try_before_its_use(sqlite_url: str) -> None:
    assert not make_engine(parse_url(sqlite_url), EngineOptions()).pool._pre_ping


def test_each_call_to_a_server_has_the_limit_of_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    monkeypatch.setattr(psycopg.Connection, "wait", lambda _self, *arguments: given.append(arguments[-1]))
    connection = object.__new__(DeadlineConnection)
    for limit in (None, 3.5):
        connection.call_timeout_s = limit
        connection.wait(iter(()))  # type: ignore[arg-type]
    assert given == [None, 3.5]


@pytest.mark.parametrize(("value", "kind"), [("Jane \ud800", "UnicodeEncodeError"), (2**64, "OverflowError")])
def test_the_refusal_of_a_value_says_what_kind_of_mistake_it_is_and_nothing_of_it(
    store: Store, value: object, kind: str
) -> None:
    with pytest.raises(StorageRefused) as caught, store._read_connection() as opened:
        opened.execute(text("SELECT :value"), {"value": value})
    assert str(caught.value) == f"the database cannot store this value: {kind}"


def test_a_key_for_something_else_changes_no_erasure(store: Store) -> None:
    """A later version may have added one."""
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], NOW, now=NOW)
    for name in ("a", "z"):
        with store._write_connection() as opened:
            opened.execute(insert(digest_keys).values(name=name, value=b"k" * 32))
    assert store.erasures.find("acme", [of_case("c-1")]) == {of_case("c-1"): NOW}


@pytest.mark.parametrize("value", [b" ", b" {}", b'  ["a"]'])
def test_json_that_begins_with_a_space_is_stored_as_it_is_and_comes_back(value: bytes) -> None:
    assert as_it_is(value) == restore(value) == value


def test_a_compressed_value_names_its_dictionary_once() -> None:
    """In its first byte; the compression's own number takes four more of each value. Each thread has a compressor."""
    with ThreadPoolExecutor(1) as pool:
        stored = pool.submit(compress, b"the same again and again " * 50).result()
    assert stored[:1] == DICTIONARY
    assert zstandard.get_frame_parameters(stored[1:]).dict_id == 0


def test_nothing_is_restored_from_nothing() -> None:
    assert restore(b"") == b""
