"""What is stored for endpoints, one step at a time, on both databases: what waits, what is known, and how it ends."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from signpost.case.instant import HOUR, MINUTE
from signpost.messaging import Message
from signpost.names import EVENTS
from signpost.storage import (
    Announcement,
    Attempt,
    Claimed,
    EndpointCounts,
    EndpointRow,
    Item,
    OutgoingSummary,
    Settled,
    Store,
    open_store,
    spreading,
)
from signpost.storage.endpoint_rows import BY_HAND, TEST
from signpost.storage.endpoint_tables import endpoint_attempts, endpoint_items, endpoint_messages, endpoints
from tests.support.databases import migrate
from tests.support.receivers import NOW, change_of, endpoint, record


@pytest.fixture(params=["postgres_url", "sqlite_url"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store of each kind with one endpoint of acme."""
    url = request.getfixturevalue(request.param)
    migrate(url)
    with open_store(url) as opened:
        assert opened.endpoints.add(endpoint(), 5)
        yield opened


ONE = endpoint()


def announcement(name: str, sequence: int, key: str = "c-1") -> Announcement:
    return Announcement("acme", key, "", f"{name}.{sequence}", NOW, b"{}")


def queue(store: Store, name: str, sequence: int = 1, key: str = "c-1", to: EndpointRow = ONE) -> None:
    store.outgoing.queue(to, announcement(name, sequence, key), Item(name, sequence, False), NOW)


def spread(store: Store, name: str, sequence: int, *, ends: bool = False, now: int = NOW) -> None:
    """Record a change, and hand it to the endpoints of acme."""
    record(store, change_of(name, sequence, "resolved" if ends else "updated"))
    assert store.outgoing.spread("acme", 9, now, lambda _endpoint, _row: Item(name, sequence, ends)) == 1


def claim(store: Store, now: int = NOW) -> list[Claimed]:
    return store.outgoing.claim(now, now + MINUTE, 9, 9)


def settle(
    store: Store, one: Claimed, outcome: str = "delivered", *, reached: bool = True, at: int = NOW + 5, **more: Any
) -> None:
    attempt = Attempt(one.message, at, 1, outcome, reached=reached)
    store.outgoing.settle([Settled(attempt, **more)])


def waiting(store: Store) -> int:
    return store.outgoing.summary(NOW).waiting


def row_of(store: Store, name: str = "ep_1") -> EndpointRow:
    found = store.endpoints.get("acme", name)
    assert found is not None
    return found


def of_others(store: Store) -> list[tuple[Any, ...]]:
    """All that is stored for other endpoints than acme's ep_1."""
    found: list[tuple[Any, ...]] = []
    with store._read_connection() as connection:
        for table in (endpoints, endpoint_messages, endpoint_items, endpoint_attempts):
            rows = connection.execute(select(table).order_by(*table.primary_key)).mappings().all()
            name = "id" if table is endpoints else "endpoint"
            found += [tuple(row.values()) for row in rows if (row["tenant"], row[name]) != ("acme", "ep_1")]
    return found


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


def test_an_end_that_arrives_is_forgotten_and_nothing_else_is(store: Store) -> None:
    for name in ("rec_1", "rec_2"):
        spread(store, name, 1)
        settle(store, claim(store)[0])
    spread(store, "rec_1", 2, ends=True)
    settle(store, claim(store)[0])
    with store._read_connection() as connection:
        assert list(connection.scalars(select(endpoint_items.c.item))) == ["rec_2"]


def test_only_what_a_sender_left_without_a_word_is_dropped_as_overtaken(store: Store) -> None:
    every = endpoint("ep_2", every_change=True)
    assert store.endpoints.add(every, 5)
    spread(store, "r-1", 1)
    spread(store, "r-1", 2)
    found = [(one.endpoint.id, one.message.sequence) for one in claim(store)]
    assert found == [("ep_1", 2), ("ep_2", 1)], "of the other each change, in order"
    assert [one.message.sequence for one in claim(store, NOW + 2 * MINUTE)] == [2, 1]


