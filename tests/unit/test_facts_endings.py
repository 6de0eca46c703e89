"""What ends an offer or an interview without a statement about it, at the boundaries; and who stays out of it."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import Entity, Facts, facts_of

START = parse_instant("2026-03-02T12:00:00Z")
Said = tuple[float, str, dict[str, Any]]


def facts(*said: Said) -> Facts:
    """Facts of events given as (hours, type, data)."""
    events = [
        Event("t", "s", f"e-{number}", type_, START + int(hours * HOUR), "c-1", data)
        for number, (hours, type_, data) in enumerate(said)
    ]
    return facts_of(Case().fold(*events), "c-1")


def offer(hours: float, name: str) -> Said:
    return hours, f"offer.{name}", {"offer": "o", "application": "a"}


def application(hours: float, name: str) -> Said:
    return hours, f"application.{name}", {"application": "a"}


def contact(hours: float, channel: str, **data: str) -> Said:
    said = {"offer": "o", "by": "candidate", "purpose": "withdrawal", "channel": channel}
    return hours, "contact.logged", said | data


def only(kind: str, *said: Said) -> Entity:
    [entity] = facts(*said).entities[kind]
    return entity


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ([offer(1, "extended"), application(1, "rejected")], "rescinded"),
        ([offer(1, "extended"), application(2, "withdrawn")], "declined"),
        ([offer(1, "extended"), application(2, "submitted")], "open"),
        ([offer(1, "extended"), offer(3, "declined"), application(4, "rejected")], "declined"),
    ],
)
def test_the_end_of_an_application_ends_its_open_offer(said: list[Said], stage: str) -> None:
    found = only("offer", *said)
    assert (found.values["stage"], found.values["ended"]) == (stage, stage != "open")


def interview(starts_at: str | None, hours: float = 0, name: str = "scheduled") -> Said:
    return hours, f"interview.{name}", {"interview": "i", "application": "a", "starts_at": starts_at}


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ([interview("2026-03-09T12:00:00Z"), application(2, "rejected")], "cancelled"),
        ([interview("2026-03-02T14:00:00Z"), application(2, "withdrawn")], "cancelled"),
        ([interview("2026-03-02T13:59:59Z"), application(2, "rejected")], "scheduled"),
        ([interview(None), application(2, "rejected")], "cancelled"),
        ([interview("2026-03-09T12:00:00Z", 2), application(2, "rejected")], "cancelled"),
        ([interview("2026-03-09T12:00:00Z", 3), application(2, "rejected")], "scheduled"),
        ([interview("2026-03-09T12:00:00Z"), application(2, "submitted")], "scheduled"),
        ([interview(None, 0, "completed"), application(2, "rejected")], "completed"),
    ],
)
def test_the_end_of_an_application_cancels_the_interviews_ahead(said: list[Said], stage: str) -> None:
    found = only("interview", *said)
    assert found.values["stage"] == stage
    if stage == "cancelled":
        assert found.values["cancelled_at"] == START + 2 * HOUR
        assert found.stamps["stage"][2] == "e-1"


AHEAD = interview("2026-03-09T12:00:00Z")


@pytest.mark.parametrize("end", ["declined", "withdrawn", "rescinded", "expired"])
@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ([AHEAD], "cancelled"),
        ([interview(None)], "cancelled"),
        ([interview("2026-03-09T12:00:00Z", 3)], "cancelled"),
        ([interview("2026-03-09T12:00:00Z", 4)], "scheduled"),
        ([AHEAD, interview("2026-03-09T12:00:00Z", 4, "rescheduled")], "scheduled"),
        ([interview("2026-03-02T14:59:59Z")], "scheduled"),
        ([interview(None, 0, "completed")], "completed"),
        ([AHEAD, (2, "offer.extended", {"offer": "p", "application": "a"})], "scheduled"),
        ([AHEAD, (2, "offer.accepted", {"offer": "p", "application": "a"})], "scheduled"),
        ([AHEAD, (2, "offer.extended", {"offer": "p", "application": "b"})], "cancelled"),
        ([AHEAD, (2, "offer.declined", {"offer": "p", "application": "a"})], "cancelled"),
    ],
)
def test_the_end_of_the_last_offer_of_an_application_cancels_its_interviews(
    end: str, said: list[Said], stage: str
) -> None:
    found = only("interview", *said, offer(1, "extended"), offer(3, end))
    assert found.values["stage"] == stage
    if stage == "cancelled":
        assert (found.values["cancelled_at"], found.stamps["stage"][2]) == (START + 3 * HOUR, f"e-{len(said) + 1}")


def test_an_offer_of_no_application_or_of_another_cancels_nothing() -> None:
    for application in (None, "b"):
        ended = (3, "offer.declined", {"offer": "o", "application": application})
        assert only("interview", AHEAD, ended).values["stage"] == "scheduled"
        bare = (0, "interview.scheduled", {"interview": "i", "starts_at": "2026-03-09T12:00:00Z"})
        assert only("interview", bare, ended).values["stage"] == "scheduled"


def test_a_finished_withdrawal_cancels_the_interviews_too() -> None:
    found = only("interview", AHEAD, *ACCEPTED, CALL, MAIL)
    assert (found.values["stage"], found.values["cancelled_at"]) == ("cancelled", START + 3 * HOUR)


ACCEPTED = (offer(0, "extended"), offer(1, "accepted"))
CALL, MAIL = contact(2, "phone"), contact(3, "email")
STARTS = (0, "offer.updated", {"offer": "o", "start_date": "2026-03-03"})
ACME = {"employer": {"id": "acme"}}


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ([application(2, "rejected")], "rescinded"),
        ([application(2, "withdrawn")], "withdrawn"),
        ([application(2, "withdrawn"), application(3, "rejected")], "withdrawn"),
        ([CALL, application(3, "rejected")], "withdrawn"),
        ([application(1, "rejected")], "accepted"),
        ([application(2, "rejected"), offer(3, "letter_signed")], "accepted"),
        ([application(2, "rejected"), interview("2026-03-09T12:00:00Z", 3)], "rescinded"),
        ([(2, "application.rejected", {"application": "b"})], "accepted"),
        ([(2, "contact.logged", {"application": "a", "by": "candidate", "purpose": "withdrawal"})], "accepted"),
        ([STARTS, application(11.99, "rejected")], "rescinded"),
        ([STARTS, application(12, "rejected")], "accepted"),
        (
            [(0, "offer.updated", {"offer": "o", **ACME}), (2, "employment.current", ACME), application(3, "rejected")],
            "accepted",
        ),
        ([(2, "employment.started", {"offer": "o"}), application(3, "rejected")], "accepted"),
    ],
)
def test_a_recorded_end_of_its_application_ends_an_accepted_offer(said: list[Said], stage: str) -> None:
    found = only("offer", *ACCEPTED, *said)
    assert (found.values["stage"], found.values["ended"]) == (stage, stage != "accepted")
    if stage != "accepted":
        assert found.values[f"{stage}_at"] == found.stamps["ended"][0] > found.values["accepted_at"]


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        ([*ACCEPTED, CALL, MAIL], 3),
        ([*ACCEPTED, MAIL, contact(4, "in_person")], 4),
        ([*ACCEPTED, CALL, contact(5, "video"), contact(4, "letter"), contact(6, "message")], 4),
        ([*ACCEPTED, contact(1, "phone"), contact(1, "email")], 1),
        ([offer(0, "extended"), CALL, MAIL], 3),
        ([*ACCEPTED, offer(2, "countered"), CALL, MAIL], 3),
        ([*ACCEPTED, CALL, offer(3, "countered"), MAIL], 3),
        ([*ACCEPTED, CALL, MAIL, offer(4, "countered"), contact(5, "phone")], 5),
    ],
)
def test_a_withdrawal_by_voice_and_in_writing_ends_the_offer(said: list[Said], hours: float) -> None:
    found = only("offer", *said)
    assert (found.values["stage"], found.values["ended"]) == ("withdrawn", True)
    assert found.values["withdrawn_at"] == START + hours * HOUR
    assert said[int(found.stamps["ended"][2].removeprefix("e-"))][0] == hours


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ([*ACCEPTED, CALL], "accepted"),
        ([*ACCEPTED, MAIL, contact(4, "letter")], "accepted"),
        ([*ACCEPTED, CALL, contact(3, "email", by="employer")], "accepted"),
        ([*ACCEPTED, CALL, contact(3, "email", purpose="negotiation")], "accepted"),
        ([*ACCEPTED, CALL, contact(3, "email", offer="another")], "accepted"),
        ([*ACCEPTED, CALL, MAIL, offer(4, "countered")], "accepted"),
        ([*ACCEPTED, CALL, offer(4, "countered"), contact(5, "phone")], "accepted"),
        ([*ACCEPTED, MAIL, offer(4, "accepted"), offer(5, "countered"), contact(6, "phone")], "accepted"),
        ([*ACCEPTED, CALL, MAIL, offer(4, "accepted")], "accepted"),
        ([*ACCEPTED, CALL, MAIL, offer(4, "declined")], "declined"),
        ([CALL, MAIL, (0, "offer.updated", {"offer": "o", "title": "Analyst"})], None),
    ],
)
def test_what_is_no_whole_withdrawal_ends_nothing(said: list[Said], stage: str | None) -> None:
    assert only("offer", *said).values.get("stage") == stage


@pytest.mark.parametrize("other", [{"by": "employer"}, {"purpose": "negotiation"}, {"offer": "another"}])
def test_only_the_candidates_own_withdrawal_from_this_offer_begins_one(other: dict[str, str]) -> None:
    assert "withdrawing_since" not in only("offer", *ACCEPTED, contact(2, "phone", **other)).values
    assert only("offer", *ACCEPTED, contact(1, "phone")).values["withdrawing_since"] == START + HOUR


@pytest.mark.parametrize(
    ("said", "by"),
    [
        ([{"by": "verbal"}], "verbal"),
        ([{"by": "written"}], "written"),
        ([{"by": "written"}, {"by": "verbal"}], "written"),
        ([{}], None),
    ],
)
def test_how_an_offer_was_accepted(said: list[dict[str, str]], by: str | None) -> None:
    accepted = [(float(n + 1), "offer.accepted", {"offer": "o", **data}) for n, data in enumerate(said)]
    assert only("offer", offer(0, "extended"), *accepted).values.get("accepted_by") == by
    again = only("offer", offer(0, "extended"), *accepted, offer(5, "declined"), offer(6, "accepted"))
    assert "accepted_by" not in again.values


@pytest.mark.parametrize(
    ("between", "accepted"),
    [
        ((), 1),
        ((offer(2, "accepted"),), 1),
        ((offer(2, "countered"),), 3),
        ((offer(2, "declined"),), 3),
        ((contact(2, "phone"),), 3),
        ((contact(1, "phone"),), 3),
        ((contact(0.5, "phone"),), 1),
        ((contact(3, "phone"),), 1),
        ((contact(2, "phone", offer="another"),), 1),
        ((offer(2.5, "letter_signed"),), 1),
        ((contact(2, "phone"), offer(2.5, "letter_signed")), 3),
    ],
)
def test_a_yes_that_is_only_said_again_keeps_its_time(between: tuple[Said, ...], accepted: int) -> None:
    found = only("offer", offer(0, "extended"), offer(1, "accepted"), *between, offer(3, "accepted"))
    assert found.values["accepted_at"] == START + accepted * HOUR


@pytest.mark.parametrize(
    ("said", "by"),
    [
        ([("accepted", {"by": "written"}), ("countered", {})], "written"),
        ([("accepted", {"by": "written"}), ("countered", {}), ("accepted", {"by": "verbal"})], "verbal"),
        ([("accepted", {"by": "written"}), ("countered", {}), ("accepted", {})], None),
        ([("letter_signed", {}), ("countered", {}), ("accepted", {"by": "verbal"})], "verbal"),
        ([("countered", {}), ("letter_signed", {}), ("accepted", {"by": "verbal"})], "written"),
        ([("accepted", {"by": "verbal"}), ("countered", {}), ("letter_signed", {})], "written"),
    ],
)
def test_how_a_counteroffer_was_accepted(said: list[tuple[str, dict[str, str]]], by: str | None) -> None:
    events: list[Said] = [(float(n), f"offer.{name}", {"offer": "o", **data}) for n, (name, data) in enumerate(said)]
    found = only("offer", *events)
    assert found.values.get("accepted_by") == by


@pytest.mark.parametrize(
    ("names", "stage", "accepted"),
    [
        (["extended", "accepted"], "accepted", True),
        (["accepted", "declined"], "declined", True),
        (["countered", "accepted", "extended"], "accepted", True),
        (["extended", "rescinded", "expired"], "expired", False),
    ],
)
def test_of_milestones_of_one_time_the_one_further_on_counts(names: list[str], stage: str, accepted: bool) -> None:
    found = only("offer", *(offer(1, name) for name in names))
    assert (found.values["stage"], "accepted_at" in found.values) == (stage, accepted)


def test_an_employers_latest_name_and_zone_count_where_none_is_stated() -> None:
    def stated(hours: float, offer: str, **employer: str) -> Said:
        return hours, "offer.extended", {"offer": offer, "employer": {"id": "acme", **employer}}

    said = [
        stated(1, "p", name="Acme"),
        stated(3, "q", name="Acme SE"),
        stated(2, "r", name="Acme Ltd"),
        stated(4, "s"),
    ]
    found = {one.id: one for one in facts(*said).entities["offer"]}
    assert {name: one.values["employer_name"] for name, one in found.items()} == {
        "p": "Acme",
        "q": "Acme SE",
        "r": "Acme Ltd",
        "s": "Acme SE",
    }
    assert found["s"].stamps["employer_name"][2] == "e-1"


def test_a_contact_belongs_where_its_offer_belongs() -> None:
    said = (0.0, "offer.extended", {"offer": "o", "application": "a", "employer": {"id": "acme", "name": "Acme"}})
    other = {"offer": "o", "by": "candidate", "channel": "phone"}
    found = only("contact", said, (1.0, "contact.logged", other))
    known = {name: found.values[name] for name in ("application", "employer", "employer_name")}
    assert known == {"application": "a", "employer": "acme", "employer_name": "Acme"}
    assert "employer" not in only("contact", said, (1.0, "contact.logged", other | {"offer": "p"})).values
