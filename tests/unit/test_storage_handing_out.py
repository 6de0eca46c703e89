"""Whom messages are handed to, whose turn it is, and what is counted and deleted of what waits."""

import pytest
from sqlalchemy import select, update

from signpost.case.instant import HOUR, MINUTE
from signpost.storage import Announcement, Attempt, EndpointRow, Item, Settled, Store
from signpost.storage.endpoint_rows import TEST
from signpost.storage.endpoint_tables import endpoint_messages, endpoints
from tests.support.receivers import NOW, change_of, endpoint, record

ONE, OTHER, THEIRS = endpoint(), endpoint("ep_2"), endpoint(tenant="globex")


@pytest.fixture
def outgoing(store: Store) -> Store:
    """A store with two endpoints of a tenant, and one of another with the same name."""
    for one in (ONE, OTHER, THEIRS):
        assert store.endpoints.add(one, 5)
    return store


def queue(
    store: Store, item: str, sequence: int = 1, to: EndpointRow = ONE, key: str = "c-1", created: int = NOW
) -> None:
    message = Announcement(to.tenant, key, "", f"{item}.{sequence}", created, b"words")
    store.outgoing.queue(to, message, Item(item, sequence, False), NOW)


def hand_out(store: Store, item: str, sequence: int, *, ends: bool = False, now: int = NOW) -> None:
    """A change is recorded, and handed to all endpoints of its tenant."""
    record(store, change_of(item, sequence, "resolved" if ends else "updated"))
    assert store.outgoing.spread("acme", 9, now, lambda _endpoint, _row: Item(item, sequence, ends)) == 1


def claimed(store: Store, now: int = NOW, room: int = 9) -> list[tuple[str, str, str]]:
    """Tenant, endpoint and message of what is due."""
    found = store.outgoing.claim(now, now + MINUTE, room, 9)
    return [(one.endpoint.tenant, one.endpoint.id, one.message.message_id) for one in found]


def test_announcements_of_a_tenant_reach_no_endpoint_of_another(outgoing: Store) -> None:
    """Whatever is chosen for them."""
    hand_out(outgoing, "r-1", 1)
    assert claimed(outgoing) == [("acme", "ep_1", "r-1.1"), ("acme", "ep_2", "r-1.1")]


def test_what_one_endpoint_knows_the_others_get(outgoing: Store) -> None:
    for to in (OTHER, THEIRS):
        queue(outgoing, "r-1", 2, to)
        [one] = outgoing.outgoing.claim(NOW, NOW + 1, 9, 9)
        outgoing.outgoing.settle([Settled(Attempt(one.message, NOW, 1, "delivered", reached=True))])
    hand_out(outgoing, "r-1", 2)
    assert claimed(outgoing) == [("acme", "ep_1", "r-1.2")]


def test_the_first_endpoint_has_the_first_turn(outgoing: Store) -> None:
    for to in (OTHER, ONE):
        queue(outgoing, "r-1", to=to)
    assert claimed(outgoing, room=1) == [("acme", "ep_1", "r-1.1")]


def test_a_paused_endpoint_gets_a_test_and_nothing_else(outgoing: Store) -> None:
    queue(outgoing, "r-1")
    with outgoing._write_connection() as connection:
        connection.execute(update(endpoints).where(endpoints.c.id == "ep_1").values(paused_until=NOW + 1))
    assert claimed(outgoing) == []
    queue(outgoing, TEST, key="")
    assert claimed(outgoing) == [("acme", "ep_1", "test.1")]
    assert claimed(outgoing, NOW + 1) == [("acme", "ep_1", "r-1.1")], "the pause has ended"


def test_the_age_of_what_waits_is_not_that_of_what_was_set_aside(outgoing: Store) -> None:
    queue(outgoing, "r-1", created=NOW - HOUR)
    [one] = outgoing.outgoing.claim(NOW, NOW + 1, 9, 9)
    outgoing.outgoing.settle([Settled(Attempt(one.message, NOW, 1, "refused"), set_aside=True)])
    assert outgoing.outgoing.summary(NOW + 9).oldest == 0
    queue(outgoing, "r-2", created=NOW)
    found = outgoing.outgoing.summary(NOW + 9)
    assert (found.oldest, found.waiting, found.set_aside) == (9, 1, 1)


def test_the_age_of_what_waits_for_a_disabled_endpoint_says_nothing_of_the_others(outgoing: Store) -> None:
    queue(outgoing, "r-1", created=NOW - HOUR)
    assert outgoing.endpoints.disable("acme", "ep_1", "disabled by hand", NOW)
    found = outgoing.outgoing.summary(NOW)
    assert (found.oldest, found.waiting) == (0, 1)


def test_only_what_was_not_sent_is_given_back(outgoing: Store) -> None:
    for number in (1, 2):
        queue(outgoing, f"r-{number}", key=f"c-{number}")
    first, _second = outgoing.outgoing.claim(NOW, NOW + MINUTE, 9, 9)
    outgoing.outgoing.release([first.message.id])
    assert claimed(outgoing) == [("acme", "ep_1", "r-1.1")]


def test_what_waits_too_long_is_deleted_only_where_a_later_state_of_it_waits(store: Store) -> None:
    assert store.endpoints.add(endpoint(every_change=True), 5)
    for item, sequence in (("r-1", 1), ("r-2", 1), ("r-2", 2)):
        hand_out(store, item, sequence)
    store.outgoing.prune(0, NOW + 1, 9)
    with store._read_connection() as connection:
        assert sorted(connection.scalars(select(endpoint_messages.c.message_id))) == ["r-1.1", "r-2.2"]
