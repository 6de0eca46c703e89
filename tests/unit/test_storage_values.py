"""Boundaries and orders of what the store computes itself; on SQLite, because both databases share this code."""

from dataclasses import replace

import pytest

from signpost.case.event import Event
from signpost.storage import BadCursor, DeliveryRow, StorageUnavailable, Store, Usage, open_store
from signpost.storage.buckets import Rate
from signpost.storage.cursor import MAX_POSITION, decode_cursor, encode_cursor
from signpost.storage.deliveries import NOT_KEPT

NOW = 1_772_460_000_000_000
DELIVERY = DeliveryRow(
    "dlv_1", "acme", "s", NOW, "accepted", b"[1]", b"[2]", 7, b"{}", b'{"a":1}', b"raw", verified=True
)


def test_removing_a_consumer_leaves_the_others(store: Store) -> None:
    store.consumers.put("b", ["acme.#"], NOW, user="ann")
    store.consumers.put("a", ["#"], NOW)
    store.consumers.put("c", ["#"], NOW)
    store.consumers.remove("c")
    found = store.consumers.all()
    with store.transaction() as tx:
        assert tx.consumers() == found
    assert list(found) == ["a", "b"]
    assert [(one.patterns, one.user) for one in found.values()] == [(["#"], ""), (["acme.#"], "ann")]


def test_a_consumer_that_is_added_again_has_its_latest_patterns_and_user(store: Store) -> None:
    store.consumers.put("a", ["#"], NOW, user="ann")
    store.consumers.put("b", ["#"], NOW)
    store.consumers.put("a", ["acme.#"], NOW)
    assert [(name, one.patterns, one.user) for name, one in store.consumers.all().items()] == [
        ("a", ["acme.#"], ""),
        ("b", ["#"], ""),
    ]


def test_the_tenants_that_have_erased_are_named_once_and_in_order(store: Store) -> None:
    assert store.erasures.tenants() == []
    for tenant in ("globex", "acme", "globex"):
        with store.transaction() as tx:
            tx.erase(tenant, ["c-1", "c-2"], NOW, now=NOW)
    assert store.erasures.tenants() == ["acme", "globex"]


@pytest.mark.parametrize(
    ("verified", "body", "replayable"), [(True, b"", True), (True, None, False), (False, b"", False)]
)
def test_what_can_be_replayed(verified: bool, body: bytes | None, replayable: bool) -> None:
    assert replace(DELIVERY, verified=verified, body=body).summary().replayable is replayable


def test_a_delivery_after_the_erasure_leaves_neither_headers_nor_its_problems(store: Store) -> None:
    with store.transaction() as tx:
        tx.erase("acme", ["c-1"], NOW, now=NOW)
    store.deliveries.add(DELIVERY, [Event("acme", "s", "e", "candidate.preferences", NOW, "c-1", {})])
    found = store.deliveries.get("acme", "dlv_1")
    assert found == replace(DELIVERY, shown=b"null", headers=b"{}", events=b"[]", problems=NOT_KEPT, body=None)


def test_a_use_that_gets_no_connection_is_told_that_the_database_is_away(sqlite_url: str, store: Store) -> None:
    with (
        open_store(sqlite_url, pool_size=1, pool_timeout_s=0.01) as small,
        small.transaction(),
        pytest.raises(StorageUnavailable, match="no database connection became free"),
    ):
        small.ping()


@pytest.mark.parametrize(("stored", "excess"), [((1, 8), ""), ((2, 8), "2 cases of at most 2"), ((1, 9), "9 bytes of")])
def test_a_quota_is_reached_and_not_only_exceeded(stored: tuple[int, int], excess: str) -> None:
    found = Usage(*stored, max_cases=2, max_bytes=9, measured_at=NOW).excess
    assert excess in found
    assert bool(excess) == bool(found)


def test_a_quota_of_one_is_a_quota() -> None:
    assert Usage(1, 0, max_cases=1, max_bytes=0, measured_at=NOW).excess == "this tenant has 1 cases of at most 1"
    assert Usage(0, 1, max_cases=0, max_bytes=1, measured_at=NOW).excess == "this tenant stores 1 bytes of at most 1"


def test_zero_is_no_quota() -> None:
    assert Usage(5, 5, max_cases=0, max_bytes=0, measured_at=NOW).excess == ""


def test_the_time_to_refill_is_rounded_up() -> None:
    assert [Rate(3, 9).refill_time_us(tokens) for tokens in (0, 1, 3, 4)] == [0, 333_334, 1_000_000, 1_333_334]


def test_the_greatest_position_has_a_cursor_and_no_greater_one() -> None:
    greatest = (MAX_POSITION, MAX_POSITION)
    assert decode_cursor(encode_cursor(*greatest)) == greatest
    for beyond in ((MAX_POSITION + 1, 1), (1, MAX_POSITION + 1)):
        with pytest.raises(BadCursor):
            decode_cursor(encode_cursor(*beyond))
