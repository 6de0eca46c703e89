"""An application that ended and goes on all the same."""

from itertools import permutations
from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import Entity, Facts, facts_of

START = parse_instant("2026-03-02T00:00:00Z")
Said = tuple[float, str, dict[str, Any]]


def events_of(*said: Said) -> list[Event]:
    """Events given as (hours, type, data)."""
    return [
        Event("t", "s", f"e-{number}", type_, START + int(hours * HOUR), "c-1", data)
        for number, (hours, type_, data) in enumerate(said)
    ]


def facts(*said: Said) -> Facts:
    return facts_of(Case().fold(*events_of(*said)), "c-1")


def application_of(*said: Said) -> Entity:
    return next(one for one in facts(*said).entities["application"] if one.id == "a")


def application(hours: float, name: str) -> Said:
    return hours, f"application.{name}", {"application": "a"}


def interview(hours: float, name: str = "scheduled", **data: Any) -> Said:
    return hours, f"interview.{name}", {"interview": "i", "application": "a", **data}


def offer(hours: float, name: str = "extended", **data: Any) -> Said:
    return hours, f"offer.{name}", {"offer": "o", "application": "a", **data}


SUBMITTED = application(0, "submitted")
LATER = "2026-03-09T12:00:00Z"


@pytest.mark.parametrize("end", ["rejected", "withdrawn"])
@pytest.mark.parametrize(
    ("said", "opened"),
    [
        ([interview(6, starts_at=LATER)], True),
        ([interview(6)], True),
        ([interview(6, "rescheduled", starts_at=LATER)], True),
        ([interview(6, starts_at=LATER), interview(7, "cancelled")], False),
        ([interview(6, starts_at=LATER), interview(200, "completed")], True),
        ([interview(6, starts_at="2026-03-02T04:00:00Z")], False),
        ([interview(5, starts_at=LATER)], False),
        ([interview(4, starts_at=LATER)], False),
        ([interview(6, "completed")], False),
        ([interview(6, starts_at=LATER, application="b")], False),
        ([offer(6)], True),
        ([offer(6, "accepted")], True),
        ([offer(6), offer(7, "declined")], True),
        ([offer(5)], False),
        ([offer(4), offer(6, "updated", title="Analyst")], False),
        ([application(6, "submitted")], True),
    ],
)
def test_an_application_opens_again_by_what_follows_its_end(end: str, said: list[Said], opened: bool) -> None:
    found = application_of(SUBMITTED, application(5, end), *said)
    assert found.values["stage"] == ("submitted" if opened else end)
    assert (f"{end}_at" in found.values) is not opened
    if opened:
        assert found.stamps["stage"][2] == "e-2"


def test_after_a_cancelled_interview_the_application_opens_by_what_follows() -> None:
    cancelled = (SUBMITTED, application(5, "rejected"), interview(6), interview(7, "cancelled"))
    for opening in (interview(8, "rescheduled", starts_at=LATER), interview(8, interview="j"), offer(8)):
        found = application_of(*cancelled, opening)
        assert (found.values["stage"], found.stamps["stage"][2]) == ("submitted", "e-4")


def test_an_application_of_which_nobody_said_that_it_was_submitted_is_as_before() -> None:
    assert "stage" not in application_of(application(5, "rejected"), offer(6)).values
    assert application_of(application(5, "rejected"), application(6, "submitted")).values["stage"] == "submitted"


def test_an_application_that_is_open_again_can_end_again() -> None:
    again = (SUBMITTED, application(3, "withdrawn"), interview(4, starts_at=LATER))
    assert application_of(*again).values["stage"] == "submitted"
    assert application_of(*again, application(5, "rejected")).values["stage"] == "rejected"
    assert application_of(SUBMITTED, interview(4), application(5, "rejected")).stamps["stage"][2] == "e-2"


@pytest.mark.parametrize("end", ["rejected", "withdrawn"])
@pytest.mark.parametrize(
    ("between", "hours"),
    [
        ((), 5),
        ((application(6, "submitted"),), 9),
        ((interview(6, starts_at=LATER),), 9),
        ((interview(6, "cancelled"),), 5),
        ((offer(4),), 5),
    ],
)
def test_an_end_that_is_stated_again_has_its_first_time_unless_it_went_on(
    end: str, between: tuple[Said, ...], hours: int
) -> None:
    said = (SUBMITTED, application(5, end), *between, application(9, end))
    for order in permutations(events_of(*said)):
        [found] = facts_of(Case().fold(*order), "c-1").entities["application"]
        assert (found.values["stage"], found.values[f"{end}_at"]) == (end, START + hours * HOUR)


def test_what_ended_with_the_application_stays_ended() -> None:
    first, second = ({"interview": name, "starts_at": LATER} for name in ("first", "second"))
    found = facts(SUBMITTED, interview(1, **first), offer(2), application(5, "rejected"), interview(6, **second))
    assert [(one.id, one.values["stage"]) for one in found.entities["interview"]] == [
        *(("first", "cancelled"), ("second", "scheduled"))
    ]
    assert [one.values["stage"] for one in found.entities["offer"]] == ["rescinded"]


