"""From an event on the queue to a recommendation on the queue, on both stacks: what is published, and only once."""

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson
import pytest
from sqlalchemy import create_engine, select

from signpost.case.event import Event
from signpost.messaging import Message, connect
from signpost.messaging.message import QUEUE, REASON
from signpost.messaging.topology import ADVISOR
from signpost.names import DEAD, EVENTS
from signpost.schemas import RecommendationSchema
from signpost.storage.tables import metadata
from signpost.workers.advisor import Advisor
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Stop
from tests.support.vhosts import PATIENT
from tests.support.workers_kit import HOUR, KINDS, LEASE, START, System, event, format_changes, message, system

ASKED = "ask-response-deadline@offer"


@pytest.fixture(params=KINDS, scope="module")
def shared(request: pytest.FixtureRequest) -> Iterator[System]:
    """One system for all tests of this module: each has candidates of its own."""
    with system(request.param, request) as made:
        yield made


@pytest.fixture
def signpost(shared: System) -> System:
    """The same, with nothing left on the broker."""
    shared.published()
    shared.broker.purge(DEAD)
    shared.now, shared.batch = START + 10 * HOUR, 100
    return shared


def journey(tenant: str) -> list[Event]:
    """Two offers, a contact, a verbal yes, preferences: advice comes and goes. The candidate is c-1."""
    salary = {"amount": "80000", "currency": "USD", "per": "year"}
    terms: dict[str, Any] = {"employer": {"id": "e-1", "name": "Acme"}, "salary": salary, "start_date": "2026-06-01"}
    said = partial(event, subject="c-1", tenant=tenant)
    return [
        said("application.submitted", at=0, application="a-1", employer={"name": "Acme"}),
        said("offer.extended", at=1, offer="acme", **terms),
        said("offer.updated", at=2, offer="acme", respond_by="2026-05-01T17:00:00+02:00"),
        said("offer.extended", at=3, offer="globex", employer={"id": "e-2", "name": "Globex"}),
        said("contact.logged", at=4, offer="globex", by="candidate", channel="phone", purpose="deadline"),
        said("candidate.preferences", at=5, salary_target=salary | {"amount": "90000"}),
        said("offer.accepted", at=6, offer="acme", by="verbal"),
        said("offer.accepted", at=7, offer="globex", by="written"),
        said("interview.scheduled", at=8, interview="i-1", starts_at="2026-06-03T09:00:00Z"),
        said("offer.extended", at=9, offer="initech", application="a-2", **terms),
        said("offer.declined", at=9.5, offer="umbrella"),
    ]


