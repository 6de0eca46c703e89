"""Rows are locked in the order of their keys, so that two batches with the same rows never wait for each other; and
what two must not do at once is done under a lock."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from signpost.storage import (
    Announcement,
    Attempt,
    CalendarLink,
    DeliveryRow,
    Item,
    SeenEvent,
    Settled,
    Store,
    Usage,
)
from signpost.storage.buckets import Rate
from signpost.storage.spreading import Spreader
from tests.support.receivers import NOW, change_of, endpoint, record

KEYS = [("b", "9"), ("a", "2"), ("b", "1"), ("a", "1"), ("a", "10")]


def test_cases_are_locked_in_the_order_of_their_keys(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.transaction() as tx:
        given: list[Any] = []

        def lock(_connection: object, keys: Any) -> list[Any]:
            given.extend(keys)
            return []

        monkeypatch.setattr(tx._dialect, "lock_cases", lock)
        tx.lock_cases(KEYS)
    assert given == sorted(KEYS)


def test_events_are_marked_in_the_order_of_their_keys(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [SeenEvent(tenant=tenant, source="s", id=id, case_key="c", time=1, received_at=1) for tenant, id in KEYS]
    with store.transaction() as tx:
        given: list[Any] = []

        def insert(_connection: object, values: Any) -> set[Any]:
            given.extend(values)
            return set()

        monkeypatch.setattr(tx._dialect, "insert_seen", insert)
        tx.mark_seen(events)
    assert [(one["tenant"], one["id"]) for one in given] == sorted(KEYS)


def written(store: Store, table: str, work: Callable[[], object]) -> list[Any]:
    """The parameters of the statements that change rows of a table during some work."""
    found: list[Any] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith((f"INSERT INTO {table} ", f"UPDATE {table} ")):
            found.extend(parameters if isinstance(parameters, list) else [parameters])

    event.listen(store._engine.get(), "before_cursor_execute", note)
    work()
    event.remove(store._engine.get(), "before_cursor_execute", note)
    return found


def test_erasures_are_recorded_in_the_order_of_their_digests(store: Store) -> None:
    def erase() -> None:
        with store.transaction() as tx:
            tx.erase("acme", [f"c-{number}" for number in range(9)], NOW, now=NOW)

    digests = [row[1] for row in written(store, "erasures", erase)]
    assert len(digests) >= 9
    assert digests == sorted(digests)


def test_endpoints_are_settled_in_the_order_of_their_ids_and_their_last_success_counts(store: Store) -> None:
    settled: list[Settled] = []
    for name in ("ep_1", "ep_2", "ep_3"):
        assert store.endpoints.add(endpoint(name), 9)
    for name in ("ep_3", "ep_1", "ep_2", "ep_1"):
        key = f"c-{len(settled)}"
        message = Announcement("acme", key, "", f"r-{key}", NOW, b"{}")
        store.outgoing.queue(endpoint(name), message, Item(f"r-{key}", 1, False), NOW)
        [claimed] = store.outgoing.claim(NOW, NOW + 9, 9, 9)
        settled.append(Settled(Attempt(claimed.message, NOW + len(settled), 1, "delivered", reached=True)))
    updates = written(store, "endpoints", lambda: store.outgoing.settle(settled))
    assert [row[-1] for row in updates] == ["ep_1", "ep_2", "ep_3"]
    assert [one.last_success for one in store.endpoints.all()] == [NOW + 3, NOW + 2, NOW]


def test_messages_are_locked_in_the_order_of_their_items_however_many_there_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.endpoints.add(endpoint(), 9)
    record(store, *(change_of(f"r-{number}", 1, "raised") for number in (3, 1, 9, 2, 7, 4, 8, 6, 5)))
    given: list[str] = []
    monkeypatch.setattr(Spreader, "_load", lambda _self, items: given.extend(items))
    assert store.outgoing.spread("acme", 9, NOW, lambda _endpoint, row: Item(row.message_id, 1, False)) == 9
    assert given == [f"r-{number}.1" for number in range(1, 10)]


def test_feeds_are_pruned_in_the_order_of_their_tenants(store: Store) -> None:
    tenants = ("c", "a", "b")
    record(store, *(change_of("r-1", 1, "resolved", tenant=tenant) for tenant in tenants))
    updates = written(store, "feed_heads", lambda: store.retention.prune_feed(NOW + 1, (), 9))
    assert [[one for one in row if one in tenants] for row in updates] == [["a"], ["b"], ["c"]]


def test_who_guesses_a_link_keeps_nobody_from_writing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.page_sessions, "_write_connection", None)
    assert store.page_sessions.begin(b"1" * 32, b"2" * 32, NOW, NOW + 1) is None


def unsigned(tenant: str) -> DeliveryRow:
    return DeliveryRow(f"d-{tenant}", tenant, "s", NOW, "unsigned", b"[]", b"[]", 0, b"{}", b"{}", None, verified=False)


GUARDED: dict[str, Callable[[Store, str], object]] = {
    "endpoints, which are limited": lambda store, tenant: store.endpoints.add(endpoint(tenant=tenant), 5),
    "links to a calendar, which are limited": lambda store, tenant: store.calendar_links.add(
        CalendarLink(tenant, "l", "c", tenant.encode(), NOW, None), NOW, 5
    ),
    "unsigned webhooks, which are limited": lambda store, tenant: store.deliveries.add(unsigned(tenant), []),
    "announcements, which keep their order": lambda store, tenant: store.outgoing.spread(
        tenant, 1, NOW, lambda _endpoint, _row: None
    ),
}


@pytest.mark.parametrize("what", GUARDED)
def test_what_two_must_not_do_at_once_takes_a_lock_of_its_tenant(
    store: Store, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    monkeypatch.setattr(store._dialect, "lock_name", lambda _connection, name: names.append(name))
    for tenant in ("acme", "globex"):
        GUARDED[what](store, tenant)
    assert len(set(names)) == 2


def test_a_signed_webhook_does_not_wait_for_unsigned_ones(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    monkeypatch.setattr(store._dialect, "lock_name", lambda _connection, name: names.append(name))
    store.deliveries.add(replace(unsigned("acme"), status="accepted", verified=True), [])
    assert names == []


def test_one_measurement_is_stored_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    monkeypatch.setattr(store._dialect, "lock_name", lambda _connection, name: names.append(name))
    for tenant in ("acme", "globex"):
        store.usage.replace({tenant: Usage(1, 1, 0, 0, NOW)})
    assert names == [names[0]] * 2
    assert list(store.usage.all()) == ["globex"]
    store.usage.replace({})
    assert store.usage.all() == {}


def test_only_what_may_be_lost_does_not_wait_for_the_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    relaxed: list[object] = []
    monkeypatch.setattr(store._dialect, "relax_commit", relaxed.append)
    store.outbox.delete([1])
    store.lease_tokens("acme", 1, 1, Rate(1, 1), NOW)
    assert len(relaxed) == 2
    with store.transaction() as transaction:
        transaction.mark_seen([SeenEvent("acme", "s", "e", "c", NOW, NOW)])
    store.outbox.lease([1], NOW)
    assert len(relaxed) == 2
