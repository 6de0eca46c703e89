"""After an erasure: nothing of the candidate is left, nothing old comes back, and a new application is a new case."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, select

from signpost.case.event import Event
from signpost.storage.engines import parse_url
from signpost.storage.tables import metadata
from tests.support.workers_kit import KINDS, System, event, system

NAME, SALARY = "Ada Unspeakable", "123456.78"
NOTICES = {"feed", "recommendations", "outbox"}
"""Tables of changes that tell consumers what to forget: ids, and no content."""


@pytest.fixture(params=KINDS, scope="module")
def shared(request: pytest.FixtureRequest) -> Iterator[System]:
    """One system for all tests of this module: each has candidates of its own."""
    with system(request.param, request) as made:
        yield made


@pytest.fixture
def signpost(shared: System) -> Iterator[System]:
    yield shared
    shared.published()


def journey(who: str) -> list[Event]:
    pay = {"amount": SALARY, "currency": "EUR", "per": "year"}
    return [
        event("offer.extended", f"application:{who}-app", offer=f"{who}-offer", employer={"name": NAME}, salary=pay),
        event("application.submitted", who, application=f"{who}-app"),
        event("interview.scheduled", who, at=1, interview=f"{who}-interview", application=f"{who}-app"),
        event("offer.updated", who, at=1, offer=f"{who}-offer", title=NAME),
    ]


def erased(signpost: System, who: str) -> None:
    signpost.handle(*journey(who))
    assert {"cases", "seen_events"} <= held(signpost, who)
    assert "cases" in held(signpost, NAME) & held(signpost, SALARY)
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
            "another id, undated": undated(old, number) if old.type != "candidate.erased" else old,
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
    for text in (NAME, SALARY):
        assert held(signpost, text) == set(), text
    assert held(signpost, "late-app") <= NOTICES


def assert_gone(signpost: System, who: str) -> None:
    for text in (NAME, SALARY):
        assert held(signpost, text) == set(), text
    assert held(signpost, who) <= NOTICES


def held(signpost: System, text: str) -> set[str]:
    """The tables in which some row holds a text."""
    engine = create_engine(parse_url(signpost.database_url))
    with engine.connect() as connection:
        found = {
            table.name
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
            for value in row
            if text.encode() in (bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode())
        }
    engine.dispose()
    return found