def told_of(changes: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What a consumer tells the changes of one candidate apart by, whatever its tenant."""
    return [
        (one["rule"], one["subject"]["id"], one["sequence"], one["change"], one["priority"], one["due"], one["title"])
        for one in changes
    ]


def known_after(changes: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """The active advice of one candidate that a consumer knows after these changes."""
    latest = {f"{one['rule']}@{one['subject']['id']}": one for one in changes}
    return {
        name: (one["priority"], one["due"], one["valid_until"], one["title"], one["message"], one["steps"])
        for name, one in latest.items()
        if one["status"] == "active"
    }


def test_an_event_becomes_advice_on_the_queue(signpost: System) -> None:
    signpost.handle(event("offer.extended", "flow", offer="o-1", employer={"id": "e", "name": "Acme"}))
    messages = signpost.published()
    emitted = {orjson.loads(each.body)["data"]["rule"]: each for each in messages}
    message = emitted["ask-response-deadline"]
    document = orjson.loads(message.body)
    assert RecommendationSchema().validate(document["data"]) == {}
    assert message.message_id == document["id"] == f"{document['data']['id']}.1"
    assert message.routing_key == "acme.candidate.before-accepting.high.raised"
    assert message.content_type == "application/cloudevents+json"
    assert message.headers["cloudEvents_type"] == document["type"] == "signpost.recommendation.raised.v1"
    assert document["data"]["explanation"]["because"][0]["event"]["id"] == "offer.extended.flow.0.o-1"
    assert signpost.standing("flow") == signpost.expected("flow") != {}
    assert signpost.store.outbox.depth(signpost.now).waiting == 0
    assert signpost.feed("flow", len(messages)) == [each.body for each in messages]


def test_every_change_is_valid_by_the_published_schema(signpost: System) -> None:
    for sent in journey("valid"):
        signpost.handle(sent)
    changes = signpost.changes()
    assert {"raised", "updated", "resolved"} <= {one["change"] for one in changes}
    for one in changes:
        assert RecommendationSchema().validate(one) == {}, one["rule"]


def test_the_same_event_again_changes_and_tells_nothing(signpost: System) -> None:
    first = event("offer.extended", "twice", offer="o-1")
    signpost.handle(first, first)
    once, before = signpost.changes(), signpost.case("twice")
    signpost.handle(first)
    assert len(once) == len(told_of(once)) == len(set(told_of(once))) > 0
    assert signpost.changes() == []
    assert signpost.case("twice") == before


@pytest.mark.parametrize("body", [b"{nope", b"[]", b'{"specversion": "1.0"}', b"\xff\x00", b'{"a": NaN}'])
def test_garbage_lies_in_the_dead_letters_with_its_reason(signpost: System, body: bytes) -> None:
    signpost.send(
        event("offer.extended", "before", offer=f"o-{len(body)}"),
        Message(EVENTS, "0.by.hand", body, "by-hand"),
        event("offer.extended", "after", offer=f"o-{len(body)}"),
    )
    signpost.work(3)
    [dead] = signpost.broker.get(DEAD, 10)
    assert (dead.body, dead.message_id, dead.headers[QUEUE]) == (body, "by-hand", ADVISOR)
    assert str(dead.headers[REASON]).startswith("not an event: ")
    assert f"{ASKED}/o-{len(body)}" in signpost.standing("before")
    assert f"{ASKED}/o-{len(body)}" in signpost.standing("after")


def test_what_a_follower_knows_does_not_depend_on_batches(signpost: System) -> None:
    signpost.handle(*journey("together"))
    together = signpost.changes()
    signpost.batch = 1
    signpost.handle(*journey("alone"))
    alone = signpost.changes()
    assert known_after(alone) == known_after(together)
    assert len(together) < len(alone), "what a batch raises and resolves is not published"


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_and_repeated_events_leave_the_same_advice(signpost: System, seed: int) -> None:
    signpost.handle(*journey("ordered"))
    luck = random.Random(seed)
    events = journey(f"shuffled-{seed}")
    events += luck.choices(events, k=5)
    luck.shuffle(events)
    signpost.batch = luck.randint(1, 7)
    signpost.handle(*events)
    ordered = signpost.standing("c-1", "ordered")
    assert signpost.standing("c-1", f"shuffled-{seed}") == ordered == signpost.expected("c-1", "ordered")
    assert len(ordered) > 3


def test_an_application_found_to_be_a_candidates_lives_on_there(signpost: System) -> None:
    signpost.handle(event("offer.extended", "application:late", offer="o-1"))
    assert f"raised {ASKED}/o-1" in format_changes(signpost.changes())
    signpost.handle(event("application.submitted", "owner", at=1, application="late", employer={"name": "Acme"}))
    changes = signpost.changes()
    absorbed = {one["reason"] for one in changes if one["candidate"] == "application:late"}
    assert absorbed == {"merged"}
    assert {one["status"] for one in changes if one["candidate"] == "application:late"} == {"resolved"}
    assert f"raised {ASKED}/o-1" in format_changes([one for one in changes if one["candidate"] == "owner"])
    assert signpost.case("application:late").key == "owner"
    signpost.handle(event("offer.updated", "application:late", at=2, offer="o-1", respond_by="2026-08-01T00:00:00Z"))
    assert f"resolved {ASKED}/o-1" in format_changes(signpost.changes())
    assert signpost.standing("owner") == signpost.expected("owner")


@pytest.mark.parametrize("batch", [1, 100])
def test_merged_candidates_are_one(signpost: System, batch: int) -> None:
    signpost.batch = batch
    old, new = f"old-{batch}", f"new-{batch}"
    signpost.handle(event("offer.extended", old, offer="o-1"), event("offer.extended", new, offer="o-2"))
    signpost.handle(event("candidate.merged", old, at=1, into=new), event("offer.accepted", old, at=2, offer="o-2"))
    standing = signpost.standing(new)
    assert f"{ASKED}/o-1" in standing
    assert f"{ASKED}/o-2" not in standing
    assert signpost.standing(old) == standing == signpost.expected(new)
    ended = [one for one in signpost.changes() if one["candidate"] == old and one["reason"] == "merged"]
    assert f"resolved {ASKED}/o-1" in format_changes(ended)
    rows = signpost.store.recommendations("acme", old)
    assert rows
    assert {row.status for row in rows} == {"resolved"}


def test_tenants_do_not_share_a_candidate(signpost: System) -> None:
    signpost.handle(
        event("offer.extended", "same", offer="o-1"), event("offer.declined", "same", tenant="other", offer="o-1")
    )
    assert f"{ASKED}/o-1" in signpost.standing("same")
    assert f"{ASKED}/o-1" not in signpost.standing("same", "other")


def test_time_alone_escalates_and_ends_advice(signpost: System) -> None:
    pressing = "respond-before-deadline@offer/o-1"
    signpost.now = START
    signpost.handle(event("offer.extended", "late", offer="o-1", respond_by="2026-03-06T09:00:00Z"))
    assert pressing not in signpost.standing("late")
    signpost.published()
    seen = []
    clock = signpost.case_clock()
    for hours in (23, 24, 47, 48, 72, 95, 96):
        signpost.now = START + hours * HOUR
        while clock.step():
            pass
        clock.step()
        seen.append(signpost.standing("late").get(pressing, (None, None))[0])
        assert signpost.standing("late") == signpost.expected("late")
    assert seen == [None, "normal", "normal", "high", "urgent", "urgent", None]
    mine = [
        one for one in signpost.changes() if one["candidate"] == "late" and one.get("rule") == "respond-before-deadline"
    ]
    assert [(one["change"], one["sequence"], one["priority"]) for one in mine] == [
        ("raised", 1, "normal"),
        ("updated", 2, "high"),
        ("updated", 3, "urgent"),
        ("resolved", 4, "urgent"),
    ]
    assert {one["due"] for one in mine} == {"2026-03-06T09:00:00Z"}


def test_what_a_dead_worker_left_is_sent_by_the_relay_after_its_lease(signpost: System) -> None:
    signpost.send(event("offer.extended", "left", offer="o-1"))
    consumer = signpost.broker.consumer(ADVISOR, 10)
    handled = signpost.handler().handle(consumer.receive(10, 10), signpost.clock)
    consumer.settle(handled.settlements, signpost.now)
    consumer.close()
    assert signpost.published() == []
    relay = signpost.relay()
    signpost.now += LEASE - 1
    assert relay.step() == (0, 0)
    signpost.now += 1
    assert relay.step() == (len(handled.outgoing),) * 2
    assert [each.message_id for each in signpost.published()] == [one.message.message_id for one in handled.outgoing]
    assert signpost.store.outbox.depth(signpost.now).waiting == 0


def test_what_the_broker_did_not_confirm_is_acknowledged_and_left_to_the_relay(signpost: System) -> None:
    signpost.send(event("offer.extended", "unconfirmed", offer="o-1"))
    other = connect(signpost.broker_url, bounds=PATIENT)
    publisher, consumer = other.publisher(), other.consumer(ADVISOR, 10)
    publisher.close(0)
    outbox = OutboxPublisher(publisher, signpost.store, 5)
    advisor = Advisor([consumer], signpost.handler(), outbox, signpost.clock, 10)
    assert advisor.step(Stop(), 10) == 1
    assert outbox.collect() == 0
    other.close()
    assert signpost.broker.queue_depth(ADVISOR) == 0
    waiting = signpost.store.outbox.depth(signpost.now).waiting
    assert waiting > 0
    signpost.now += LEASE
    assert signpost.relay().step() == (waiting, waiting)
    assert f"raised {ASKED}/o-1" in format_changes(signpost.changes())


def test_events_that_the_intake_kept_are_sent_by_the_relay(signpost: System) -> None:
    kept = message(event("offer.extended", "kept", offer="o-1"))
    with signpost.store.transaction() as tx:
        tx.enqueue([kept], tenant="acme", case_key="kept", now=signpost.now, leased_until=signpost.now)
    assert signpost.relay().step() == (1, 1)
    signpost.work(1)
    assert f"{ASKED}/o-1" in signpost.standing("kept")


@pytest.mark.parametrize("before", [4, 64])
def test_events_kept_under_another_number_of_partitions_are_counted(signpost: System, before: int) -> None:
    signpost.handle(event("offer.extended", f"connected-{before}", offer="o-1"))
    keys = [f"moved-{before}-{number}" for number in range(40)]
    kept = [message(event("offer.extended", key, offer="o-1"), before) for key in keys]
    assert sum(each.routing_key.startswith("0.") for each in kept) < 20, "the others would reach no queue"
    with signpost.store.transaction() as tx:
        for key, each in zip(keys, kept, strict=True):
            tx.enqueue([each], tenant="acme", case_key=key, now=signpost.now, leased_until=signpost.now)
    assert signpost.relay().step() == (40, 40)
    signpost.work(40)
    assert all(f"{ASKED}/o-1" in signpost.standing(key) for key in keys)


def test_erasure_forgets_everything_but_that_it_took_place(signpost: System) -> None:
    secret = "Unspeakable Industries"
    signpost.handle(
        event("offer.extended", "application:gone", offer="o-0", employer={"name": secret}),
        event("application.submitted", "gone", application="gone", employer={"name": secret}),
        event("offer.extended", "gone", at=1, offer="o-1", employer={"name": secret}),
    )
    assert {"cases", "feed", "recommendations"} <= set(held(signpost, secret))
    signpost.published()
    signpost.handle(
        event("offer.updated", "gone", at=2, offer="o-2", employer={"name": secret}),
        event("candidate.erased", "gone", at=3),
        event("offer.updated", "gone", at=2.5, offer="o-3", title=secret),
    )
    late = event("offer.updated", "gone", at=1.5, offer="o-4", title=secret)
    signpost.handle(late, late)
    last = [one for one in signpost.changes() if one["reason"] == "erased"]
    assert last
    assert secret not in str(last)
    assert held(signpost, secret) == []
    assert signpost.standing("gone") == {}
    signpost.handle(event("offer.extended", "gone", at=4, offer="o-5"))
    assert f"{ASKED}/o-5" in signpost.standing("gone")


def test_what_is_learned_late_of_an_erased_candidate_is_forgotten_too(signpost: System) -> None:
    secret = "Unspeakable Limited"
    signpost.handle(
        event("offer.extended", "application:found", offer="o-1", employer={"name": secret}),
        event("candidate.erased", "lost", at=3),
    )
    assert held(signpost, secret) != []
    signpost.handle(event("application.submitted", "lost", at=1, application="found", employer={"name": secret}))
    assert held(signpost, secret) == []
    assert signpost.standing("application:found") == {}


def held(signpost: System, text: str) -> list[str]:
    """The tables in which some row still holds a text."""
    engine = create_engine(signpost.database_url)
    with engine.connect() as connection:
        found = [
            table.name
            for table in metadata.sorted_tables
            if any(
                text.encode() in bytes(value) if isinstance(value, bytes | memoryview) else text in str(value)
                for row in connection.execute(select(table))
                for value in row
            )
        ]
    engine.dispose()
    return found
