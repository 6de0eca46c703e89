"""What is older than the operator keeps is deleted a page at a time, and nothing else: on both databases."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from signpost.case.instant import DAY
from signpost.storage import Change, SeenEvent, StaleCursor, Store, open_store
from signpost.storage.retention import Page, Place
from signpost.storage.tables import feed_erased
from tests.support.databases import migrate

NOW = 1_772_460_000_000_000
KEPT = 90 * DAY
ROUTE = "acme.candidate.offers.high.raised"


@pytest.fixture(params=["postgres_url", "sqlite_url"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store of each kind."""
    url = request.getfixturevalue(request.param)
    migrate(url)
    with open_store(url) as store:
        yield store


def change(name: str, sequence: int, status: str, age: int, tenant: str = "acme") -> Change:
    """A change of the recommendation `name`, `age` microseconds ago."""
    words = ("raised" if sequence == 1 else "updated", status, "candidate", "a-rule", "offer/acme", "high")
    return Change(tenant, "c-1", name, sequence, *words, NOW - age, b"{}", ROUTE)


def record(store: Store, *changes: Change) -> None:
    """Store changes, each in a transaction of its own."""
    for each in changes:
        with store.transaction() as transaction:
            transaction.record([each], now=NOW, leased_until=0)


def walk(prune: Callable[[int, Place, int], Page], limit: int = 2) -> int:
    """Walk through a table; the number of rows deleted."""
    place: Place | None = ()
    deleted = 0
    while place is not None:
        page = prune(NOW - KEPT, place, limit)
        deleted, place = deleted + page.deleted, page.end
    return deleted


def fed(store: Store, after: str | None = None, tenant: str = "acme") -> list[tuple[str, int]]:
    """Recommendation and sequence of the changes after a cursor."""
    return [(row.recommendation_id, row.sequence) for row in store.feed(tenant, after)[0]]


def test_the_feed_keeps_what_is_young_and_the_last_change_of_what_is_in_force(store: Store) -> None:
    record(
        store,
        change("replaced", 1, "active", KEPT + 9),
        change("replaced", 2, "active", KEPT + 8),
        change("ended", 1, "active", KEPT + 7),
        change("ended", 2, "resolved", KEPT + 6),
        change("ended-lately", 1, "active", KEPT + 5),
        change("ended-lately", 2, "resolved", KEPT),
        change("young", 1, "active", 0),
    )
    for limit in (2, 3, 100):
        assert walk(store.retention.prune_feed, limit) == (4 if limit == 2 else 0)
        assert fed(store) == [("replaced", 2), ("ended-lately", 2), ("young", 1)]


def test_a_cursor_from_before_a_deleted_change_is_stale_and_one_at_it_or_after_it_is_not(store: Store) -> None:
    old = [change(f"r-{number}", 1, "resolved", KEPT + 9) for number in range(3)]
    record(store, *old, change("r-8", 1, "active", 0), change("other", 1, "resolved", 0, tenant="globex"))
    cursors = [row.cursor for row in store.feed("acme")[0]]
    other = store.feed("globex")[0][0].cursor
    assert walk(store.retention.prune_feed) == 3
    for cursor in cursors[:2]:
        with pytest.raises(StaleCursor, match="the latest change of all active advice"):
            store.feed("acme", cursor)
    assert fed(store, cursors[2]) == [("r-8", 1)]
    assert fed(store, cursors[3]) == []
    assert fed(store, other, tenant="globex") == []


def test_pruning_again_leaves_the_mark_where_it_is(store: Store) -> None:
    """A walk that begins again meets a row that was recorded late, with an older position and a later age."""
    record(store, change("r-1", 1, "resolved", 0), change("r-2", 1, "resolved", KEPT + 9))
    first, last = (row.cursor for row in store.feed("acme")[0])
    assert walk(store.retention.prune_feed) == 1
    assert store.retention.prune_feed(NOW + 1, (), 9).deleted == 1
    assert fed(store, last) == []
    with pytest.raises(StaleCursor):
        store.feed("acme", first)


