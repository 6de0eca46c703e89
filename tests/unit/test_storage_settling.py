"""What follows from an attempt at delivery: for the message, for what waits behind it, and for its endpoint."""

from typing import Any

import pytest
from sqlalchemy import select, update

from signpost.case.instant import HOUR, MINUTE
from signpost.storage import Announcement, Attempt, Claimed, EndpointRow, Item, Settled, Store
from signpost.storage.endpoint_rows import TEST
from signpost.storage.endpoint_tables import endpoint_items, endpoint_messages
from tests.support.receivers import NOW, change_of, endpoint, record

ONE = endpoint()


@pytest.fixture
def outgoing(store: Store) -> Store:
    """A store with one endpoint."""
    assert store.endpoints.add(ONE, 5)
    return store


def queue(store: Store, item: str, sequence: int = 1, key: str = "c-1", *, ends: bool = False) -> None:
    message = Announcement("acme", key, "", f"{item}.{sequence}", NOW, b"words")
    store.outgoing.queue(ONE, message, Item(item, sequence, ends), NOW)


def hand_out(store: Store, item: str, sequence: int, *, ends: bool = False, now: int = NOW) -> None:
    """A change is recorded, and handed to the endpoint."""
    record(store, change_of(item, sequence, "resolved" if ends else "updated"))
    assert store.outgoing.spread("acme", 9, now, lambda _endpoint, _row: Item(item, sequence, ends)) == 1


def claim(store: Store, now: int = NOW) -> list[Claimed]:
    return store.outgoing.claim(now, now + MINUTE, 9, 9)


def due(store: Store, now: int = NOW) -> list[str]:
    """The ids of what an endpoint gets now."""
    return [one.message.message_id for one in claim(store, now)]


def after(one: Claimed, outcome: str, *, reached: bool = True, **what: Any) -> Settled:
    return Settled(Attempt(one.message, NOW, 1, outcome, reached=reached), **what)


def settle(store: Store, one: Claimed, outcome: str = "delivered", *, reached: bool = True, **what: Any) -> None:
    store.outgoing.settle([after(one, outcome, reached=reached, **what)])


def known(store: Store) -> list[str]:
    """The items of which the receiver may know."""
    with store._read_connection() as connection:
        return sorted(connection.scalars(select(endpoint_items.c.item)))


def state(store: Store) -> EndpointRow:
    [row] = store.endpoints.all("acme")
    return row


@pytest.mark.parametrize("outcome", ["delivered", "failed"])
def test_a_test_message_is_nothing_that_a_receiver_knows(outgoing: Store, outcome: str) -> None:
    """Else a replay would send it again."""
    queue(outgoing, TEST, key="")
    [one] = claim(outgoing)
    settle(outgoing, one, outcome, keep_body=True)
    assert known(outgoing) == []
    assert due(outgoing, NOW + HOUR) == [], "it is sent once"


def test_an_end_that_may_have_arrived_is_no_state_to_send_again(outgoing: Store) -> None:
    queue(outgoing, "a-1", 3, ends=True)
    [one] = claim(outgoing)
    settle(outgoing, one, "failed", keep_body=True)
    assert known(outgoing) == []
    assert due(outgoing) == ["a-1.3"], "it is tried again"


def test_the_end_of_what_never_arrived_is_not_sent_though_the_receiver_knows_other_things(outgoing: Store) -> None:
    queue(outgoing, "r-9")
    settle(outgoing, claim(outgoing)[0])
    queue(outgoing, "r-1")
    [one] = claim(outgoing)
    hand_out(outgoing, "r-1", 2, ends=True)
    settle(outgoing, one, "failed", reached=False)
    assert due(outgoing, NOW + HOUR) == []


def test_an_end_that_comes_when_a_sender_is_late_is_sent(outgoing: Store) -> None:
    """The sender may have sent what it was about to send."""
    queue(outgoing, "r-1")
    assert due(outgoing) == ["r-1.1"]
    hand_out(outgoing, "r-1", 2, ends=True, now=NOW + HOUR)
    assert due(outgoing, NOW + HOUR) == ["r-1.2"]


def test_the_words_of_what_a_late_sender_had_are_not_kept(outgoing: Store) -> None:
    queue(outgoing, "r-1")
    assert due(outgoing) == ["r-1.1"]
    hand_out(outgoing, "r-1", 2, now=NOW + HOUR)
    assert due(outgoing, NOW + HOUR) == ["r-1.2"]
    assert known(outgoing) == ["r-1"]
    assert outgoing.outgoing.known(ONE, NOW) == []


