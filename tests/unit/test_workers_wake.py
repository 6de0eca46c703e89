"""What a clock and a relay leave behind: agendas of woken cases, confirmed rows at the end, and freed messages."""

from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import orjson
import pytest

from signpost.case.instant import DAY, HOUR, MINUTE, SECOND
from signpost.errors import BugError, TransientError
from signpost.messaging import Message
from signpost.messaging.message import QueueFull
from signpost.names import AGENDA
from signpost.storage import CaseRow, Store
from signpost.workers import case_rows
from signpost.workers.correction import MAX_SKEW_US
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.reevaluation import POSTPONE_US
from signpost.workers.relay import Relay
from signpost.workers.rulebook_versions import ANNOUNCE_INTERVAL_US, IN_USE_US
from tests.support.worker_loops import Broker, Clock, Turns, case, due_case, keep, letters, outgoing, waiting
from tests.support.workers_kit import ENGINES, LEASE, START, event

ACME = {"id": "acme", "name": "Acme"}


@pytest.fixture
def broker() -> Broker:
    return Broker()


def test_a_woken_case_publishes_its_agendas_once_they_have_settled(store: Store, broker: Broker) -> None:
    due_case(store, "c-1", START)
    clock = Clock(store, broker)
    clock.processor.wake(lambda: START)
    _, sent = clock.processor.wake(lambda: START + MINUTE)
    assert AGENDA in {item.message.exchange for item in sent}
    assert len(store.outbox.claim(START + DAY, START + DAY, 99)) > len(sent), "with the advice of the first time"


def test_a_case_leaves_the_list_of_an_employer_when_time_has_ended_its_advice(store: Store, broker: Broker) -> None:
    from signpost.case import Case

    state = Case().fold(event("offer.extended", "c-1", offer="o", employer=ACME)).to_json()
    due_case(store, "c-1", START, state=state)
    clock = Clock(store, broker)
    clock.processor.wake(lambda: START)
    assert [place.case_key for place in store.standings("acme", "acme")] == ["c-1"]
    end = START + 3650 * DAY
    with store.transaction() as tx:
        (row,) = tx.lock_cases([("acme", "c-1")]).values()
        tx.save_cases([replace(row, next_change=end)])
    clock.processor.wake(lambda: end)
    assert store.standings("acme", "acme") == []