def test_an_opening_that_arrives_late_ends_in_the_same_stage() -> None:
    said = events_of(SUBMITTED, interview(4, starts_at=LATER), application(5, "rejected"), interview(6, "rescheduled"))
    for order in permutations(said):
        [found] = facts_of(Case().fold(*order), "c-1").entities["application"]
        assert (found.values["stage"], found.stamps["stage"][2]) == ("submitted", "e-3")


def contact(hours: float, channel: str = "email", **data: Any) -> Said:
    said = {"application": "a", "by": "candidate", "purpose": "withdrawal", "channel": channel, **data}
    return hours, "contact.logged", said


AHEAD = interview(1, starts_at=LATER)


@pytest.mark.parametrize("channel", ["email", "letter", "message", "phone", "video", "in_person"])
def test_who_tells_the_employer_has_withdrawn_the_application(channel: str) -> None:
    found = facts(SUBMITTED, AHEAD, offer(2), contact(5, channel), application(9, "rejected"))
    [one], [held], [made] = (found.entities[kind] for kind in ("application", "interview", "offer"))
    assert (one.values["stage"], one.values["withdrawn_at"]) == ("withdrawn", START + 5 * HOUR)
    assert (held.values["stage"], held.values["cancelled_at"]) == ("cancelled", START + 5 * HOUR)
    assert (made.values["stage"], made.values["ended"]) == ("declined", True)
    assert {one.stamps[name][2] for name in ("stage", "withdrawn_at")} == {held.stamps["stage"][2]} == {"e-3"}


@pytest.mark.parametrize(
    ("said", "stage", "hours"),
    [
        ([contact(5), application(7, "withdrawn")], "withdrawn", 5),
        ([application(4, "withdrawn"), contact(5), contact(6)], "withdrawn", 4),
        ([contact(0)], "withdrawn", 0),
        ([contact(5), contact(6)], "withdrawn", 5),
        ([contact(5), application(6, "submitted")], "submitted", None),
        ([contact(5), interview(6, starts_at=LATER)], "submitted", None),
        ([contact(5), offer(6)], "submitted", None),
        ([contact(5), offer(6, "countered")], "submitted", None),
        ([contact(3), offer(4), contact(5)], "withdrawn", 5),
        ([contact(5, by="employer")], "submitted", None),
        ([contact(5, purpose="other")], "submitted", None),
        ([contact(5, application="b")], "submitted", None),
        ([contact(5, application=None)], "submitted", None),
        ([offer(1), contact(5, offer="o", application=None)], "submitted", None),
    ],
)
def test_since_when_an_application_is_withdrawn(said: list[Said], stage: str, hours: float | None) -> None:
    found = application_of(SUBMITTED, *said).values
    assert (found["stage"], found.get("withdrawn_at")) == (stage, None if hours is None else START + hours * HOUR)


def test_an_accepted_offer_ends_only_by_voice_and_in_writing() -> None:
    accepted = (SUBMITTED, offer(2), offer(3, "accepted"), contact(5))
    [one] = facts(*accepted).entities["offer"]
    assert one.values["stage"] == "accepted"
    [told] = facts(*accepted, contact(6, "phone")).entities["offer"]
    assert (told.values["stage"], told.values["withdrawn_at"]) == ("withdrawn", START + 6 * HOUR)


def test_an_offer_ends_with_the_latest_end_of_an_application_that_is_open_again() -> None:
    """The first end was before the offer."""
    [made] = facts(
        *(SUBMITTED, application(3, "withdrawn"), interview(4, starts_at=LATER), offer(4.5)),
        *(application(5, "rejected"), application(6, "submitted")),
    ).entities["offer"]
    assert (made.values["stage"], made.values.get("rescinded_at")) == ("rescinded", START + 5 * HOUR)


def test_a_first_end_of_the_time_of_the_submission_counts() -> None:
    assert application_of(SUBMITTED, application(0, "rejected"), application(9, "rejected")).values["rejected_at"] == (
        START
    )


@pytest.mark.parametrize(
    ("said", "renewed"),
    [
        ([application(3, "rejected")], False),
        ([application(3, "rejected"), application(5, "submitted")], True),
        ([application(5, "rejected"), application(5, "submitted")], False),
        ([application(3, "withdrawn"), application(5, "submitted"), application(6, "rejected")], True),
        ([application(3, "rejected"), interview(5, starts_at=LATER)], False),
    ],
)
def test_an_application_is_renewed_if_it_was_submitted_again_after_an_end(said: list[Said], renewed: bool) -> None:
    assert application_of(SUBMITTED, *said).is_renewed is renewed


def test_without_an_end_an_application_is_as_it_was_submitted() -> None:
    assert application_of(SUBMITTED, interview(4, starts_at=LATER)).stamps["stage"][2] == "e-0"