def test_the_first_state_follows_one_without_a_number(outgoing: Store) -> None:
    queue(outgoing, "r-1", 0)
    [one] = claim(outgoing)
    hand_out(outgoing, "r-1", 1)
    settle(outgoing, one)
    assert due(outgoing) == ["r-1.1"]


def test_a_message_that_is_not_asked_to_be_kept_has_no_words_left_and_pauses_nothing(outgoing: Store) -> None:
    for outcome in ("failed", "delivered"):
        queue(outgoing, "r-1")
        settle(outgoing, claim(outgoing)[0], outcome)
        assert outgoing.outgoing.known(ONE, NOW) == []
        assert state(outgoing).paused_until == 0


def test_only_an_endpoint_that_recovers_gets_at_once_what_waits_for_its_next_attempt(outgoing: Store) -> None:
    for number in (1, 2, 3):
        queue(outgoing, f"r-{number}", key=f"c-{number}")
    first, second, third = claim(outgoing)
    settle(outgoing, first, "failed", due=NOW + HOUR)
    settle(outgoing, second)
    assert due(outgoing) == []
    settle(outgoing, third, recovers=True)
    assert due(outgoing) == ["r-1.1"]


def test_the_reason_to_disable_an_endpoint_stays_when_a_success_comes_at_the_same_time(outgoing: Store) -> None:
    for number in (1, 2):
        queue(outgoing, f"r-{number}", key=f"c-{number}")
    first, second = claim(outgoing)
    outgoing.outgoing.settle([after(first, "refused", disable="the receiver is gone"), after(second, "delivered")])
    row = state(outgoing)
    assert (row.enabled, row.reason, row.failures, row.last_success) == (False, "the receiver is gone", 0, NOW)


def test_a_success_before_a_failure_at_the_same_time_counts(outgoing: Store) -> None:
    for number in (1, 2, 3):
        queue(outgoing, f"r-{number}", key=f"c-{number}")
    first, second, third = claim(outgoing)
    settle(outgoing, first, "failed")
    outgoing.outgoing.settle([after(second, "delivered"), after(third, "failed")])
    row = state(outgoing)
    assert (row.failures, row.failing_since, row.last_success) == (1, NOW, NOW)


def put_off(store: Store, message_id: str, attempts: int, until: int) -> None:
    """So many attempts have failed, and the next one is due then."""
    mine = endpoint_messages.c.message_id == message_id
    with store._write_connection() as connection:
        connection.execute(update(endpoint_messages).where(mine).values(attempts=attempts, due=until))


def tries(store: Store) -> list[tuple[str, int, int]]:
    """Id, attempts and next attempt of what waits."""
    row = endpoint_messages.c
    with store._read_connection() as connection:
        return [
            tuple(one) for one in connection.execute(select(row.message_id, row.attempts, row.due).order_by(row.id))
        ]


def test_each_of_every_change_has_attempts_of_its_own(store: Store) -> None:
    assert store.endpoints.add(endpoint(every_change=True), 5)
    hand_out(store, "r-1", 1)
    put_off(store, "r-1.1", 3, NOW + HOUR)
    hand_out(store, "r-1", 2)
    assert tries(store) == [("r-1.1", 3, NOW + HOUR), ("r-1.2", 0, NOW)]


def test_what_replaces_several_messages_counts_as_tried_as_often_as_any_of_them(outgoing: Store) -> None:
    """Else a busy candidate would be tried more often."""
    queue(outgoing, "r-1")
    [unsent] = claim(outgoing)
    hand_out(outgoing, "r-1", 2)
    outgoing.outgoing.release([unsent.message.id])
    put_off(outgoing, "r-1.1", 3, NOW + HOUR)
    hand_out(outgoing, "r-1", 3)
    assert tries(outgoing) == [("r-1.3", 3, NOW + HOUR)]


def test_an_endpoint_of_another_tenant_with_the_same_id_recovers_too(outgoing: Store) -> None:
    other = endpoint(tenant="zeta")
    assert outgoing.endpoints.add(other, 5)
    queue(outgoing, "r-1")
    outgoing.outgoing.queue(
        other, Announcement("zeta", "c-1", "", "r-2.1", NOW, b"words"), Item("r-2", 1, ends=False), NOW
    )
    outgoing.outgoing.settle([after(one, "delivered") for one in claim(outgoing)])
    assert [outgoing.endpoints.all(tenant)[0].last_success for tenant in ("acme", "zeta")] == [NOW, NOW]
