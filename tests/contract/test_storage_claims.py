"""What a deliverer gets and when, and what stays of a message that was sent: on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from signpost.case.instant import HOUR, MINUTE
from signpost.storage import Announcement, Attempt, Claimed, Item, Settled, Store, open_store
from signpost.storage.endpoint_tables import endpoint_items, endpoint_messages
from tests.support.databases import migrate
from tests.support.receivers import NOW, change_of, endpoint, record

ONE = endpoint()


@pytest.fixture(params=["postgres_url", "sqlite_url"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store of each kind with one endpoint."""
    url = request.getfixturevalue(request.param)
    migrate(url)
    with open_store(url) as opened:
        assert opened.endpoints.add(ONE, 5)
        yield opened


def queue(store: Store, name: str, key: str = "c-1") -> None:
    message = Announcement("acme", key, "", f"{name}.1", NOW, b"words")
    store.outgoing.queue(ONE, message, Item(name, 1, False), NOW)


def claim(store: Store, now: int = NOW) -> list[Claimed]:
    return store.outgoing.claim(now, now + MINUTE, 9, 9)


def settle(
    store: Store, one: Claimed, outcome: str = "delivered", *, reached: bool = True, at: int = NOW, **more: Any
) -> None:
    store.outgoing.settle([Settled(Attempt(one.message, at, 1, outcome, reached=reached), **more)])


def test_what_was_set_aside_holds_up_nothing_of_its_case(store: Store) -> None:
    for name in ("r-1", "r-2", "r-3"):
        queue(store, name)
    [first] = claim(store)
    assert first.message.item == "r-1", "of one case one after the other"
    settle(store, first, "refused", set_aside=True)
    [second] = claim(store)
    assert second.message.item == "r-2"
    assert claim(store, NOW + HOUR)[0].message.item == "r-2", "what was set aside is not tried again"


def hand_out_later_state(store: Store) -> None:
    """The second state of r-1 arrives."""
    record(store, change_of("r-1", 2, "updated"))
    assert store.outgoing.spread("acme", 9, NOW, lambda _endpoint, _row: Item("r-1", 2, False)) == 1


def test_what_is_overtaken_on_its_way_counts_as_sent_until_its_sender_is_late(store: Store) -> None:
    queue(store, "r-1")
    [sent] = claim(store)
    hand_out_later_state(store)
    assert claim(store, NOW + MINUTE - 1) == [], "the receiver is getting the one before"
    settle(store, sent)
    assert [one.message_id for one in store.endpoints.attempts("acme", "ep_1")] == ["r-1.1"]
    assert [one.message.sequence for one in claim(store)] == [2]


def test_what_was_never_sent_is_not_taken_for_known_because_a_later_state_waits(store: Store) -> None:
    """Else its end would be sent to a receiver that has never heard of it."""
    queue(store, "r-1")
    [unsent] = claim(store)
    hand_out_later_state(store)
    store.outgoing.release([unsent.message.id])
    assert [one.message.sequence for one in claim(store)] == [1]
    with store._read_connection() as connection:
        assert connection.execute(select(endpoint_items.c.item)).all() == []


@pytest.mark.parametrize("outcome", ["delivered", "failed"])
@pytest.mark.parametrize("keep_body", [True, False])
def test_the_words_of_a_message_stay_only_where_a_replay_needs_them(
    store: Store, outcome: str, keep_body: bool
) -> None:
    for _ in range(2):
        queue(store, "r-1")
        [one] = claim(store)
        settle(store, one, outcome, keep_body=keep_body)
        with store._read_connection() as connection:
            found = connection.execute(select(endpoint_items.c.item, endpoint_items.c.body)).all()
        assert [(item, body) for item, body in found] == [("r-1", b"words" if keep_body else None)]
        store.endpoints.resume("acme", "ep_1", NOW)
    assert len(store.outgoing.known(ONE, NOW)) == keep_body


def test_a_clock_that_was_ahead_has_put_off_first_attempts_and_what_nobody_puts_off_so_far(store: Store) -> None:
    """What failed before waits for its next attempt, and what is overdue keeps its place."""
    latest = NOW + HOUR
    put_off = {
        "overdue": (0, NOW - 9),
        "first": (0, NOW + 1),
        "next": (1, NOW + 1),
        "last": (1, latest),
        "far": (1, latest + 1),
    }
    message = endpoint_messages.c
    for name, (attempts, due) in put_off.items():
        queue(store, name, f"c-{name}")
        with store._write_connection() as connection:
            mine = update(endpoint_messages).where(message.item == name)
            connection.execute(mine.values(attempts=attempts, due=due))
    store.outgoing.correct(NOW, NOW + MINUTE, latest)
    with store._read_connection() as connection:
        found = {row.item: row.due for row in connection.execute(select(message.item, message.due))}
    unchanged = {name: due for name, (_, due) in put_off.items() if name not in ("first", "far")}
    assert found == {**unchanged, "first": NOW, "far": NOW}


def test_attempts_are_deleted_by_their_age_the_oldest_first_and_so_many_at_once(store: Store) -> None:
    for number, after in enumerate((3, 1, 2, 4)):
        queue(store, f"r-{number}", f"c-{number}")
        settle(store, claim(store)[0], at=NOW + after)

    def ages() -> list[int]:
        return [one.at - NOW for one in store.endpoints.attempts("acme", "ep_1")]

    assert store.outgoing.prune(NOW + 4, 0, 2) == 2
    assert ages() == [4, 3]
    assert store.outgoing.prune(NOW + 4, 0, 2) == 1
    assert store.outgoing.prune(NOW + 4, 0, 2) == 0
    assert ages() == [4]
