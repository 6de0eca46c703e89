"""Facts: what the statements of a case come to, as rules see them."""

from datetime import date
from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import DAY, HOUR, parse_instant
from signpost.facts.facts import Entity, Facts, facts_of

START = parse_instant("2026-03-02T14:00:00Z")
OFFER = {"offer": "o"}


def facts(*events: tuple[float, str, dict[str, Any]], subject: str = "c-1") -> Facts:
    """Facts of events given as (hours, type, data)."""
    case = Case().fold(
        *(
            Event("t", "s", f"e-{n}", type_, START + int(h * HOUR), subject, data)
            for n, (h, type_, data) in enumerate(events)
        )
    )
    return facts_of(case, subject)


def offer(*events: tuple[float, str, dict[str, Any]]) -> Entity:
    return facts(*((hours, f"offer.{name}", OFFER | data) for hours, name, data in events)).entities["offer"][0]


@pytest.mark.parametrize(
    ("milestones", "stage"),
    [
        (["extended"], "open"),
        (["extended", "accepted"], "accepted"),
        (["letter_signed"], "accepted"),
        (["extended", "accepted", "withdrawn"], "withdrawn"),
        (["extended", "declined"], "declined"),
        (["accepted", "rescinded"], "rescinded"),
        (["extended", "expired"], "expired"),
        (["declined", "extended"], "open"),
        (["updated"], None),
        (["letter_received"], None),
    ],
)
def test_the_latest_milestone_decides_the_stage(milestones: list[str], stage: str | None) -> None:
    found = offer(*((hours, name, {}) for hours, name in enumerate(milestones)))
    assert found.values.get("stage") == stage
    assert found.values["ended"] is (stage in ("withdrawn", "declined", "rescinded", "expired"))


def test_a_letter_is_signed_while_signing_is_the_latest() -> None:
    assert offer((0, "extended", {})).values["letter"] == "none"
    assert offer((0, "letter_received", {})).values["letter"] == "received"
    assert offer((0, "letter_received", {}), (1, "letter_signed", {})).values["letter"] == "signed"
    assert offer((1, "letter_received", {}), (0, "letter_signed", {})).values["letter"] == "received"


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        ([("accepted", {})], 0),
        ([("accepted", {"by": "verbal"}), ("accepted", {"by": "written"})], 0),
        ([("accepted", {}), ("letter_signed", {})], 0),
        ([("letter_signed", {})], 0),
        ([("accepted", {}), ("declined", {}), ("accepted", {"by": "written"})], 2),
        ([("accepted", {}), ("countered", {}), ("accepted", {})], 2),
        ([("accepted", {"by": "verbal"}), ("countered", {}), ("accepted", {"by": "written"})], 2),
        ([("accepted", {}), ("withdrawn", {}), ("letter_signed", {})], 2),
        ([("accepted", {"by": "verbal"}), ("countered", {})], 0),
    ],
)
def test_when_an_offer_was_accepted(said: list[tuple[str, dict[str, Any]]], hours: int) -> None:
    found = offer(*((number, name, data) for number, (name, data) in enumerate(said)))
    assert found.values["accepted_at"] == START + hours * HOUR


def test_null_takes_a_statement_back() -> None:
    assert (
        "respond_by"
        not in offer(
            (0, "extended", {"respond_by": "2026-03-06T12:00:00Z"}), (1, "updated", {"respond_by": None})
        ).values
    )


def test_each_benefit_is_a_field_of_its_own() -> None:
    found = offer(
        (0, "extended", {"benefits": {"health": True, "dental": True}}), (1, "updated", {"benefits": {"dental": False}})
    )
    assert (found.values["benefits.health"], found.values["benefits.dental"]) == (True, False)
    assert (
        "benefits.health"
        not in offer((0, "extended", {"benefits": {"health": True}}), (1, "updated", {"benefits": None})).values
    )


def test_a_place_is_one_statement() -> None:
    moved = offer(
        (0, "extended", {"location": {"city": "Paris", "region": "IDF"}}),
        (1, "updated", {"location": {"city": "Berlin"}}),
    )
    assert (moved.values["city"], moved.values.get("region")) == ("Berlin", None)


