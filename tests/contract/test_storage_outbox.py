"""Messages in the outbox: their order, leases, and how many wait since when, on PostgreSQL and on SQLite."""

from collections.abc import Iterator

import pytest

from signpost.storage import Store, open_store
from tests.support.databases import migrate
from tests.support.stored_rows import LEASE, NOW, Letter, change


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store in an upgraded database of each kind."""
    url = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    with open_store(url) as store:
        yield store


def test_the_outbox_respects_leases_and_keeps_its_order(store: Store) -> None:
    with store.transaction() as transaction:
        first = transaction.record([change(1), change(2)], now=NOW, leased_until=LEASE)
        second = transaction.enqueue(
            [Letter(), Letter(message_id="m-2")], tenant="acme", case_key="c-1", now=NOW + 7, leased_until=0
        )
    assert store.outbox.depth(NOW + 10) == (4, 10)
    claimed = store.outbox.claim(NOW, LEASE, 10)
    assert [row.id for row in claimed] == second
    assert claimed[0].headers == Letter().headers
    assert claimed[0].body == b"{}"
    assert claimed[0].message_id == "m-1"
    assert store.outbox.claim(NOW, LEASE, 10) == []
    late = store.outbox.claim(LEASE, LEASE + 1, 3)
    assert [row.id for row in late] == [*first, second[0]]
    assert [(row.exchange, row.message_id) for row in late[:2]] == [
        ("signpost.advice", "r-1.1"),
        ("signpost.advice", "r-1.2"),
    ]
    store.outbox.delete([row.id for row in late])
    assert store.outbox.depth(NOW).waiting == 1
    store.outbox.delete(second)
    assert store.outbox.depth(NOW) == (0, None)


def test_a_body_comes_out_of_the_outbox_as_it_went_in(store: Store) -> None:
    """It is compressed meanwhile."""
    body = b'{"text": "%s"}' % (b"the same again and again " * 50)
    with store.transaction() as transaction:
        transaction.enqueue([Letter(body=body)], tenant="acme", case_key="c-1", now=NOW, leased_until=0)
    assert [row.body for row in store.outbox.claim(NOW, LEASE, 1)] == [body]


def test_an_outbox_id_is_never_given_twice(store: Store) -> None:
    """A relay's late delete would otherwise take a message that nobody has published."""
    ids: list[int] = []
    for _ in range(3):
        with store.transaction() as transaction:
            ids += transaction.enqueue([Letter()], tenant="acme", case_key="c-1", now=NOW, leased_until=0)
        store.outbox.delete(ids)
    assert len(set(ids)) == 3


def test_the_outbox_shows_how_much_waits_and_since_when(store: Store) -> None:
    with store.transaction() as transaction:
        for number, leased in enumerate([NOW, NOW + 1]):
            letter = Letter(message_id=f"m-{number}")
            transaction.enqueue([letter], tenant="acme", case_key="c-1", now=NOW - 5 + number, leased_until=leased)
    assert store.outbox.age(NOW) == 5
    assert store.outbox.age(NOW - 9) == 0, "a clock that was set back"
    assert store.outbox.depth(NOW) == (2, 5)


def test_a_lease_that_ends_too_late_does_not_count(store: Store) -> None:
    """It is of a process whose clock was ahead."""
    with store.transaction() as transaction:
        for leased in (NOW + 10, NOW + 11):
            transaction.enqueue([Letter()], tenant="acme", case_key="c-1", now=NOW, leased_until=leased)
    assert len(store.outbox.claim(NOW, LEASE, 10, latest=NOW + 10)) == 1
    assert store.outbox.claim(NOW, LEASE, 10, latest=LEASE) == []


def test_messages_that_are_tried_again_and_again_keep_no_other_waiting(store: Store) -> None:
    """Without this, as many refused messages as fit into a claim, with the lowest ids, are all that is ever tried."""

    def add(leased_until: int) -> list[int]:
        letters = [Letter(), Letter(message_id="m-2")]
        with store.transaction() as transaction:
            return transaction.enqueue(letters, tenant="acme", case_key="c-1", now=NOW, leased_until=leased_until)

    stuck = add(0)
    assert [row.id for row in store.outbox.claim(NOW, NOW + 10, 2)] == stuck
    fresh = add(NOW + 5)
    assert [row.id for row in store.outbox.claim(NOW + 10, NOW + 20, 2)] == fresh
    assert [row.id for row in store.outbox.claim(NOW + 10, NOW + 20, 2)] == stuck
