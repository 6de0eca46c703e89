"""Interviews that are moved, held and stated again, and what is prepared for several records of one talk."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, format_instant, parse_instant
from signpost.case.order import REACHED
from signpost.facts.entity import Entity
from signpost.facts.facts import facts_of
from signpost.facts.moves import add_moves

START = parse_instant("2026-03-02T12:00:00Z")
MONDAY, TUESDAY, WEDNESDAY = (f"2026-03-{day:02}T12:00:00Z" for day in (9, 10, 11))
IN_FIVE_HOURS = format_instant(START + 5 * HOUR)
Said = tuple[float, str, dict[str, Any]]


def interviews(*said: Said) -> dict[str, Entity]:
    """By id, the interviews of events given as (hours, name, data); `i` unless the data names another."""
    events = [
        Event(
            "t", "s", f"e-{number}", f"interview.{name}", START + int(hours * HOUR), "c-1", {"interview": "i", **data}
        )
        for number, (hours, name, data) in enumerate(said)
    ]
    return {one.id: one for one in facts_of(Case().fold(*events), "c-1").entities["interview"]}


def scheduled(hours: float, **data: Any) -> Said:
    return hours, "scheduled", data


def moved(hours: float, **data: Any) -> Said:
    return hours, "rescheduled", data


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        (
            [
                scheduled(0, starts_at=MONDAY),
                moved(1, starts_at=TUESDAY),
                moved(2, starts_at=WEDNESDAY),
                moved(3, starts_at=TUESDAY),
            ],
            3,
        ),
        ([scheduled(0, starts_at=MONDAY), moved(0.5), scheduled(1, starts_at=TUESDAY)], 1),
    ],
)
def test_an_interview_was_moved_when_it_got_its_present_time(said: list[Said], hours: float) -> None:
    found = interviews(*said)["i"]
    assert found.values["rescheduled_at"] == START + hours * HOUR


def test_of_a_time_whose_first_statement_is_not_known_no_move_is_known() -> None:
    """Cases that were stored earlier keep no first statements."""
    interview = Entity("interview", "i")
    interview.set("rescheduled_at", START + HOUR, (START + HOUR, "s", "e-1"))
    interview.set("starts_at", parse_instant(MONDAY), (START, "s", "e-0"))
    interview.set("format", "video", (START + HOUR, "s", "e-1"))
    add_moves([interview], {"i": {f"{REACHED}.format.video": ((START + HOUR, "s", "e-1"), "rescheduled")}})
    assert interview.values["rescheduled_at"] == START + HOUR


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ([(2, "completed", {}), scheduled(3, starts_at=IN_FIVE_HOURS)], "scheduled"),
        ([scheduled(0, starts_at=IN_FIVE_HOURS), (2, "completed", {})], "completed"),
        ([scheduled(0, starts_at=IN_FIVE_HOURS), (2, "completed", {}), moved(3, starts_at=IN_FIVE_HOURS)], "scheduled"),
        ([scheduled(0, starts_at=IN_FIVE_HOURS), (2, "completed", {}), moved(5, starts_at=IN_FIVE_HOURS)], "completed"),
        ([(2, "completed", {"starts_at": IN_FIVE_HOURS}), moved(3)], "completed"),
    ],
)
def test_an_interview_that_was_held_is_ahead_again_if_a_start_ahead_is_stated_later(
    said: list[Said], stage: str
) -> None:
    assert interviews(*said)["i"].values["stage"] == stage


def test_each_record_of_a_talk_keeps_who_said_that_it_is_prepared() -> None:
    panel = [
        scheduled(number, interview=name, application="a", starts_at=MONDAY)
        for number, name in enumerate(("i-1", "i-2", "i-3"))
    ]
    steps: list[Said] = [
        (number + 3, "prepared", {"interview": name, "step": "bag"}) for number, name in enumerate(("i-1", "i-2"))
    ]
    found = interviews(*panel, *steps)
    assert [found[name].stamps["prepared.bag"][2] for name in ("i-1", "i-2")] == ["e-3", "e-4"]
    assert found["i-3"].values["prepared.bag"] is True


def test_an_interview_in_utc_says_nothing_about_where_its_employer_is() -> None:
    found = interviews(scheduled(0, starts_at=MONDAY), (1, "completed", {}))["i"]
    assert found.offsets == {}


@pytest.mark.parametrize(
    ("said", "is_packed"),
    [
        ([(1, "prepared", {"step": "bag"}), (2, "completed", {}), moved(3, starts_at=MONDAY)], False),
        ([(2, "prepared", {"step": "bag"}), (2, "completed", {}), moved(3, starts_at=MONDAY)], False),
        ([(2.5, "prepared", {"step": "bag"}), (2, "completed", {}), moved(3, starts_at=MONDAY)], True),
        ([(1, "prepared", {"step": "bag"}), (2, "completed", {}), (3, "cancelled", {})], True),
        ([(1, "prepared", {"step": "bag"}), (2, "completed", {})], True),
    ],
)
def test_the_bag_for_the_talk_before_is_not_packed_for_the_next_one(said: list[Said], is_packed: bool) -> None:
    assert ("prepared.bag" in interviews(*said)["i"].values) is is_packed