@pytest.mark.parametrize("limit", [1, 2])
def test_changes_of_one_transaction_that_are_partly_deleted_make_only_the_cursors_before_stale(
    store: Store, limit: int
) -> None:
    """Also where one page ends between them."""
    with store.transaction() as transaction:
        three = [change(f"r-{number}", 1, "resolved", age) for number, age in enumerate((KEPT + 9, KEPT + 9, 0))]
        transaction.record(three, now=NOW, leased_until=0)
    cursors = [row.cursor for row in store.feed("acme")[0]]
    assert walk(store.retention.prune_feed, limit) == 2
    with pytest.raises(StaleCursor):
        store.feed("acme", cursors[0])
    assert fed(store, cursors[1]) == [("r-2", 1)]


def test_a_change_that_is_deleted_after_a_later_one_of_its_transaction_leaves_the_mark_where_it_is(
    store: Store,
) -> None:
    """Else a reader that stands at it would not be told that it misses the later one."""
    with store.transaction() as transaction:
        three = [change(f"r-{number}", 1, "resolved", age) for number, age in enumerate((0, KEPT + 9, 0))]
        transaction.record(three, now=NOW, leased_until=0)
    first = store.feed("acme")[0][0].cursor
    assert walk(store.retention.prune_feed) == 1
    assert store.retention.prune_feed(NOW + 1, (), 1).deleted == 1
    with pytest.raises(StaleCursor):
        store.feed("acme", first)


def test_what_an_erasure_left_behind_is_forgotten_with_what_was_before_it(store: Store) -> None:
    record(
        store, replace(change("erased", 1, "active", KEPT + 9), case_key="c-9"), change("r-1", 1, "resolved", KEPT + 8)
    )
    erased = store.feed("acme")[0][0].cursor
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-9"], NOW, now=NOW)
    assert fed(store, erased) == [("r-1", 1)]
    assert walk(store.retention.prune_feed) == 1
    with pytest.raises(StaleCursor):
        store.feed("acme", erased)


def test_of_erased_changes_only_the_places_after_the_last_deleted_change_are_kept(store: Store) -> None:
    """Else a table grows with each erasure; and a reader that stands at one of the others keeps its place."""
    erased = [replace(change(name, 1, "active", 0), case_key="c-9") for name in ("before", "after")]
    record(store, erased[0], change("r-1", 1, "resolved", KEPT + 8), erased[1])
    record(store, replace(change("theirs", 1, "active", 0, tenant="globex"), case_key="c-9"))
    cursors = {tenant: store.feed(tenant)[1] for tenant in ("acme", "globex")}
    for tenant in cursors:
        with store.transaction() as transaction:
            transaction.erase(tenant, ["c-9"], NOW, now=NOW)
    assert walk(store.retention.prune_feed) == 1
    with store._read_connection() as connection:
        assert sorted(connection.scalars(select(feed_erased.c.tenant))) == ["acme", "globex"]
    assert [fed(store, cursor, tenant) for tenant, cursor in cursors.items()] == [[], []]


def test_advice_that_ended_long_ago_is_deleted(store: Store) -> None:
    record(
        store,
        change("active", 1, "active", KEPT + 9),
        change("resolved", 1, "resolved", KEPT + 1),
        change("expired", 1, "expired", KEPT + 1),
        change("lately", 1, "resolved", KEPT),
    )
    assert walk(store.retention.prune_ended_advice) == 2
    assert [row.id for row in store.recommendations("acme", "c-1")] == ["active", "lately"]


def test_ids_of_events_are_forgotten_by_when_they_were_received(store: Store) -> None:
    ages = {"old": KEPT + 1, "young": KEPT}
    seen = [SeenEvent("acme", "/ats", name, "c-1", 0, NOW - age) for name, age in ages.items()]
    with store.transaction() as transaction:
        transaction.mark_seen(seen)
    assert walk(store.retention.prune_seen_events) == 1
    with store.transaction() as transaction:
        assert transaction.mark_seen(seen) == {("acme", "/ats", "old")}


def test_a_walk_goes_page_by_page_and_sees_each_row_once(store: Store) -> None:
    seen = [
        SeenEvent(tenant, "/ats", str(n), "c-1", 0, NOW - KEPT - 1) for tenant in ("acme", "globex") for n in (1, 2)
    ]
    with store.transaction() as transaction:
        transaction.mark_seen(seen)
    prune = store.retention.prune_seen_events
    assert prune(NOW - KEPT, (), 3) == Page(3, ("globex", "/ats", "1"))
    assert prune(NOW - KEPT, ("globex", "/ats", "1"), 3) == Page(1, None)
    assert prune(NOW - KEPT, (), 3) == Page(0, None)