def test_what_is_done_to_one_endpoint_changes_nothing_of_another(store: Store) -> None:
    """Neither of another one of the tenant, nor of one of the same name, with the same messages."""
    others = [endpoint("ep_2"), endpoint(tenant="globex")]
    for other in others:
        assert store.endpoints.add(other, 5)
    for each in (ONE, *others):
        queue(store, "r-1", to=each)
        queue(store, "r-2", key="c-2", to=each)
    claimed = claim(store)
    assert len(claimed) == 6
    mine = [one for one in claimed if one.endpoint == ONE]
    for one in claimed:
        if one.endpoint != ONE:
            settle(store, one, "failed", due=NOW + HOUR, paused_until=NOW + HOUR)
    before = of_others(store)
    assert len(before) == 2 * (1 + 2 + 2 + 2)
    settle(store, mine[0], "failed", due=NOW + HOUR, disable="gone")
    settle(store, mine[1], recovers=True, keep_body=True)
    assert store.endpoints.disable("acme", "ep_1", BY_HAND, NOW)
    assert store.endpoints.enable("acme", "ep_1", NOW)
    store.endpoints.resume("acme", "ep_1", NOW)
    assert store.endpoints.rotate("acme", "ep_1", "new", NOW)
    queue(store, "r-1", 2)
    store.outgoing.release([one.message.id for one in claim(store)])
    for tenant, name in (("acme", "ep_1"), ("acme", "ep_2"), ("globex", "ep_1")):
        attempts = store.endpoints.attempts(tenant, name)
        assert [(one.tenant, one.endpoint) for one in attempts] == [(tenant, name)] * 2
        assert [one.message_id for one in store.endpoints.attempts(tenant, name, message="r-1.1")] == ["r-1.1"]
    assert store.endpoints.remove("acme", "ep_1")
    assert of_others(store) == before
    found = store.endpoints.find("ep_2")
    assert (found and found.tenant, store.endpoints.find("ep_9")) == ("acme", None)


def test_an_endpoint_that_is_enabled_begins_anew_and_one_that_is_not_there_cannot(store: Store) -> None:
    queue(store, "r-1")
    settle(store, claim(store)[0], "failed", due=NOW + HOUR, paused_until=NOW + HOUR, disable="it was gone")
    found = row_of(store)
    assert (found.enabled, found.reason, found.changed) == (False, "it was gone", NOW + 5)
    assert store.endpoints.enable("acme", "ep_1", NOW + MINUTE)
    assert row_of(store) == replace(ONE, changed=NOW + MINUTE)
    assert not store.endpoints.enable("acme", "ep_9", NOW)
    assert not store.endpoints.disable("acme", "ep_9", BY_HAND, NOW)
    assert not store.endpoints.remove("acme", "ep_9")


def test_an_endpoint_that_fails_rests_until_the_latest_instant_and_a_success_ends_all_of_it(store: Store) -> None:
    for number in range(3):
        queue(store, f"r-{number}", key=f"c-{number}")
    first, second, third = claim(store)
    settle(store, first, "failed", at=NOW + 1, due=NOW, paused_until=NOW + HOUR)
    settle(store, second, "failed", at=NOW + 2, due=NOW, paused_until=NOW + MINUTE)
    found = row_of(store)
    assert (found.failures, found.failing_since, found.paused_until) == (2, NOW + 1, NOW + HOUR)
    assert store.outgoing.summary(NOW).failing == 1
    settle(store, third, at=NOW + 3)
    found = row_of(store)
    assert (found.failures, found.failing_since, found.paused_until, found.last_success) == (0, None, 0, NOW + 3)
    assert store.outgoing.summary(NOW).failing == 0


def test_who_disabled_an_endpoint_by_hand_stays_the_reason(store: Store) -> None:
    queue(store, "r-1")
    [one] = claim(store)
    assert store.endpoints.disable("acme", "ep_1", BY_HAND, NOW)
    settle(store, one, "failed", disable="it was gone")
    assert row_of(store).reason == BY_HAND


