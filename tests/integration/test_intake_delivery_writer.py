"""The delivery log apart from its requests: late, never twice, and what it lacks is named."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from signpost.services.intake import delivery_writer
from signpost.services.intake.delivery_writer import DeliveryWriter
from signpost.storage import DeliveryRow, Store, open_store
from tests.support.databases import migrate
from tests.support.private_servers import wait_until

ROW = DeliveryRow("dlv_1", "north", "acme", 1, "accepted", b"[]", b"[]", 2, b"null", b"{}", b"{}", verified=True)


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    url: str = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    with open_store(url) as store:
        yield store


def row(number: int) -> DeliveryRow:
    return replace(ROW, id=f"dlv_{number}", received_at=number)


def names(store: Store) -> list[str]:
    return [found.id for found in store.deliveries.page("north", limit=500)]


def test_what_waits_is_written_when_the_database_is_back(store: Store) -> None:
    """And a request waits for one attempt, not for the database."""
    writer = DeliveryWriter(store)
    store.suspend("frozen")
    for number in range(5):
        writer.add(row(number), (), ())
    store.suspend(None)
    assert len(names(store)) < 5
    wait_until(lambda: len(names(store)) == 5, "all to be written")
    writer.add(row(7), (), ())
    wait_until(lambda: len(names(store)) == 6, "the next to be written")
    writer.close()


def test_a_delivery_whose_commit_was_not_heard_of_is_not_written_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, calls = store.deliveries.add, list[str]()

    def deaf(written: DeliveryRow, *rest: object) -> None:
        calls.append(written.id)
        add(written, (), ())
        store.suspend("the answer was lost")
        try:
            store.ping()
        finally:
            store.suspend(None)

    monkeypatch.setattr(delivery_writer, "RETRY_S", 0.01)
    monkeypatch.setattr(store.deliveries, "add", deaf)
    writer = DeliveryWriter(store)
    writer.add(row(1), (), ())
    writer.close()
    assert (calls, names(store)) == (["dlv_1"], ["dlv_1"])


def test_what_does_not_fit_and_what_is_left_is_named(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    migrate(sqlite_url)
    for name, value in (("MAX_WAITING", 3), ("MAX_WAIT_S", 0.01), ("RETRY_S", 0.01), ("CLOSE_TIMEOUT_S", 0.01)):
        monkeypatch.setattr(delivery_writer, name, value)
    with open_store(sqlite_url) as store, caplog.at_level(logging.WARNING):
        writer = DeliveryWriter(store)
        store.suspend("frozen")
        for number in range(4):
            writer.add(row(number), (), ())
        assert (
            "delivery dlv_3 of source acme is not in the delivery log: 3 deliveries wait for the database"
            in caplog.text
        )
        writer.close()
        wait_until(lambda: caplog.text.count("is not in the delivery log") == 4, "each to be named")
        assert {f"dlv_{number}" for number in range(4)} <= set(caplog.text.split())


def test_large_bodies_count_by_their_bytes(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    migrate(sqlite_url)
    with open_store(sqlite_url) as store:
        writer = DeliveryWriter(store)
        writer.add(replace(ROW, body=bytes(delivery_writer.MAX_WAITING_BYTES)), (), ())
        writer.close()
        assert names(store) == []
    assert "dlv_1 of source acme is not in the delivery log" in caplog.text
