"""After an erasure: nothing of the candidate is left, nothing old comes back, and a new application is a new case."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine, select

from signpost.case.event import Event
from signpost.case.instant import DAY, SECOND, format_instant
from signpost.messaging import Message
from signpost.messaging.message import FAILED_AT
from signpost.messaging.topology import UNROUTED
from signpost.names import DEAD
from signpost.storage.engines import parse_url
from signpost.storage.tables import metadata
from signpost.workers.process import Stop
from signpost.workers.sweeping import Sweeper
from tests.support.workers_kit import KINDS, System, event, few_engines, message, system, wait_for

NAME, SALARY = "Ada Unspeakable", "123456.78"
PEOPLE: dict[str, Any] = {
    "candidate_name": "Unspeakable, Ada A.",
    "contact_name": "Konrad Recruitman",
    "contact_role": "Chief Poacher",
    "contact_addressed_as": "Herr Recruitman",
}
WEBHOOKS = ("offer", "interview", "application")
"""Events of vendors name one of these, so that a late one is recognized; none states preferences."""
DISPLAY_NAME = "Adada U."
SECRETS = (NAME, SALARY, DISPLAY_NAME, *PEOPLE.values())
NOTICES = {"feed", "recommendations", "outbox"}
"""Tables of changes that tell consumers what to forget: ids, and no content."""


@pytest.fixture(params=KINDS, scope="module")
def shared(request: pytest.FixtureRequest) -> Iterator[System]:
    """One system for all tests of this module: each has candidates of its own."""
    with system(request.param, request) as made:
        made.engines = few_engines()
        yield made


@pytest.fixture
def signpost(shared: System) -> Iterator[System]:
    yield shared
    shared.published()


def journey(who: str) -> list[Event]:
    pay = {"amount": SALARY, "currency": "EUR", "per": "year"}
    return [
        event("offer.extended", f"application:{who}-app", offer=f"{who}-offer", employer={"name": NAME}, salary=pay),
        event("application.submitted", who, application=f"{who}-app", **PEOPLE),
        event("candidate.preferences", who, display_name=DISPLAY_NAME),
        event("interview.scheduled", who, at=1, interview=f"{who}-interview", application=f"{who}-app"),
        event("offer.updated", who, at=1, offer=f"{who}-offer", title=NAME),
    ]


def erased(signpost: System, who: str) -> None:
    signpost.handle(*journey(who))
    before = contents(signpost)
    assert {"cases", "seen_events"} <= held(before, who)
    assert all("cases" in held(before, text) for text in SECRETS)
    signpost.handle(event("candidate.erased", who, at=3))


def test_nothing_of_the_candidate_is_left_in_any_table(signpost: System) -> None:
    erased(signpost, "gone")
    assert_gone(signpost, "gone")


def test_a_merge_and_the_erasure_in_one_batch_leave_nothing(signpost: System) -> None:
    first, *others = journey("quick")
    signpost.handle(first)
    signpost.handle(*others, event("candidate.merged", "quick-0", at=2, into="quick"), *journey("quick-0"),
                    event("candidate.erased", "quick", at=3))  # fmt: skip
    assert_gone(signpost, "quick")


def undated(old: Event, number: int) -> Event:
    """An old webhook under another delivery id, from a vendor that states no time: it has the time of its receipt."""
    return replace(
        old, id=f"{old.id}.{number}", time=event("offer.updated", at=10 + number, offer="x").time, dated=False
    )


@pytest.mark.parametrize("way", ["the same", "another id", "another id, undated", "the same id, undated", "repeated"])
def test_no_old_event_comes_back_in_any_way(signpost: System, way: str) -> None:
    who = f"back-{way.replace(' ', '-').replace(',', '')}"
    erased(signpost, who)
    for number, old in enumerate([*journey(who), event("candidate.erased", who, at=3)]):
        again = {
            "the same": old,
            "another id": replace(old, id=f"{old.id}.again"),
            "another id, undated": undated(old, number) if old.type.partition(".")[0] in WEBHOOKS else old,
            "the same id, undated": replace(undated(old, number), id=old.id),
            "repeated": old,
        }[way]
        signpost.handle(again, again)
        assert_gone(signpost, who)
    assert signpost.standing(who) == {}


def test_an_old_event_that_names_another_candidates_offer_of_this_name_counts(signpost: System) -> None:
    erased(signpost, "one")
    other = replace(undated(journey("one")[0], 1), subject="two")
    signpost.handle(other)
    assert "offer/one-offer" in str(signpost.standing("two"))
    signpost.handle(event("candidate.erased", "two", at=30))


@pytest.mark.parametrize("dated", [True, False])
def test_a_new_application_after_the_erasure_is_a_new_case(signpost: System, dated: bool) -> None:
    who = f"new-{dated}"
    erased(signpost, who)
    signpost.published()
    fresh = event("offer.extended", who, at=20, offer="second", application=f"{who}-second")
    signpost.handle(replace(fresh, dated=dated))
    assert "offer/second" in str(signpost.standing(who))
    assert [change["change"] for change in signpost.changes() if change["subject"]["id"] == "second"]
    assert NAME not in signpost.case(who).state.decode()
    signpost.handle(event("candidate.erased", who, at=21))
    assert_gone(signpost, who)


def test_what_is_stated_since_stays_when_the_erasure_arrives_late(signpost: System) -> None:
    signpost.handle(*journey("late"), event("offer.extended", "late", at=5, offer="since", application="late-since"))
    signpost.handle(event("candidate.erased", "late", at=3))
    assert "offer/since" in str(signpost.standing("late"))
    signpost.handle(event("offer.updated", "application:late-since", at=6, offer="since", title="Chief"))
    assert "Chief" in signpost.case("late").state.decode()
    assert_gone(signpost, "late-app")


def dead(body: bytes, *, failed_at: str = "") -> Message:
    return Message(DEAD, "0.acme.offer.extended", body, "m", {FAILED_AT: failed_at} if failed_at else {})


def of_dead(signpost: System) -> list[bytes]:
    return [delivery.body for delivery in signpost.broker.get(DEAD, 100)]


def test_dead_letters_and_unrouted_advice_of_the_candidate_are_swept(signpost: System) -> None:
    signpost.handle(*journey("swept"), event("offer.extended", "stays", offer="o"))
    others = [
        message(event("offer.extended", "stays", offer="o")).body,
        b'{"tenant": "acme", "id": "swept-not"}',
        b"\xff",
    ]
    theirs = [message(old).body for old in journey("swept")] + [
        b'{"tenant": "acme", "candidate": {"id": "swept"}, "name": "Ada"}', b"candidate=swept; not JSON"
    ]  # fmt: skip
    signpost.send(*(dead(body) for body in [*others, *theirs]))
    signpost.handle(event("candidate.erased", "swept", at=3))
    sweeper = Sweeper(signpost.store, signpost.broker, 0)
    wait_for(
        lambda: (
            signpost.broker.queue_depth(UNROUTED) > 0 and signpost.broker.queue_depth(DEAD) == len([*others, *theirs])
        )
    )
    assert sweeper.sweep(signpost.now)[DEAD] == len(theirs)
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == len(others))
    assert of_dead(signpost) == others
    left = [delivery.body for delivery in signpost.published()]
    assert any(b"stays" in body for body in left)
    assert not [body for body in left if b"swept" in body]


def test_unrouted_advice_of_another_candidate_about_an_offer_of_this_name_stays(signpost: System) -> None:
    people = ("namesake", "swept-too")
    signpost.handle(*(event("offer.extended", who, offer="one-offer") for who in people))
    signpost.handle(event("candidate.erased", "swept-too", at=3))
    feed = len(signpost.feed("namesake", 1))
    wait_for(lambda: signpost.broker.queue_depth(UNROUTED) > feed)
    Sweeper(signpost.store, signpost.broker, 0).sweep(signpost.now)
    left = [json.loads(delivery.body)["subject"] for delivery in signpost.published()]
    assert (left.count("namesake"), left.count("swept-too")) == (feed, 0)


def test_the_sweeper_works_after_an_erasure_until_nothing_is_on_its_way_any_more(signpost: System) -> None:
    sweeper = Sweeper(signpost.store, signpost.broker, 0)
    sweeper.step(signpost.now)
    signpost.handle(*journey("way"), event("candidate.erased", "way", at=3))
    body = message(journey("way")[0]).body
    for seconds in (10, 30):
        signpost.send(dead(body))
        wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)
        sweeper.step(signpost.now + seconds * SECOND)
        wait_for(lambda: signpost.broker.queue_depth(DEAD) == 0)


def test_a_relay_sweeps_while_it_is_idle(signpost: System) -> None:
    signpost.handle(*journey("idle"), event("candidate.erased", "idle", at=3))
    signpost.send(dead(message(journey("idle")[0]).body))
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)
    relay, stop = signpost.relay(), Stop()
    relay._sweeper = Sweeper(signpost.store, signpost.broker, 0)
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        wait_for(lambda: signpost.broker.queue_depth(DEAD) == 0)
    finally:
        stop.set()
        thread.join(30)


def test_a_process_that_stops_gives_up_its_sweep_and_loses_nothing(signpost: System) -> None:
    """A sweep of ten thousand messages takes longer than a process may take to stop."""
    signpost.handle(*journey("late"), event("candidate.erased", "late", at=3))
    signpost.send(dead(message(journey("late")[0]).body))
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)
    sweeper = Sweeper(signpost.store, signpost.broker, 0)
    sweeper.step(signpost.now, lambda: True)
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)
    sweeper.step(signpost.now + 10 * SECOND)
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 0)


def test_old_dead_letters_and_old_unrouted_advice_are_deleted(signpost: System) -> None:
    body = message(event("offer.extended", "stays", offer="o")).body
    times = [format_instant(signpost.now - days * DAY) for days in (31, 29)]
    signpost.send(*(dead(body, failed_at=time) for time in times))
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 2)
    assert Sweeper(signpost.store, signpost.broker, 0).sweep(signpost.now)[DEAD] == 0
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 2)
    assert Sweeper(signpost.store, signpost.broker, 30 * DAY).sweep(signpost.now)[DEAD] == 1
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)
    of_dead(signpost)


def assert_gone(signpost: System, who: str) -> None:
    found = contents(signpost)
    for text in SECRETS:
        assert held(found, text) == set(), text
    assert held(found, who) <= NOTICES


def held(found: dict[str, list[bytes]], text: str) -> set[str]:
    """The tables in which some row holds a text."""
    return {table for table, values in found.items() if any(text.encode() in value for value in values)}


def contents(signpost: System) -> dict[str, list[bytes]]:
    """Name of a table -> all its values."""
    engine = create_engine(parse_url(signpost.database_url))
    with engine.connect() as connection:
        found = {
            table.name: [
                bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                for row in connection.execute(select(table))
                for value in row
            ]
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found
