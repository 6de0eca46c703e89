"""What is stored for endpoints, one step at a time, on both databases: what waits, what is known, and how it ends."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from signpost.case.instant import HOUR, MINUTE
from signpost.storage import Announcement, Attempt, Claimed, Item, Settled, Store, open_store, upgrade
from signpost.storage.endpoint_rows import TEST
from tests.support.receivers import NOW, change_of, endpoint, record


@pytest.fixture(params=["postgres_url", "sqlite_url"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store of each kind with one endpoint of acme."""
    url = request.getfixturevalue(request.param)
    upgrade(url)
    with open_store(url) as opened:
        assert opened.endpoints.add(endpoint(), 5)
        yield opened


ONE = endpoint()


def announcement(name: str, sequence: int, key: str = "c-1") -> Announcement:
    return Announcement("acme", key, "", f"{name}.{sequence}", NOW, b"{}")


def queue(store: Store, name: str, sequence: int = 1, key: str = "c-1") -> None:
    store.outgoing.queue(ONE, announcement(name, sequence, key), Item(name, sequence, False), NOW)


def spread(store: Store, name: str, sequence: int, *, ends: bool = False, now: int = NOW) -> None:
    """Record a change, and hand it to the endpoints of acme."""
    record(store, change_of(name, sequence, "resolved" if ends else "updated"))
    assert store.outgoing.spread("acme", 9, now, lambda _endpoint, _row: Item(name, sequence, ends)) == 1


def claim(store: Store, now: int = NOW) -> list[Claimed]:
    return store.outgoing.claim(now, now + MINUTE, 9, 9)


def settle(store: Store, one: Claimed, outcome: str = "delivered", *, reached: bool = True, **more: int | bool) -> None:
    attempt = Attempt(one.message, NOW + 5, 1, outcome, reached=reached)
    store.outgoing.settle([Settled(attempt, **more)])  # type: ignore[arg-type]


def waiting(store: Store) -> int:
    return store.outgoing.summary(NOW).waiting


def test_a_tenant_has_as_many_endpoints_as_it_may(store: Store) -> None:
    assert not store.endpoints.add(endpoint("ep_2"), 1)
    assert store.endpoints.add(endpoint("ep_3", tenant="globex"), 1), "those of others do not count"
    assert store.endpoints.add(endpoint("ep_2"), 2)


def test_while_a_secret_rotates_the_former_one_signs_as_well(store: Store) -> None:
    assert store.endpoints.rotate("acme", "ep_1", "new", NOW + HOUR)
    found = store.endpoints.get("acme", "ep_1")
    assert found is not None
    assert [found.secrets(at) for at in (NOW, NOW + HOUR)] == [("new", ONE.secret), ("new",)]
    assert not store.endpoints.rotate("globex", "ep_1", "new", NOW)


def test_what_failed_is_due_at_once_when_its_endpoint_is_enabled(store: Store) -> None:
    queue(store, "r-1")
    settle(store, claim(store)[0], "failed", due=NOW + HOUR)
    assert claim(store, NOW + MINUTE) == []
    assert store.endpoints.disable("acme", "ep_1", "by hand", NOW)
    assert store.endpoints.enable("acme", "ep_1", NOW + MINUTE)
    assert [one.message.attempts for one in claim(store, NOW + MINUTE)] == [0]


def test_nothing_stays_of_an_endpoint_that_is_removed(store: Store) -> None:
    queue(store, "r-1")
    settle(store, claim(store)[0])
    assert len(store.endpoints.attempts("acme", "ep_1")) == 1
    assert store.endpoints.remove("acme", "ep_1")
    assert store.endpoints.attempts("acme", "ep_1") == []
    assert store.endpoints.all() == []