def test_what_waits_and_what_was_set_aside_are_counted_apart(store: Store) -> None:
    queue(store, "r-1")
    queue(store, TEST, key="")
    counts = store.endpoints.counts
    assert counts(NOW + 7) == {"ep_1": EndpointCounts(1, 7, 0)}
    assert counts(NOW - 7) == {"ep_1": EndpointCounts(1, 0, 0)}, "a clock that was set back"
    settle(store, claim(store)[1], "failed")
    settle(store, next(one for one in claim(store, NOW + HOUR) if one.message.item == "r-1"), "failed", set_aside=True)
    assert counts(NOW) == counts(NOW, "acme") == {"ep_1": EndpointCounts(0, None, 1)}
    assert counts(NOW, "globex") == {}
    queue(store, "r-2", key="c-2")
    assert counts(NOW + 7) == {"ep_1": EndpointCounts(1, 7, 1)}


def test_the_summary_tells_what_does_not_work(store: Store) -> None:
    assert store.outgoing.summary(NOW) == OutgoingSummary(1, 0, 0, 0, 0, 0)
    for name in ("ep_2", "ep_3"):
        assert store.endpoints.add(endpoint(name), 5)
    queue(store, "r-1")
    queue(store, "r-2", key="c-2")
    queue(store, TEST, key="")
    settle(store, claim(store)[1], "failed", set_aside=True)
    assert store.endpoints.disable("acme", "ep_2", BY_HAND, NOW)
    assert store.endpoints.disable("acme", "ep_3", "it was gone", NOW)
    assert store.outgoing.summary(NOW + 7) == OutgoingSummary(3, 1, 7, 1, 1, 1)
    assert store.outgoing.summary(NOW - 7).oldest == 0, "a clock that was set back"
    assert store.endpoints.disable("acme", "ep_1", BY_HAND, NOW)
    found = store.outgoing.summary(NOW + 7)
    assert (found.waiting, found.oldest, found.failing) == (1, 0, 0), "nobody expects what is disabled to be sent"


def test_endpoints_get_their_turn_and_no_more_than_there_is_room_for(store: Store) -> None:
    assert store.endpoints.add(endpoint("ep_0"), 5), "for which nothing waits, so that it has no turn"
    others = [endpoint(f"ep_{number}") for number in (3, 2)]
    for one in (ONE, *others):
        assert one is ONE or store.endpoints.add(one, 5)
        for number in range(4):
            queue(store, f"r-{number}", key=f"c-{number}", to=one)

    def turn(room: int, share: int, start: int) -> list[str]:
        claimed = store.outgoing.claim(NOW, NOW + MINUTE, room, share, start)
        names = [one.endpoint.id for one in claimed]
        store.outgoing.release([one.message.id for one in claimed])
        return names

    assert turn(9, 2, 0) == ["ep_1", "ep_1", "ep_2", "ep_2", "ep_3", "ep_3"]
    assert turn(3, 2, 1) == ["ep_2", "ep_2", "ep_3"]
    assert turn(1, 2, 2) == ["ep_3"]
    assert turn(1, 2, 3) == ["ep_1"]
    assert turn(0, 2, 0) == []
    assert [one.endpoint.id for one in store.outgoing.claim(NOW, NOW + MINUTE, 2, 2)] == ["ep_1", "ep_1"]
    assert turn(9, 2, 0) == ["ep_2", "ep_2", "ep_3", "ep_3"], "the first has its share"
    assert [one.endpoint.id for one in store.outgoing.claim(NOW + MINUTE, NOW + HOUR, 2, 2)] == ["ep_1", "ep_1"]


def test_an_endpoint_that_fails_gets_one_message_at_a_time(store: Store) -> None:
    for number in range(4):
        queue(store, f"r-{number}", key=f"c-{number}")
    first, *others = store.outgoing.claim(NOW, NOW + MINUTE, 3, 9)
    settle(store, first, "failed", due=NOW)
    assert claim(store) == [], "two of before are still on their way"
    store.outgoing.release([one.message.id for one in others])
    assert len(claim(store)) == 1
    assert claim(store) == []