def money(amount: str, per: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD", "per": per}


@pytest.mark.parametrize(
    ("amount", "per", "annual"),
    [
        ("50000", "year", 50000),
        ("4000", "month", 48000),
        ("1000", "week", 52000),
        ("200", "day", 52000),
        ("25", "hour", 52000),
    ],
)
def test_pay_by_the_year(amount: str, per: str, annual: int) -> None:
    assert offer((0, "extended", {"salary": money(amount, per)})).values["salary"].annual == annual


def test_hourly_pay_counts_the_known_hours() -> None:
    assert (
        offer((0, "extended", {"salary": money("25", "hour"), "hours_per_week": 20})).values["salary"].annual == 26000
    )


def test_the_letters_terms_are_fields_of_their_own() -> None:
    found = offer((0, "letter_received", {"letter": {"salary": money("1", "year"), "start_date": "2026-04-01"}}))
    assert (found.values["letter_salary"].amount, found.values["letter_start_date"]) == ("1", date(2026, 4, 1))


def test_a_withdrawal_begins_when_the_employer_first_hears_of_it_after_the_yes() -> None:
    by = {"application": "a", "by": "candidate", "purpose": "withdrawal"}
    calls = [(hours, "contact.logged", by) for hours in (1.0, 5.0, 4.0)]
    accepted = (2.0, "offer.accepted", {"offer": "o", "application": "a"})
    elsewhere = (3.0, "contact.logged", by | {"application": "b"})
    found = facts(*calls, accepted, elsewhere).entities["offer"][0]
    assert (found.values["withdrawing_since"], found.stamps["withdrawing_since"][2]) == (START + 4 * HOUR, "e-2")
    assert "withdrawing_since" not in facts(calls[0], accepted).entities["offer"][0].values
    assert "withdrawing_since" not in facts(*calls, (0, "offer.updated", accepted[2])).entities["offer"][0].values


def test_a_withdrawal_from_an_offer_without_a_yes_begins_after_it_was_made() -> None:
    by = {"application": "a", "by": "candidate", "purpose": "withdrawal"}
    calls = [(hours, "contact.logged", by) for hours in (1.0, 5.0, 4.0)]
    found = facts(*calls, (2.0, "offer.extended", {"offer": "o", "application": "a"})).entities["offer"][0]
    assert found.values["withdrawing_since"] == START + 4 * HOUR


def test_an_interview_is_upcoming_until_its_start() -> None:
    scheduled = (0.0, "interview.scheduled", {"interview": "i", "starts_at": "2026-03-09T12:00:00Z"})
    found = facts(scheduled).entities["interview"][0].values
    assert found["upcoming_until"] == parse_instant("2026-03-09T12:00:00Z")
    assert (
        "upcoming_until"
        not in facts(scheduled, (1, "interview.cancelled", {"interview": "i"})).entities["interview"][0].values
    )
    assert (
        facts((0, "interview.scheduled", {"interview": "i"})).entities["interview"][0].values["upcoming_until"]
        == START + 60 * DAY
    )


@pytest.mark.parametrize(
    ("said", "employed", "resigned"),
    [
        ([], None, False),
        (["current"], True, False),
        (["current", "resigned"], True, True),
        (["current", "resigned", "ended"], False, True),
        (["ended"], False, False),
        (["current", "resigned", "ended", "current"], True, False),
        (["current", "resigned", "current"], True, True),
    ],
)
def test_employed_and_resigned(said: list[str], employed: bool | None, resigned: bool) -> None:
    found = facts(*((hours, f"employment.{name}", {}) for hours, name in enumerate(said))).candidate.values
    assert (found.get("employed"), found["resigned"]) == (employed, resigned)


def test_an_employer_said_of_the_application_holds_for_its_offer() -> None:
    found = facts(
        (0, "application.submitted", {"application": "a", "employer": {"id": "acme", "name": "Acme"}}),
        (1, "offer.extended", OFFER | {"application": "a"}),
    )
    assert found.entities["offer"][0].values["employer_name"] == "Acme"


def test_an_employers_name_is_known_wherever_its_id_is() -> None:
    found = facts(
        (0, "offer.extended", {"offer": "o", "employer": {"id": "acme", "name": "Acme"}}),
        (1, "offer.extended", {"offer": "p", "employer": {"id": "acme"}}),
    )
    assert [entity.values["employer_name"] for entity in found.entities["offer"]] == ["Acme", "Acme"]


def test_the_subject_names_the_application() -> None:
    found = facts((0, "offer.extended", OFFER), subject="application:a-7")
    assert found.entities["offer"][0].values["application"] == "a-7"
    assert [entity.id for entity in found.entities["application"]] == ["a-7"]


def test_the_new_job_began() -> None:
    found = facts((0, "offer.accepted", OFFER), (DAY / HOUR, "employment.started", {"offer": "o"}))
    assert found.entities["offer"][0].values["started_at"] == START + DAY
    assert found.candidate.values["new_job_started_at"] == START + DAY


def test_every_value_names_the_event_that_decided_it() -> None:
    found = offer((0, "extended", {"title": "Engineer"}), (1, "accepted", {}))
    assert found.stamps["title"][2] == "e-0"
    assert found.stamps["stage"][2] == "e-1"


def interviewed(*events: tuple[float, str, dict[str, Any]]) -> dict[str, tuple[float | None, date | None]]:
    """Hours after START at which each application was last interviewed for, and when word of it was promised."""
    found: dict[str, tuple[float | None, date | None]] = {}
    for one in facts(*events).entities["application"]:
        held = (one.values["interviewed_at"] - START) / HOUR if "interviewed_at" in one.values else None
        found[one.id] = (held, one.values.get("word_by"))
    return found


def interview(hours: float, name: str, interview: str, **data: Any) -> tuple[float, str, dict[str, Any]]:
    return hours, f"interview.{name}", {"interview": interview} | data


def test_an_applications_latest_completed_interview_and_what_was_promised_then() -> None:
    found = interviewed(
        interview(0, "scheduled", "early", application="a", word_by="2026-03-05"),
        interview(1, "completed", "early"),
        interview(2, "scheduled", "late", application="a", word_by="2026-03-20"),
        interview(3, "completed", "late"),
        interview(4, "scheduled", "ahead", application="a", word_by="2026-04-01"),
        interview(5, "completed", "cancelled", application="a"),
        interview(6, "cancelled", "cancelled"),
    )
    assert found == {"a": (3, date(2026, 3, 20))}


def test_an_interview_without_a_promise_leaves_none() -> None:
    found = interviewed(
        interview(0, "scheduled", "early", application="a", word_by="2026-03-05"),
        interview(1, "completed", "early"),
        interview(2, "completed", "late", application="a"),
    )
    assert found == {"a": (2, None)}


def test_when_it_was_held_counts_and_not_when_it_was_told() -> None:
    found = interviewed(
        interview(1, "completed", "i", application="a"),
        interview(9, "completed", "told-late", application="a", completed_at="2026-03-02T14:30:00Z"),
    )
    assert found == {"a": (1, None)}


def test_of_two_interviews_at_once_the_greater_id_decides() -> None:
    def both(first: str, second: str) -> list[tuple[float, str, dict[str, Any]]]:
        return [
            interview(1, "completed", first, application="a"),
            interview(1, "completed", second, application="a"),
            interview(2, "rescheduled", "i", word_by="2026-03-05"),
            interview(2, "rescheduled", "k", word_by="2026-03-06"),
            interview(3, "completed", "i", completed_at="2026-03-02T15:00:00Z"),
            interview(3, "completed", "k", completed_at="2026-03-02T15:00:00Z"),
        ]

    assert interviewed(*both("i", "k")) == interviewed(*both("k", "i")) == {"a": (1, date(2026, 3, 6))}


def test_only_interviews_for_the_application_count() -> None:
    acme, globex = {"id": "acme"}, {"id": "globex"}
    found = interviewed(
        (0, "application.submitted", {"application": "a", "employer": acme}),
        (0, "application.submitted", {"application": "b", "employer": acme}),
        (0, "application.submitted", {"application": "c", "employer": globex}),
        (0, "application.submitted", {"application": "d"}),
        interview(1, "completed", "of-acme", employer=acme),
        interview(2, "completed", "of-b", application="b", employer=acme),
        interview(3, "completed", "of-nobody"),
    )
    assert found == {"a": (1, None), "b": (2, None), "c": (None, None), "d": (None, None)}


def test_the_events_behind_an_applications_interview_are_named() -> None:
    [application] = facts(
        interview(0, "scheduled", "i", application="a", word_by="2026-03-20"), interview(1, "completed", "i")
    ).entities["application"]
    assert application.stamps["interviewed_at"][2] == "e-1"
    assert application.stamps["word_by"][2] == "e-0"
