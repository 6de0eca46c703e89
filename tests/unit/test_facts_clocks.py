"""In which zone a reader sees an instant: of the employer, of who wrote it, of the candidate, but never of the machine
that reads."""

import time
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from signpost.case.instant import FIRST_ANYWHERE, HOUR, parse_instant
from signpost.facts.clock import Clock, clock_of, letter_clock_of
from signpost.facts.entity import Entity
from signpost.facts.vocabulary import KINDS

NOON = parse_instant("2026-03-02T12:00:00Z")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def entity(kind: str = "offer", **offsets: int) -> Entity:
    """An entity with instants in these offsets, in minutes, each stated an hour after the one before it."""
    found = Entity(kind, "e")
    for number, (name, offset) in enumerate(offsets.items()):
        found.set(name, NOON, (NOON + number * HOUR, "s", f"e-{number}"), offset)
    return found


def at_noon(clock: Clock, offset: int = 0) -> str:
    return f"{clock.local(NOON, offset):%H:%M %Z}"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Atlantic/Reykjavik"])
def test_a_text_names_the_zone_of_the_employer_wherever_the_machine_is(machine_in_berlin: None, zone: str) -> None:
    clock = clock_of(Entity("offer", "o", {"employer_time_zone": zone}), None, KINDS, private=True)
    assert at_noon(clock).endswith(f" {zone}")


def test_a_letter_shows_where_its_sender_wrote_an_instant_wherever_the_machine_is(machine_in_berlin: None) -> None:
    assert at_noon(letter_clock_of(entity(respond_by=60), None, KINDS)) == "13:00 UTC+01:00"


def test_a_letter_to_an_employer_whose_zone_is_known_has_its_times_only() -> None:
    clock = letter_clock_of(Entity("offer", "o", {"employer_time_zone": "Europe/Berlin"}), None, KINDS)
    assert at_noon(clock, -480) == "13:00 Europe/Berlin"


@pytest.mark.parametrize("zone", [None, BERLIN])
def test_a_letter_keeps_each_of_two_offsets_that_the_employer_wrote(zone: ZoneInfo | None) -> None:
    clock = letter_clock_of(entity(respond_by=-480, extended_at=-300), zone, KINDS)
    assert [at_noon(clock, offset) for offset in (-480, -300)] == ["04:00 UTC-08:00", "07:00 UTC-05:00"]


def test_a_letter_has_the_candidates_own_offset_where_nothing_else_is_known() -> None:
    assert at_noon(letter_clock_of(entity("candidate", resigned_at=60), None, KINDS)) == "13:00 UTC+01:00"


def test_a_day_that_was_stated_without_saying_where_does_not_say_where_its_sender_is() -> None:
    day: dict[str, Any] = {"extended_at": FIRST_ANYWHERE}
    assert at_noon(clock_of(entity(**day), None, KINDS, private=True)) == "12:00 UTC"
    assert at_noon(clock_of(entity(respond_by=60, **day), None, KINDS, private=True)) == "13:00 UTC+01:00"