def test_only_what_is_in_force_is_sent_again(store: Store) -> None:
    record(store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised"), change_of("r-2", 2, "resolved"))
    record(store, change_of("r-3", 1, "raised", key="c-2"))
    assert [one.id for one in store.endpoints.active("acme", page=1)] == ["r-1", "r-3"]
    assert [one.id for one in store.endpoints.active("acme", "c-2")] == ["r-3"]


def test_an_erasure_leaves_no_body_that_an_endpoint_got_and_no_attempt(store: Store) -> None:
    queue(store, "a-1")
    [one] = claim(store)
    settle(store, one, keep_body=True)
    assert [known.body for known, _ in store.outgoing.known(ONE, NOW)] == [b"{}"]
    with store.transaction() as transaction:
        transaction.erase("acme", {"c-1"}, NOW, now=NOW)
    assert store.outgoing.known(ONE, NOW) == []
    assert store.endpoints.attempts("acme", "ep_1") == []


def test_the_result_of_what_was_erased_meanwhile_leaves_no_trace(store: Store) -> None:
    queue(store, "a-1")
    [one] = claim(store)
    with store.transaction() as transaction:
        transaction.erase("acme", {"c-1"}, NOW, now=NOW)
    settle(store, one, keep_body=True)
    assert (store.outgoing.known(ONE, NOW), store.endpoints.attempts("acme", "ep_1")) == ([], [])


def test_what_waits_longer_than_the_endpoint_was_away_is_due_once_it_is_back(store: Store) -> None:
    queue(store, "r-1")
    queue(store, "r-2", key="c-2")
    first, second = claim(store)
    settle(store, first, "failed", reached=False, due=NOW + HOUR)
    settle(store, second, recovers=True)
    assert [one.message.item for one in claim(store, NOW + 5)] == ["r-1"]


def test_a_test_harms_no_endpoint(store: Store) -> None:
    queue(store, TEST)
    [one] = claim(store)
    settle(store, one, "failed", paused_until=NOW + HOUR)
    found = store.endpoints.get("acme", "ep_1")
    assert found is not None
    assert (found.failures, found.failing_since, found.paused_until) == (0, None, 0)
    assert waiting(store) == 0


def test_a_replayed_agenda_counts_from_its_replay(store: Store) -> None:
    queue(store, "a-1")
    settle(store, claim(store)[0], keep_body=True)
    for message, item in store.outgoing.known(ONE, NOW + HOUR):
        store.outgoing.queue(ONE, message, item, NOW + HOUR)
    assert store.endpoints.counts(NOW + HOUR + MINUTE)["ep_1"].oldest == MINUTE
    assert store.outgoing.summary(NOW + HOUR + MINUTE).oldest == MINUTE


def test_what_the_receiver_knows_or_is_getting_is_not_sent_twice(store: Store) -> None:
    spread(store, "r-1", 2)
    [one] = claim(store)
    queue(store, "r-1", 3)
    spread(store, "r-1", 2)
    assert waiting(store) == 1, "it is on its way"
    settle(store, one)
    spread(store, "r-1", 2)
    assert waiting(store) == 0, "it is known"


def test_a_later_state_waits_as_long_as_the_one_that_it_replaces(store: Store) -> None:
    """Else a busy candidate is tried more often than the endpoint can bear."""
    spread(store, "r-1", 1)
    settle(store, claim(store)[0], "failed", reached=False, due=NOW + HOUR)
    spread(store, "r-1", 2)
    assert claim(store, NOW + HOUR - 1) == []
    assert [(one.message.sequence, one.message.attempts) for one in claim(store, NOW + HOUR)] == [(2, 1)]


def test_the_latest_state_that_is_known_stays_known(store: Store) -> None:
    queue(store, "r-1", 1)
    [first] = claim(store)
    later = first._replace(message=replace(first.message, sequence=5))
    settle(store, later, "failed", due=NOW)
    settle(store, first, "failed", due=NOW)
    spread(store, "r-1", 5)
    assert [one.message.sequence for one in claim(store, NOW + MINUTE)] == [1], "5 is known already"


def test_only_what_a_sender_left_without_a_word_is_dropped_as_overtaken(store: Store) -> None:
    every = endpoint("ep_2", every_change=True)
    assert store.endpoints.add(every, 5)
    spread(store, "r-1", 1)
    spread(store, "r-1", 2)
    found = [(one.endpoint.id, one.message.sequence) for one in claim(store)]
    assert found == [("ep_1", 2), ("ep_2", 1)], "of the other each change, in order"
    assert [one.message.sequence for one in claim(store, NOW + 2 * MINUTE)] == [2, 1]