def test_a_pause_and_a_time_end_at_their_instant_and_a_test_waits_for_neither(store: Store) -> None:
    queue(store, "r-1")
    settle(store, claim(store)[0], "failed", due=NOW + MINUTE, paused_until=NOW + MINUTE)
    queue(store, TEST, key="")
    [test] = claim(store)
    assert test.message.item == TEST
    settle(store, test, "failed")
    assert claim(store, NOW + MINUTE - 1) == []
    settle(store, claim(store, NOW + MINUTE)[0], "failed", due=NOW + HOUR)
    assert claim(store, NOW + HOUR - 1) == []
    assert len(claim(store, NOW + HOUR)) == 1


def test_what_is_disabled_gets_tests_alone(store: Store) -> None:
    queue(store, "r-1")
    queue(store, TEST, key="")
    assert store.endpoints.disable("acme", "ep_1", BY_HAND, NOW)
    assert [one.message.item for one in claim(store)] == [TEST]


def test_announcements_reach_the_endpoints_of_their_tenant_alone(store: Store) -> None:
    """Whatever they choose; and of what is announced, so much is taken as was asked for."""
    assert store.endpoints.add(endpoint(tenant="globex"), 5)
    for tenant in ("acme", "globex"):
        record(store, *(change_of(f"r-{n}", 1, "raised", f"c-{n}", tenant) for n in range(3)))
    assert store.outgoing.spread("acme", 2, NOW, lambda _, row: Item(row.message_id, 1, False)) == 2
    assert [(one.endpoint.tenant, one.message.item) for one in claim(store)] == [("acme", "r-0.1"), ("acme", "r-1.1")]
    assert store.outgoing.announced() == ["acme", "globex"]
    assert store.outgoing.spread("acme", 2, NOW, lambda _, row: Item(row.message_id, 1, False)) == 1
    assert store.outgoing.announced() == ["globex"]


def test_nothing_of_a_case_is_claimed_while_more_of_it_arrives(store: Store) -> None:
    assert store.endpoints.add(endpoint(tenant="globex"), 5)
    for key in ("c-1", "c-2"):
        queue(store, f"r-{key}", key=key)
    record(store, change_of("r-9", 1, "raised"), change_of("r-9", 1, "raised", "c-2", "globex"))
    assert [one.message.case_key for one in claim(store)] == ["c-2"]


def test_an_event_is_announced_to_no_endpoint(store: Store) -> None:
    event = Message(EVENTS, "0.acme.offer.extended", b"{}", "e-1")
    with store.transaction() as transaction:
        transaction.enqueue([event], tenant="acme", case_key="c-1", now=NOW, leased_until=0)
    assert store.outgoing.announced() == []


def test_what_waits_too_long_goes_unless_it_is_the_state_of_what_goes_on(store: Store) -> None:
    def left() -> set[tuple[str, str]]:
        shown = (endpoint_messages.c.endpoint, endpoint_messages.c.message_id)
        with store._read_connection() as connection:
            return {tuple(row) for row in connection.execute(select(*shown))}

    def end(name: str, key: str) -> None:
        store.outgoing.queue(ONE, announcement(name, 2, key), Item(name, 2, True), NOW)

    end("sent", "c-1")
    assert len(claim(store)) == 1
    end("ended", "c-2")
    assert store.endpoints.add(endpoint("ep_2", every_change=True), 5)
    for sequence in (1, 2):
        spread(store, "r-1", sequence)
    everything = left()
    assert len(everything) == 5
    for before in (0, NOW):
        store.outgoing.prune(0, before, 9)
        assert left() == everything
    store.outgoing.prune(0, NOW + 1, 9)
    assert everything - left() == {("ep_1", "ended.2"), ("ep_2", "r-1.1")}


