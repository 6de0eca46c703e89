"""A state that is stated again and again holds since it was first stated."""

from itertools import permutations
from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import Entity, facts_of

START = parse_instant("2026-03-02T12:00:00Z")
Said = tuple[float, str, dict[str, Any]]


def offer(hours: float, name: str, **data: Any) -> Said:
    return hours, f"offer.{name}", {"offer": "o", **data}


def mail(hours: float, **about: str) -> Said:
    return hours, "contact.logged", {**about, "by": "candidate", "purpose": "withdrawal", "channel": "email"}


def events_of(*said: Said) -> list[Event]:
    return [
        Event("t", "s", f"e-{number}", type_, START + int(hours * HOUR), "c-1", data, offsets={"time": 60})
        for number, (hours, type_, data) in enumerate(said)
    ]


def offer_of(*said: Said) -> Entity:
    [found] = facts_of(Case().fold(*events_of(*said)), "c-1").entities["offer"]
    return found


def extended_at(*said: Said) -> float:
    return float((offer_of(*said).values["extended_at"] - START) / HOUR)


FIRST, AGAIN = offer(1, "extended", application="a"), offer(9, "extended")


def test_an_offer_that_is_sent_again_was_extended_when_it_first_was() -> None:
    found = offer_of(FIRST, offer(5, "extended"), AGAIN)
    assert (found.values["extended_at"], found.offsets["extended_at"]) == (START + HOUR, 60)
    assert [found.stamps[name][2] for name in ("extended_at", "stage")] == ["e-0", "e-0"]
    assert extended_at(FIRST, offer(5, "accepted"), AGAIN) == 1
    accepted = offer_of(FIRST, AGAIN, offer(10, "accepted"))
    assert [accepted.stamps[name][2] for name in ("extended_at", "stage")] == ["e-0", "e-2"]


def test_an_end_between_is_followed_by_another_life() -> None:
    assert extended_at(FIRST, offer(5, "rescinded"), AGAIN) == 9
    assert extended_at(FIRST, AGAIN, offer(10, "rescinded")) == 1
    assert extended_at(FIRST, mail(5, application="a"), AGAIN) == 9
    assert extended_at(FIRST, mail(10, application="a"), AGAIN) == 1
    assert extended_at(mail(0.5, application="a"), FIRST, AGAIN) == 1


def test_one_message_about_the_offer_ends_nothing() -> None:
    found = offer_of(FIRST, mail(5, offer="o"), AGAIN)
    assert (found.values["extended_at"], found.values["withdrawing_since"]) == (START + HOUR, START + 5 * HOUR)


def test_an_erased_case_counts_from_the_latest() -> None:
    """Of a first statement from before the erasure it cannot know the next one."""
    erasure = Event("t", "s", "erased", "candidate.erased", START + 2 * HOUR, "c-1", {})
    events = [*events_of(FIRST, offer(5, "extended"), AGAIN), erasure]
    cases = {Case().fold(*order).to_json() for order in permutations(events)}
    [case] = map(Case.from_json, cases)
    assert facts_of(case, "c-1").entities["offer"][0].values["extended_at"] == START + 9 * HOUR


def test_a_hire_without_an_offer_of_its_own_does_not_move_the_first() -> None:
    def unnamed(hours: float) -> Said:
        return hours, "offer.extended", {"offer": "application-a", "application": "a"}

    for found in (offer_of(FIRST, unnamed(5)), offer_of(FIRST, AGAIN, unnamed(5))):
        assert found.values["extended_at"] == START + HOUR


@pytest.mark.parametrize("end", ["declined", "withdrawn", "rescinded", "expired"])
def test_an_offer_ended_when_its_end_was_first_stated(end: str) -> None:
    found = offer_of(FIRST, offer(2, end), offer(3, end))
    assert (found.values[f"{end}_at"], found.offsets[f"{end}_at"]) == (START + 2 * HOUR, 60)
    assert [found.stamps[name][2] for name in (f"{end}_at", "stage", "ended")] == ["e-1"] * 3
    again = offer_of(FIRST, offer(2, end), offer(3, "extended"), offer(4, end))
    assert again.values[f"{end}_at"] == START + 4 * HOUR
    renewed = offer_of(FIRST, offer(2, end), offer(3, end), offer(4, "extended"))
    assert (renewed.values["stage"], renewed.values["extended_at"]) == ("open", START + 4 * HOUR)
    at_once = offer_of(FIRST, offer(2, "accepted"), offer(2, end), offer(3, end))
    assert at_once.values[f"{end}_at"] == START + 3 * HOUR, "which of them was first is not known"


def test_an_offer_of_an_erased_case_ended_when_that_was_last_stated() -> None:
    erasure = Event("t", "s", "erased", "candidate.erased", START, "c-1", {})
    case = Case().fold(erasure, *events_of(FIRST, offer(2, "declined"), offer(3, "declined")))
    [found] = facts_of(case, "c-1").entities["offer"]
    assert (found.values["stage"], found.values["declined_at"]) == ("declined", START + 3 * HOUR)
