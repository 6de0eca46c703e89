"""What may be sent to an endpoint again: a state that still stands, and that its receiver does not get already."""

from typing import Any

import pytest

from signpost.case.instant import HOUR
from signpost.storage import Announcement, Attempt, Change, EndpointRow, Item, Settled, Store
from tests.support.receivers import NOW, change_of, endpoint
from tests.support.receivers import record as announce

ONE, OTHER, THEIRS = endpoint(), endpoint("ep_2"), endpoint(tenant="globex")


def announced(item: str, sequence: int, tenant: str = "acme") -> Announcement:
    return Announcement(tenant, "c-1", "", f"{item}.{sequence}", NOW, b"words")


def record(store: Store, *changes: Change) -> None:
    """Changes that no endpoint wanted when they came."""
    announce(store, *changes)
    store.outgoing.spread("acme", 9, NOW, lambda _endpoint, _row: None)


def again(store: Store, item: str, sequence: int, to: EndpointRow = ONE) -> bool:
    """Send a state again, if it still is one."""
    message = announced(item, sequence, to.tenant)
    return store.outgoing.queue_again(to, message, Item(item, sequence, False), NOW)


def arrive(store: Store, to: EndpointRow, item: str, sequence: int, **settled: Any) -> None:
    """A message gets to its receiver."""
    message = announced(item, sequence, to.tenant)
    store.outgoing.queue(to, message, Item(item, sequence, False), NOW)
    [claimed] = store.outgoing.claim(NOW, NOW + 1, 9, 9)
    store.outgoing.settle([Settled(Attempt(claimed.message, NOW, 1, "delivered", reached=True), **settled)])


def waiting(store: Store) -> list[tuple[str, str, str]]:
    """Tenant, endpoint and message of what waits, before anything is claimed."""
    claimed = store.outgoing.claim(NOW, NOW + 1, 9, 9)
    return [(one.endpoint.tenant, one.endpoint.id, one.message.message_id) for one in claimed]


@pytest.fixture
def outgoing(store: Store) -> Store:
    """A store with two endpoints of a tenant, and one of another with the same name."""
    for one in (ONE, OTHER, THEIRS):
        assert store.endpoints.add(one, 5)
    return store


def test_active_advice_is_sent_again_as_it_stands(outgoing: Store) -> None:
    record(outgoing, change_of("r-1", 2, "updated"), change_of("r-2", 3, "resolved"))
    assert again(outgoing, "r-1", 2)
    assert waiting(outgoing) == [("acme", "ep_1", "r-1.2")]


@pytest.mark.parametrize(
    ("item", "sequence", "to"),
    [("r-1", 1, ONE), ("r-1", 3, ONE), ("r-2", 3, ONE), ("r-3", 2, ONE), ("r-1", 2, THEIRS)],
    ids=["an older state", "a later state", "ended advice", "unknown advice", "advice of another tenant"],
)
def test_advice_that_is_not_in_force_any_more_is_not_sent_again(
    outgoing: Store, item: str, sequence: int, to: EndpointRow
) -> None:
    record(outgoing, change_of("r-1", 2, "updated"), change_of("r-2", 3, "resolved"))
    assert not again(outgoing, item, sequence, to)
    assert waiting(outgoing) == []


def test_the_state_that_an_endpoint_got_last_is_sent_again(outgoing: Store) -> None:
    arrive(outgoing, ONE, "a-1", 2, keep_body=True)
    assert again(outgoing, "a-1", 2)
    assert waiting(outgoing) == [("acme", "ep_1", "a-1.2")]


@pytest.mark.parametrize(
    ("item", "sequence", "to"),
    [("a-1", 1, ONE), ("a-3", 2, ONE), ("a-2", 2, ONE), ("a-1", 2, OTHER), ("a-1", 2, THEIRS)],
    ids=["an older state", "another item", "one without its words", "another endpoint", "another tenant"],
)
def test_what_an_endpoint_did_not_get_last_is_not_sent_again(
    outgoing: Store, item: str, sequence: int, to: EndpointRow
) -> None:
    arrive(outgoing, ONE, "a-1", 2, keep_body=True)
    arrive(outgoing, ONE, "a-2", 2)
    assert not again(outgoing, item, sequence, to)
    assert waiting(outgoing) == []


def test_one_state_under_the_id_of_another_is_not_sent_again(outgoing: Store) -> None:
    arrive(outgoing, ONE, "a-1", 2, keep_body=True)
    assert not outgoing.outgoing.queue_again(ONE, announced("a-1", 2), Item("a-2", 2, False), NOW)
    assert not outgoing.outgoing.queue_again(ONE, announced("a-2", 2), Item("a-1", 2, False), NOW)


def test_who_asks_for_a_replay_twice_gets_each_message_once(outgoing: Store) -> None:
    record(outgoing, change_of("r-1", 2, "updated"))
    for _ in range(2):
        assert again(outgoing, "r-1", 2)
    assert outgoing.endpoints.counts(NOW)["ep_1"].waiting == 1
    assert waiting(outgoing) == [("acme", "ep_1", "r-1.2")]
    assert again(outgoing, "r-1", 2)
    [claimed] = outgoing.outgoing.claim(NOW + HOUR, NOW + 2 * HOUR, 9, 9)
    outgoing.outgoing.settle([Settled(Attempt(claimed.message, NOW + HOUR, 1, "delivered", reached=True))])
    assert outgoing.outgoing.claim(NOW + HOUR, NOW + 2 * HOUR, 9, 9) == [], "it was on its way"


def test_what_is_known_is_a_state_that_goes_on(outgoing: Store) -> None:
    """As an end, it would be the last that a receiver hears of it."""
    arrive(outgoing, ONE, "a-1", 2, keep_body=True)
    assert outgoing.outgoing.known(ONE, NOW + 5) == [
        (Announcement("acme", "c-1", "", "a-1.2", NOW + 5, b"words"), Item("a-1", 2, ends=False))
    ]


def test_a_replay_takes_the_lock_of_the_announcements_of_its_tenant(
    outgoing: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an erasure could miss what is sent again at this moment."""
    names: list[str] = []
    monkeypatch.setattr(outgoing._dialect, "lock_name", lambda _connection, name: names.append(name))
    for one in (ONE, THEIRS):
        again(outgoing, "r-1", 1, one)
        outgoing.outgoing.spread(one.tenant, 1, NOW, lambda _endpoint, _row: None)
    assert names[0] == names[1] != names[2] == names[3]
