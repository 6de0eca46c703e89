"""Deliverers without a network, in virtual time: order, coalescing, retries, and endpoints that do not work."""

from collections import Counter
from secrets import token_bytes

import pytest

from signpost.case.instant import DAY, HOUR, MINUTE, SECOND
from signpost.outgoing.desk import EndpointDesk
from signpost.outgoing.items import redact
from signpost.storage import Store
from tests.support.receivers import (
    AWAY,
    FAULTY,
    GONE,
    HANGS,
    NOW,
    OK,
    REFUSED,
    Receiver,
    World,
    body_of,
    change_of,
    record,
    record_agenda,
)


def announced(store: Store) -> int:
    """Announcements that wait to be spread."""
    return len(store.outgoing.announced())


def test_changes_arrive_in_order(world: World) -> None:
    receiver = world.add(Receiver())
    record(world.store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised"))
    world.deliverer().run(world, SECOND)
    record(world.store, change_of("r-1", 2, "updated"), change_of("r-2", 2, "resolved"))
    world.deliverer().run(world, 2 * SECOND)
    assert [(item, sequence) for _, item, sequence, _ in receiver.got] == [
        ("r-1", 1),
        ("r-2", 1),
        ("r-1", 2),
        ("r-2", 2),
    ]
    assert not world.store.endpoints.counts(world.now)


def test_a_tenant_without_an_endpoint_costs_nothing(world: World) -> None:
    record(world.store, change_of("r-1", 1, "raised"))
    assert announced(world.store) == 0


def test_another_tenant_gets_nothing(world: World) -> None:
    ours = world.add(Receiver())
    theirs = world.add(Receiver(), "ep_2", tenant="other")
    record(world.store, change_of("r-1", 1, "raised"))
    world.deliverer().run(world, SECOND)
    assert (len(ours.got), len(theirs.got)) == (1, 0)


def test_patterns_choose(world: World) -> None:
    raised = world.add(Receiver(), "ep_1", "acme.*.*.*.raised")
    agendas = world.add(Receiver(), "ep_2", "agenda:acme.candidate.#")
    record(world.store, change_of("r-1", 1, "raised"))
    record_agenda(world.store, 1, ["call"])
    world.deliverer().run(world, SECOND)
    assert list(raised.states) == ["r-1"]
    assert list(agendas.states) == ["a-c-1"]


def test_on_return_only_todays_state_arrives(world: World) -> None:
    back_at = NOW + 2 * DAY
    receiver = world.add(Receiver(lambda now: OK if now >= back_at else AWAY))
    deliverer = world.deliverer()
    record(world.store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised"))
    deliverer.run(world, HOUR)
    record(world.store, *(change_of("r-1", number, "updated") for number in range(2, 40)))
    record(world.store, change_of("r-2", 2, "resolved"))
    deliverer.run(world, 2 * DAY + 6 * HOUR)
    assert [(item, sequence) for _, item, sequence, _ in receiver.got] == [("r-1", 39)]


def test_an_endpoint_gets_eight_at_once_and_one_that_fails_one(world: World) -> None:
    world.add(Receiver())
    world.add(Receiver(lambda _now: AWAY, takes_us=0), "ep_2")
    record(world.store, *(change_of(f"r-{number}", 1, "raised", key=f"c-{number}") for number in range(20)))
    deliverer = world.deliverer()
    deliverer.step()
    assert Counter(one.claimed.endpoint.id for _, one in deliverer.dispatcher.in_hand) == {"ep_1": 8, "ep_2": 8}
    deliverer.step()
    world.now += HOUR
    before = world.receivers["ep_2"].asked["failed"]
    deliverer.step()
    assert world.receivers["ep_2"].asked["failed"] == before + 1


def test_what_ended_unknown_takes_no_other_message_with_it(world: World) -> None:
    first = world.add(Receiver(lambda now: OK if now > NOW else AWAY))
    other = world.add(Receiver(lambda now: OK if now > NOW + SECOND else AWAY), "ep_2")
    deliverer = world.deliverer()
    record(world.store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised", key="c-2"))
    deliverer.step()
    record(world.store, change_of("r-1", 2, "resolved"))
    deliverer.run(world, HOUR)
    assert (first.states, other.states) == ({"r-2": "raised"}, {"r-2": "raised"})


def test_an_endpoint_may_ask_for_every_change(world: World) -> None:
    back_at = NOW + DAY
    receiver = world.add(Receiver(lambda now: OK if now >= back_at else AWAY), every_change=True)
    record(world.store, change_of("r-1", 1, "raised"), change_of("r-1", 2, "updated"), change_of("r-1", 3, "resolved"))
    world.deliverer().run(world, 2 * DAY)
    assert [sequence for _, _, sequence, _ in receiver.got] == [1, 2, 3]


def test_the_end_of_what_may_have_arrived_is_sent(world: World) -> None:
    answers = iter([HANGS, OK])
    receiver = world.add(Receiver(lambda _now: next(answers)))
    deliverer = world.deliverer()
    record(world.store, change_of("r-1", 1, "raised"))
    deliverer.step()
    record(world.store, change_of("r-1", 2, "resolved"))
    deliverer.run(world, MINUTE)
    assert [(sequence, change) for _, _, sequence, change in receiver.got] == [(1, "raised"), (2, "resolved")]


def test_what_a_crashed_deliverer_had_is_not_announced_after_its_end(world: World) -> None:
    receiver = world.add(Receiver())
    record(world.store, change_of("r-1", 1, "raised"))
    world.deliverer().step()
    assert world.deliverer().step() == 0
    record(world.store, change_of("r-1", 2, "resolved"))
    world.deliverer().run(world, 2 * MINUTE)
    assert [change for _, _, _, change in receiver.got] == ["raised", "resolved"]


def test_a_message_that_a_crash_left_is_sent_again(world: World) -> None:
    receiver = world.add(Receiver())
    record(world.store, change_of("r-1", 1, "raised"))
    world.deliverer().step()
    world.deliverer().run(world, 2 * MINUTE)
    assert [sequence for _, _, sequence, _ in receiver.got] == [1, 1]


def test_a_clock_that_was_ahead_holds_up_nothing(world: World) -> None:
    """What it has leased, spread and paused would wait for hours."""
    ours, theirs = world.add(Receiver()), world.add(Receiver(lambda now: AWAY if now > NOW + HOUR else OK), "ep_2")
    world.now = NOW + 6 * HOUR
    record(world.store, change_of("r-1", 1, "raised"))
    ahead = world.deliverer()
    ahead.run(world, 2 * SECOND)
    record(world.store, *(change_of(f"r-{number}", 1, "raised", f"c-{number}") for number in range(2, 10)))
    ahead.run(world, MINUTE)
    record(world.store, change_of("r-10", 1, "raised", "c-10"))
    ahead.step()
    world.now = NOW
    world.deliverer().run(world, MINUTE)
    assert {item for _, item, _, _ in ours.got} >= {f"r-{number}" for number in range(1, 11)}
    assert {item for _, item, _, _ in theirs.got} == {f"r-{number}" for number in range(1, 11)}
    assert not world.store.endpoints.counts(world.now)


def test_no_pause_and_no_lease_of_now_ends_early(world: World) -> None:
    receiver = world.add(Receiver(lambda now: AWAY if now < NOW + DAY else OK))
    record(world.store, change_of("r-1", 1, "raised"))
    world.deliverer().run(world, 20 * HOUR)
    tried = len(world.store.endpoints.attempts("acme", "ep_1"))
    world.deliverer().run(world, MINUTE)
    assert len(world.store.endpoints.attempts("acme", "ep_1")) == tried
    assert receiver.got == []
    record(world.store, change_of("r-2", 1, "raised", "c-2"))
    world.now = NOW + 2 * DAY
    world.deliverer().step()
    got = len(receiver.got)
    assert got > 0
    world.deliverer().step()
    assert len(receiver.got) == got, "another deliverer has it"


def test_one_candidate_who_is_refused_holds_up_no_other(world: World) -> None:
    class Picky(Receiver):
        def receive(self, message, now):  # type: ignore[no-untyped-def]
            self.behave = lambda _now: FAULTY if message.message.case_key == "c-1" else OK
            return super().receive(message, now)

    receiver = world.add(Picky())
    record(world.store, *(change_of(f"r-{number}", 1, "raised", f"c-{number}") for number in range(1, 21)))
    world.deliverer().run(world, 3 * SECOND)
    assert {item for _, item, _, _ in receiver.got} == {f"r-{number}" for number in range(1, 21)}


def test_a_message_that_is_refused_for_days_is_set_aside(world: World) -> None:
    class Picky(Receiver):
        def receive(self, message, now):  # type: ignore[no-untyped-def]
            self.behave = lambda _now: REFUSED if message.message.item == "r-1" else OK
            return super().receive(message, now)

    receiver, deliverer = world.add(Picky()), world.deliverer()
    record(world.store, change_of("r-1", 1, "raised"))
    for day in range(1, 9):
        record(world.store, change_of(f"r-{day + 1}", 1, "raised", "c-2"), now=world.now)
        deliverer.run(world, DAY // 2)
    assert world.store.endpoints.counts(world.now)["ep_1"].set_aside == 1
    record(world.store, change_of("r-20", 1, "raised"))
    deliverer.run(world, MINUTE)
    assert "r-20" in receiver.states


def test_a_dead_endpoint_is_asked_rarely_and_slows_no_other(world: World) -> None:
    dead = world.add(Receiver(lambda _now: HANGS), "ep_dead")
    good = world.add(Receiver(), "ep_good")
    record(world.store, *(change_of(f"r-{number}", 1, "raised", f"c-{number}") for number in range(100)))
    world.deliverer().run(world, 5 * SECOND)
    assert len(good.states) == 100
    world.deliverer().run(world, HOUR)
    assert sum(dead.asked.values()) < 25


def test_an_endpoint_that_is_away_for_days_is_disabled(world: World, caplog: pytest.LogCaptureFixture) -> None:
    back_at = NOW + 5 * DAY
    receiver = world.add(Receiver(lambda now: OK if now >= back_at else AWAY))
    deliverer = world.deliverer()
    record(world.store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised"))
    deliverer.run(world, 4 * DAY)
    [row] = world.store.endpoints.all("acme")
    assert not row.enabled
    assert row.reason.startswith("no message was accepted for 3 days")
    assert "signpost endpoints enable ep_1" in caplog.text
    assert world.store.outgoing.summary(world.now).disabled == 1
    record(world.store, change_of("r-1", 2, "updated"), change_of("r-2", 2, "resolved"), now=world.now)
    deliverer.run(world, 2 * DAY)
    assert receiver.got == []
    assert world.store.endpoints.enable("acme", "ep_1", world.now)
    deliverer.run(world, MINUTE)
    assert [(item, sequence) for _, item, sequence, _ in receiver.got] == [("r-1", 2)]


def test_410_disables_at_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.add(Receiver(lambda _now: GONE))
    record(world.store, change_of("r-1", 1, "raised"))
    world.deliverer().run(world, SECOND)
    [row] = world.store.endpoints.all("acme")
    assert (row.enabled, row.reason) == (False, "the receiver answered 410 Gone")
    assert "is disabled: the receiver answered 410 Gone" in caplog.text


def test_410_to_a_test_message_disables_nothing_and_logs_no_disabling(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.add(Receiver(lambda _now: GONE))
    EndpointDesk(world.store, "acme", (), token_bytes).test("ep_1", world.now)
    world.deliverer().run(world, SECOND)
    [row] = world.store.endpoints.all("acme")
    assert row.enabled
    assert "is disabled" not in caplog.text
    assert "endpoint ep_1 of tenant acme: the receiver answered 410" in caplog.text


def test_agendas_are_states_of_which_the_latest_counts(world: World) -> None:
    back_at = NOW + HOUR
    receiver = world.add(Receiver(lambda now: OK if now >= back_at else REFUSED), "ep_1", "agenda:acme.#")
    record_agenda(world.store, 1, ["call"])
    world.deliverer().run(world, MINUTE)
    record_agenda(world.store, 2, ["call", "write"])
    record_agenda(world.store, 3, ["write"])
    world.deliverer().run(world, 2 * HOUR)
    assert [sequence for _, _, sequence, _ in receiver.got] == [3]


def test_an_agenda_that_is_empty_before_it_arrived_vanishes(world: World) -> None:
    receiver = world.add(Receiver(), "ep_1", "agenda:acme.#")
    record_agenda(world.store, 1, ["call"])
    record_agenda(world.store, 2, [])
    world.deliverer().run(world, MINUTE)
    assert receiver.got == []


def test_erasing_a_candidate_leaves_only_ends_without_content(world: World) -> None:
    world.add(Receiver(lambda now: OK if now == NOW else AWAY))
    deliverer = world.deliverer()
    record(world.store, change_of("r-1", 1, "raised"), change_of("r-3", 1, "raised", "c-3"))
    deliverer.run(world, SECOND)
    record(world.store, change_of("r-1", 2, "resolved"), change_of("r-2", 1, "raised"), now=world.now)
    deliverer.run(world, MINUTE)
    assert world.store.endpoints.attempts("acme", "ep_1")
    with world.store.transaction() as transaction:
        transaction.erase("acme", {"c-1"}, world.now, now=world.now, redact=redact)
    left = world.store.erasures.count_rows("acme", "c-1")
    assert (left["endpoint_messages"], left["endpoint_attempts"]) == (1, 0)
    received = world.receivers["ep_1"] = Receiver()
    deliverer.run(world, DAY)
    assert [(item, change) for _, item, _, change in received.got if item != "r-3"] == [("r-1", "resolved")]
    assert world.store.erasures.count_rows("acme", "c-1")["endpoint_items"] == 0


def test_an_erased_end_has_no_words() -> None:
    rest = redact(body_of("r-1", 2, "resolved", "c-1"))
    assert rest is not None
    assert b"Anna" not in rest
    assert redact(body_of("r-1", 1, "raised", "c-1")) is None


def test_two_deliverers_share_without_sending_twice(world: World) -> None:
    receiver = world.add(Receiver(takes_us=SECOND // 2))
    record(world.store, *(change_of(f"r-{number}", 1, "raised", f"c-{number}") for number in range(60)))
    first, second = world.deliverer(), world.deliverer()
    for _ in range(200):
        first.step()
        second.step()
        world.now += SECOND // 10
    assert len(receiver.got) == len(receiver.states) == 60
    assert max(_at_once(receiver)) <= 8


def _at_once(receiver: Receiver) -> list[int]:
    starts = [at for at, *_ in receiver.got]
    return [sum(at <= other < at + receiver.takes_us for other in starts) for at in starts]


def test_attempts_can_be_read_and_are_deleted(world: World) -> None:
    answers = iter([REFUSED, FAULTY, OK])
    world.add(Receiver(lambda _now: next(answers)))
    record(world.store, change_of("r-1", 1, "raised"))
    world.deliverer().run(world, 5 * MINUTE)
    attempts = world.store.endpoints.attempts("acme", "ep_1")
    assert [(one.number, one.outcome, one.status, one.response) for one in attempts] == [
        (3, "delivered", 200, b"ok"), (2, "refused", 500, b"oops"), (1, "refused", 503, b"later"),
    ]  # fmt: skip
    page = world.store.endpoints.attempts("acme", "ep_1", before=attempts[0].id, limit=1)
    assert [one.number for one in page] == [2]
    assert world.store.endpoints.attempts("other", "ep_1") == []
    assert world.store.outgoing.prune(world.now + 1, 0, 10) == 3
    assert world.store.endpoints.attempts("acme", "ep_1") == []


def test_removing_an_endpoint_removes_all_of_it(world: World) -> None:
    world.add(Receiver(lambda _now: AWAY))
    record(world.store, change_of("r-1", 1, "raised"))
    deliverer = world.deliverer()
    deliverer.step()
    assert world.store.endpoints.remove("acme", "ep_1")
    deliverer.run(world, SECOND)
    assert not world.store.endpoints.remove("acme", "ep_1")
    assert not world.store.endpoints.counts(world.now)
    assert world.store.endpoints.attempts("acme", "ep_1") == []


def test_a_rotation_has_no_gap(world: World) -> None:
    world.add(Receiver())
    assert world.store.endpoints.rotate("acme", "ep_1", "whsec_new", NOW + HOUR)
    row = world.store.endpoints.get("acme", "ep_1")
    assert row is not None
    assert row.secrets(NOW)[0] == "whsec_new"
    assert len(row.secrets(NOW)) == 2
    assert row.secrets(NOW + HOUR) == ("whsec_new",)
    assert "whsec" not in repr(row)
