"""Accepted events are kept: whatever the broker does or leaves undone, they are confirmed or in the outbox."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from pathlib import Path

import pytest

from signpost.errors import TransientError
from signpost.messaging import Message, Publisher
from signpost.messaging.message import ACCEPTED_AT
from signpost.schemas import load_own_event
from signpost.services.intake import acceptance
from signpost.services.intake.acceptance import EventAcceptor, NotPersisted
from signpost.storage import OutboxRow, Store, open_store
from tests.support.workers_kit import START, event

EVENTS = [
    event("offer.extended", who, at=at, offer="o", tenant=tenant)
    for who, tenant, at in [("c-2", "north", 0), ("c-1", "north", 1), ("c-2", "north", 2), ("c-1", "south", 3)]
]


class Confirming:
    """A broker that answers each message as a test says: confirms it, refuses it, or stays silent."""

    problem: str | None = None

    def __init__(self, answer: Callable[[int, Future[None]], None]) -> None:
        self._answer = answer
        self.published: list[Message] = []

    def publish(self, message: Message) -> Future[None]:
        future: Future[None] = Future()
        self._answer(len(self.published), future)
        self.published.append(message)
        return future

    def close(self, timeout_s: float) -> None:
        """Nothing to close."""


def confirm(_number: int, future: Future[None]) -> None:
    future.set_result(None)


def stay_silent(_number: int, _future: Future[None]) -> None:
    """No confirm comes."""


def acceptor(store: Store, publisher: Callable[[], Publisher], confirm_timeout_s: float = 0.05) -> EventAcceptor:
    return EventAcceptor(store, publisher, 1, confirm_timeout_s)


def outbox(store: Store) -> list[OutboxRow]:
    """All rows of the outbox, which are free for the relay at once."""
    return store.outbox.claim(START, START + 1, 100)


def subjects(rows: list[OutboxRow]) -> list[tuple[str, str, str]]:
    documents = [json.loads(row.body) for row in rows]
    return [(one["tenant"], one["subject"], one["time"]) for one in documents]


def away() -> Publisher:
    raise TransientError("the broker refuses connections")


def test_a_confirmed_event_needs_no_outbox(store: Store) -> None:
    broker = Confirming(confirm)
    acceptor(store, lambda: broker).accept(EVENTS, START)
    assert len(broker.published) == len(EVENTS)
    assert outbox(store) == []


def test_an_event_whose_confirm_does_not_come_in_time_is_in_the_outbox(store: Store) -> None:
    broker = Confirming(lambda number, future: None if number == 1 else confirm(number, future))
    begin = time.monotonic()
    acceptor(store, lambda: broker).accept(EVENTS, START)
    assert time.monotonic() - begin < 5, "the wait for the confirm has an end"
    (row,) = outbox(store)
    assert json.loads(row.body)["id"] == EVENTS[1].id
    assert (row.message_id, row.routing_key) == (broker.published[1].message_id, broker.published[1].routing_key)


def test_a_confirm_that_comes_in_time_is_waited_for(store: Store) -> None:
    """Else every event would be stored twice."""

    def confirm_later(number: int, future: Future[None]) -> None:
        threading.Timer(0.05, confirm, (number, future)).start()

    acceptor(store, lambda: Confirming(confirm_later), confirm_timeout_s=30).accept(EVENTS, START)
    assert outbox(store) == []


def test_all_confirms_are_waited_for_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, a request with many events would wait many times as long."""
    waits: list[int] = []

    def counted(futures: Sequence[Future[None]], timeout: float) -> None:
        waits.append(len(futures))
        wait(futures, timeout)

    monkeypatch.setattr(acceptance, "wait", counted)
    acceptor(store, lambda: Confirming(stay_silent), confirm_timeout_s=0.001).accept(EVENTS, START)
    assert waits == [len(EVENTS)]


def test_a_message_says_when_its_event_was_accepted_and_where_its_sender_wrote(store: Store) -> None:
    broker, written = Confirming(confirm), replace(EVENTS[0], offsets={"time": -480})
    acceptor(store, lambda: broker).accept([written], START + 5)
    [message] = broker.published
    assert message.headers[ACCEPTED_AT] == START + 5
    assert load_own_event(json.loads(message.body)).offsets == {"time": -480}


def test_what_the_broker_and_the_outbox_keep_is_counted_apart(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[tuple[str, float]] = []

    class Counting:
        def inc(self, kept_by: str, by: float) -> None:
            counts.append((kept_by, by))

    monkeypatch.setattr(acceptance, "EVENTS_ACCEPTED", Counting())
    broker = Confirming(lambda number, future: None if number == 1 else confirm(number, future))
    acceptor(store, lambda: broker).accept(EVENTS, START)
    assert counts == [("broker", 3), ("outbox", 1)]


def test_an_event_in_the_outbox_is_found_by_its_case_and_its_time(store: Store) -> None:
    """Else an erasure leaves it there."""
    acceptor(store, away).accept(EVENTS, START)
    rows = outbox(store)
    assert {(row.tenant, row.case_key) for row in rows} == {(one.tenant, one.subject) for one in EVENTS}
    assert {row.created for row in rows} == {START}


def test_an_event_that_the_broker_refuses_is_in_the_outbox(store: Store) -> None:
    def refuse_the_third(number: int, future: Future[None]) -> None:
        future.set_exception(TransientError("full")) if number == 2 else future.set_result(None)

    acceptor(store, lambda: Confirming(refuse_the_third)).accept(EVENTS, START)
    assert [json.loads(row.body)["id"] for row in outbox(store)] == [EVENTS[2].id]


@pytest.mark.parametrize("publisher", [away, lambda: Confirming(stay_silent)], ids=["away", "silent"])
def test_without_the_broker_every_event_is_in_the_outbox_in_the_order_of_its_case(
    store: Store, publisher: Callable[[], Publisher]
) -> None:
    acceptor(store, publisher).accept(EVENTS, START)
    found = subjects(outbox(store))
    sent = [(one.tenant, one.subject) for one in EVENTS]
    assert sorted((tenant, subject) for tenant, subject, _ in found) == sorted(sent)
    of_one = [at for tenant, subject, at in found if (tenant, subject) == ("north", "c-2")]
    assert of_one == sorted(of_one)
    assert len(of_one) == 2


def test_rows_of_one_case_are_written_together(store: Store) -> None:
    """Two requests that keep the same cases in another order must not wait for each other."""
    acceptor(store, away).accept(EVENTS, START)
    written = [(tenant, subject) for tenant, subject, _ in subjects(outbox(store))]
    assert written == sorted(written)


def test_without_broker_and_database_the_sender_is_not_told_that_its_event_is_kept(tmp_path: Path) -> None:
    nowhere = open_store(f"sqlite:///{tmp_path / 'missing' / 'signpost.db'}")
    with pytest.raises(NotPersisted, match="the outbox is unavailable"):
        acceptor(nowhere, away).accept(EVENTS, START)


def test_the_log_says_how_many_events_are_unconfirmed_and_why(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    acceptor(store, lambda: Confirming(stay_silent)).accept(EVENTS, START)
    assert "4 of 4 events are unconfirmed and go to the outbox: no confirm within 0.05 s" in caplog.text
    caplog.clear()
    acceptor(store, lambda: Confirming(lambda _, future: future.set_exception(TransientError("full")))).accept(
        EVENTS[:1], START
    )
    assert "1 of 1 events are unconfirmed and go to the outbox: full" in caplog.text
    caplog.clear()
    acceptor(store, lambda: Confirming(confirm)).accept(EVENTS, START)
    assert caplog.text == ""