def test_leases_and_pauses_that_a_clock_of_now_can_have_made_stay(store: Store) -> None:
    queue(store, "r-1")
    queue(store, "r-2", key="c-2")
    first, _ = claim(store)
    store.outgoing.correct(NOW, NOW + MINUTE, NOW + HOUR)
    assert claim(store) == []
    settle(store, first, "failed", due=NOW + HOUR, paused_until=NOW + HOUR)
    store.outgoing.correct(NOW, NOW + MINUTE, NOW + HOUR)
    assert row_of(store).paused_until == NOW + HOUR
    store.outgoing.correct(NOW, NOW + MINUTE - 1, NOW + HOUR - 1)
    assert row_of(store).paused_until == NOW
    assert [one.message.item for one in claim(store)] == ["r-1"], "one at a time, because it fails"


def test_an_end_of_what_never_arrived_goes_with_it(store: Store) -> None:
    for name, reached in (("r-1", False), ("r-2", True)):
        spread(store, name, 1)
        [one] = claim(store)
        spread(store, name, 2, ends=True)
        settle(store, one, "failed", reached=reached, due=NOW)
        assert [one.message.sequence for one in claim(store)] == ([2] if reached else [])


def test_an_end_of_what_waits_still_ends_the_wait(store: Store) -> None:
    spread(store, "r-1", 1)
    spread(store, "r-1", 2, ends=True)
    assert waiting(store) == 0


def test_many_items_at_once_are_each_known(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "CHUNK", 2)
    names = [f"r-{number}" for number in range(5)]
    for sequence in (1, 1):
        record(store, *(change_of(name, sequence, "raised", f"c-{name}") for name in names))
        store.outgoing.spread("acme", 9, NOW, lambda _, row: Item(row.message_id[:3], 1, False))
        for one in claim(store):
            settle(store, one)
    assert len(store.endpoints.attempts("acme", "ep_1")) == 5


def test_an_erasure_leaves_what_endpoints_have_of_others(store: Store) -> None:
    assert store.endpoints.add(endpoint(tenant="globex"), 5)
    for key, to in (("c-1", ONE), ("c-2", ONE), ("c-1", endpoint(tenant="globex"))):
        for name in ("r-1", "r-2"):
            queue(store, f"{name}.{key}", key=key, to=to)
    for one in claim(store):
        settle(store, one, keep_body=True)
    record(store, change_of("r-3", 1, "raised", "c-2"), change_of("r-3", 1, "raised", tenant="globex"))
    record(store, change_of("r-3", 1, "raised"))

    expected = {"announcements": 1, "endpoint_messages": 1, "endpoint_items": 1, "endpoint_attempts": 1}

    def left(tenant: str, key: str) -> dict[str, int]:
        return {name: store.erasures.count_rows(tenant, key)[name] for name in expected}

    with store.transaction() as transaction:
        transaction.erase("acme", {"c-1"}, NOW, now=NOW, redact=lambda body: None)
    assert left("acme", "c-2") == left("globex", "c-1") == expected
    assert {**left("acme", "c-1"), "endpoint_items": 0} == dict.fromkeys(expected, 0)
    assert [known.case_key for known, _ in store.outgoing.known(ONE, NOW)] == ["c-2"]


def test_the_end_that_an_erasure_leaves_is_that_of_the_erased_alone(store: Store) -> None:
    queue(store, "r-1")
    queue(store, "r-2", key="c-2")
    record(store, change_of("r-3", 1, "raised"), change_of("r-4", 1, "raised", "c-2"))
    with store.transaction() as transaction:
        transaction.erase("acme", {"c-1"}, NOW, now=NOW, redact=lambda _body: b"gone")
    taken: list[bytes] = []
    store.outgoing.spread("acme", 9, NOW, lambda _, row: taken.append(row.body))
    assert [body == b"gone" for body in taken] == [True, False]
    assert [one.message.body for one in claim(store)] == [b"gone", b"{}"]