def test_an_empty_case_is_woken_like_any_other(store: Store, broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    """A batch without room leaves the rows that it has locked."""
    due_case(store, "c-1", START, state=b"")
    assert Clock(store, broker).processor.wake(lambda: START) == (1, [])
    assert caplog.text == ""
    assert case(store, "c-1").next_change is None


def test_a_case_of_a_clock_within_the_allowed_skew_keeps_its_instant(store: Store, broker: Broker) -> None:
    ahead = START + MAX_SKEW_US
    due_case(store, "allowed", START, updated=ahead)
    due_case(store, "beyond", START, updated=ahead + 1)
    Clock(store, broker).processor.wake(lambda: START)
    assert (case(store, "allowed").updated, case(store, "beyond").updated) == (ahead, START)


def test_corrections_go_on_without_a_pause_until_none_is_left(store: Store, broker: Broker) -> None:
    for number in range(3):
        due_case(store, f"c-{number}", None, updated=START + DAY)
    processor = Clock(store, broker).processor
    assert [processor.reevaluate(lambda: START, 2)[0] for _ in range(2)] == [2, 1]
    due_case(store, "late", None, updated=START + DAY)
    assert processor.reevaluate(lambda: START, 2)[0] == 0, "the next look comes after a pause"
    assert processor.reevaluate(lambda: START + 2 * SECOND, 2)[0] == 1


def test_a_clock_that_stops_deletes_what_the_broker_has_confirmed(store: Store, broker: Broker) -> None:
    """Else the relay would publish it again."""
    due_case(store, "c-1", START)
    clock, stop = Clock(store, broker), Turns(9)

    def stop_and_confirm(_: str) -> bool:
        stop.set()
        return False

    broker.refuses = stop_and_confirm
    clock.worker.run(stop)
    assert broker.published
    assert waiting(store) == []


def test_an_idle_clock_deletes_what_was_confirmed_before_it_pauses(store: Store, broker: Broker) -> None:
    due_case(store, "c-1", START)
    clock, left = Clock(store, broker), list[list[str]]()

    class Looks(Turns):
        def wait(self, timeout: float | None = None) -> bool:
            left.append(waiting(store))
            return super().wait(timeout)

    clock.worker.run(Looks(1))
    assert broker.published
    assert left == [[]]


def test_the_clock_forgets_signed_messages_that_are_too_old_to_come_again(store: Store, broker: Broker) -> None:
    store.signed_messages.claim(b"k", b"first", until=START - 1, now=START - HOUR)
    store.signed_messages.claim(b"l", b"first", until=START, now=START - HOUR)
    Clock(store, broker).turn()
    assert store.signed_messages.claim(b"k", b"other", until=START, now=START - HOUR)
    assert not store.signed_messages.claim(b"l", b"other", until=START, now=START - HOUR)


def test_a_batch_that_is_confirmed_whole_is_no_warning(
    store: Store, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = OutboxPublisher(broker, store, 1)
    publisher.send(outgoing(store, 2))
    assert (publisher.collect(), caplog.text) == (2, "")


class FullQueue(Broker):
    """Refuses every message while it is full."""

    is_full = True

    def publish(self, message: Message) -> Future[None]:
        self.published.append(message.message_id)
        future: Future[None] = Future()
        future.set_exception(QueueFull("full")) if self.is_full else future.set_result(None)
        return future


def test_once_a_full_queue_takes_a_message_the_others_follow_at_once(store: Store) -> None:
    broker, now = FullQueue(), START
    relay = Relay(store, broker, OutboxPublisher(broker, store, 1), lambda: now, lease=LEASE, interval_s=1)
    keep(store, letters(3))
    relay.step()
    now += LEASE
    assert relay.step() == (3, 0)
    assert broker.published == ["m-0000", "m-0001", "m-0002", "m-0000"], "one is tried"
    now, broker.is_full = now + 2 * LEASE, False
    assert relay.step()[1] == 1
    assert relay.step() == (2, 2)


def test_what_another_relay_sends_is_not_sent_twice_once_a_full_queue_takes_messages(store: Store) -> None:
    broker, now = FullQueue(), START
    relay = Relay(store, broker, OutboxPublisher(broker, store, 1), lambda: now, lease=LEASE, interval_s=1)
    keep(store, letters(2))
    relay.step()
    now += LEASE
    relay.step()
    now, broker.is_full = now + 2 * LEASE, False
    with store.transaction() as tx:
        tx.enqueue(letters(3)[2:], tenant="acme", case_key="c-1", now=now, leased_until=now + LEASE)
    assert [relay.step()[1] for _ in range(3)] == [1, 1, 0]
    assert "m-0002" not in broker.published


def test_an_announcement_is_renewed_several_times_while_it_is_valid() -> None:
    assert (ANNOUNCE_INTERVAL_US, IN_USE_US) == (10 * SECOND, 60 * SECOND)


@pytest.mark.parametrize(("after", "is_taken"), [(0, False), (1, True)])
def test_a_case_that_asks_to_be_woken_at_once_does_not_keep_the_clock_busy(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch, after: int, is_taken: bool
) -> None:
    def to_rows(*arguments: Any) -> list[CaseRow]:
        return [replace(row, next_change=row.updated + after) for row in case_rows.to_rows(*arguments)]

    due_case(store, "c-1", START)
    monkeypatch.setattr("signpost.workers.reevaluation.to_rows", to_rows)
    Clock(store, broker).processor.wake(lambda: START)
    assert case(store, "c-1").next_change == START + (after if is_taken else POSTPONE_US)


def test_a_case_that_was_not_locked_is_not_saved() -> None:
    case_set = case_rows.load_case_set(ENGINES.of("acme"), "acme", [CaseRow("acme", "c-1")])
    list(case_set.apply(event("offer.extended", "c-1", offer="o"), START))
    case_set.advise(START)
    case_set.cases["c-1"].next_change = START + 7
    [row] = case_rows.to_rows([case_set], {("acme", "c-1"): CaseRow("acme", "c-1")}, START)
    assert (row.key, row.next_change) == ("c-1", START + 7)
    with pytest.raises(BugError, match="touched but not locked"):
        case_rows.to_rows([case_set], {}, START)


def test_the_state_of_a_case_that_cannot_be_saved_is_not_lost(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is away while a case is evaluated is no fault of the case."""

    def away(*_: object, **__: object) -> None:
        raise TransientError("the database is away")

    due_case(store, "c-1", START)
    with monkeypatch.context() as patched:
        patched.setattr("signpost.workers.reevaluation.update_agendas", away)
        with pytest.raises(TransientError):
            Clock(store, broker).processor.wake(lambda: START)
    assert (case(store, "c-1").next_change, case(store, "c-1").advice) == (START, b"")
    assert orjson.loads(case(store, "c-1").state)
