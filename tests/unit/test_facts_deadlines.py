"""Since when an offer has its deadline, and whether the employer answered a request for more time."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import Entity, facts_of

START = parse_instant("2026-03-02T12:00:00Z")
EARLY, LATE = "2026-03-06T17:00:00Z", "2026-03-13T17:00:00Z"
Said = tuple[float, str, dict[str, Any]]


def offer_of(*said: Said) -> Entity:
    events = [
        Event("t", "s", f"e-{number}", type_, START + int(hours * HOUR), "c-1", data)
        for number, (hours, type_, data) in enumerate(said)
    ]
    found, *_ = facts_of(Case().fold(*events), "c-1").entities["offer"]
    return found


def offer(hours: float, name: str, **data: Any) -> Said:
    return hours, f"offer.{name}", {"offer": "o", **data}


def talk(hours: float, by: str, purpose: str = "deadline", offer: str = "o") -> Said:
    return hours, "contact.logged", {"offer": offer, "by": by, "purpose": purpose, "channel": "phone"}


def hours_of(found: Entity, name: str) -> float | None:
    return (found.values[name] - START) / HOUR if name in found.values else None


def set_at(*said: Said) -> float | None:
    return hours_of(offer_of(*said), "respond_by_set_at")


def answered_at(*said: Said) -> float | None:
    return hours_of(offer_of(*said), "more_time_answered_at")


def test_a_deadline_counts_since_it_was_first_stated() -> None:
    extended = offer(0, "extended", respond_by=EARLY)
    assert set_at(offer(0, "extended")) is None
    assert set_at(extended, offer(2, "updated", respond_by=EARLY)) == 0
    assert set_at(extended, offer(2, "updated", respond_by=LATE), offer(3, "updated", respond_by=LATE)) == 2
    assert set_at(extended, offer(2, "updated", respond_by=None)) is None
    assert set_at(offer(0, "updated", respond_by=EARLY), offer(1, "extended")) == 1


def test_a_deadline_of_an_offer_that_is_made_again_counts_since_then() -> None:
    again = offer(0, "extended", respond_by=EARLY), offer(1, "rescinded"), offer(2, "extended", respond_by=EARLY)
    assert set_at(*again) == 2


def test_more_time_is_answered_by_another_deadline_or_by_the_employer() -> None:
    extended, moved = offer(0, "extended", respond_by=EARLY), offer(3, "updated", respond_by=LATE)
    assert answered_at(extended, talk(1, "candidate")) is None
    assert answered_at(extended, talk(1, "candidate"), moved) == 3
    assert answered_at(extended, talk(1, "candidate"), offer(3, "extended", respond_by=LATE)) == 3
    assert answered_at(extended, talk(1, "candidate"), talk(1, "employer"), moved) == 1
    assert answered_at(extended, talk(1, "candidate"), talk(2, "employer"), talk(4, "candidate")) == 2
    assert answered_at(extended, talk(1, "candidate"), talk(2, "employer", "check_in")) is None
    assert answered_at(extended, talk(1, "candidate"), talk(2, "employer", offer="another")) is None


def test_only_what_follows_a_request_for_more_time_answers_it() -> None:
    extended, moved = offer(0, "extended", respond_by=EARLY), offer(3, "updated", respond_by=LATE)
    assert answered_at(extended, moved) is None
    assert answered_at(extended, talk(1, "employer"), talk(2, "candidate")) is None
    assert answered_at(extended, moved, talk(4, "candidate")) is None
    assert answered_at(offer(0, "extended"), talk(1, "candidate"), moved) is None, "asked by when to answer"


def test_a_request_of_an_earlier_life_of_the_offer_counts_no_more() -> None:
    before = offer(0, "extended", respond_by=EARLY), talk(1, "candidate"), talk(2, "employer"), offer(3, "rescinded")
    assert answered_at(*before, offer(4, "extended", respond_by=LATE)) is None
    assert answered_at(*before, offer(4, "extended", respond_by=LATE), talk(5, "candidate"), talk(6, "employer")) == 6


def test_a_deadline_that_was_stated_at_the_time_of_an_end_is_of_the_life_that_ended() -> None:
    before = offer(0, "extended", respond_by=EARLY), offer(3, "rescinded"), offer(3, "updated", respond_by=LATE)
    between = talk(3.5, "candidate"), talk(3.6, "employer")
    assert answered_at(*before, *between, offer(4, "extended", respond_by=LATE)) is None


def test_who_asks_for_more_time_at_once_has_asked() -> None:
    assert answered_at(offer(0, "extended", respond_by=EARLY), talk(0, "candidate"), talk(2, "employer")) == 2


def test_a_deadline_that_is_stated_again_in_another_zone_counts_since_the_first_time() -> None:
    berlin = {"id": "acme", "time_zone": "Europe/Berlin"}
    by_day = offer(0, "extended", respond_by="2026-03-06", employer=berlin)
    assert set_at(by_day, offer(2, "updated", respond_by="2026-03-06T22:59:59Z")) == 0


@pytest.mark.parametrize("first", ["o", "application-7"])
def test_a_hire_under_the_id_of_its_application_keeps_the_first_statement(first: str) -> None:
    made = offer(0, "extended", application="7")
    hours = {"o": 2, "application-7": 2, first: 1}
    stated = [
        (at, "offer.updated", {"offer": name, "application": "7", "respond_by": EARLY}) for name, at in hours.items()
    ]
    assert set_at(made, *stated) == 1
