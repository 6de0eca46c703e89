"""Shapes that vendors allow beside the usual one: what they state is neither lost nor read as something else."""

from typing import Any

import pytest

from signpost.case.event import Event
from signpost.case.instant import HOUR, MINUTE, format_instant, parse_instant
from signpost.ingress.receiving import TranslationResult
from tests.support.vendor_bodies import (
    NOW,
    ashby,
    ashby_application,
    ashby_offer,
    greenhouse,
    merge,
    notes,
    schedule,
    stages,
    take,
    types,
)

# Ashby: hires


HIRED = ashby_application(status="Hired")


@pytest.mark.parametrize("offer", [{}, {"offer": None}, {"offer": {}}])
def test_a_hire_of_ashby_without_an_offer_is_an_acceptance(offer: dict[str, Any]) -> None:
    result = take("ashby", ashby("candidateHire", application=HIRED, **offer))
    assert types(result) == ["application.submitted", "offer.updated", "offer.accepted"]
    accepted = result.events[-1]
    assert (accepted.subject, accepted.data["offer"], accepted.data["application"]) == ("c1", "application-a1", "a1")
    assert (format_instant(accepted.time), result.events[1].data["title"]) == ("2026-11-25T20:00:00Z", "Designer")


@pytest.mark.parametrize(
    "status",
    [{}, {"acceptanceStatus": "Pending"}, {"acceptanceStatus": "Created", "offerStatus": "WaitingOnOfferApproval"}],
)
def test_a_hire_of_ashby_accepts_its_open_offer(status: dict[str, Any]) -> None:
    opened = take("ashby", ashby("offerCreate", offer=ashby_offer()), now=NOW - HOUR)
    hired = take("ashby", ashby("candidateHire", "w2", application=HIRED, offer=ashby_offer(**status)))
    late = take("ashby", ashby("offerUpdate", offer=ashby_offer()), now=NOW - HOUR + MINUTE)
    assert stages("offer", opened, late, hired) == {"o1": "accepted"}


def test_a_hire_of_ashby_says_of_a_decided_offer_what_the_offer_says() -> None:
    decided = {"decidedAt": "2026-11-24T10:00:00Z"}
    for status, told in (("Accepted", "accepted"), ("Declined", "declined"), ("Cancelled", "rescinded")):
        offer = ashby_offer(acceptanceStatus=status, offerStatus=None, **decided)
        result = take("ashby", ashby("candidateHire", application=HIRED, offer=offer))
        assert [name for name in types(result) if name != "offer.updated"] == ["application.submitted", f"offer.{told}"]


# Ashby: interviews


@pytest.mark.parametrize(
    "status",
    [
        "NeedsScheduling",
        "WaitingOnCandidateBooking",
        "WaitingOnCandidateAvailability",
        "CandidateAvailabilitySubmitted",
        "OnHold",
    ],
)
def test_a_schedule_of_ashby_that_goes_back_from_scheduled_is_no_appointment(status: str) -> None:
    scheduled, back = schedule("Scheduled", 9), schedule(status, 10)
    assert stages("interview", scheduled, back) == {"s1": "cancelled"}
    again = schedule("Scheduled", 11)
    assert stages("interview", scheduled, back, again) == {"s1": "scheduled"}
    assert types(schedule(status, 10, "Create")) == [], "nothing was scheduled before"
    meeting = [{"startTime": "2026-12-04T10:00:00Z"}]
    assert types(schedule(status, 10, interviewEvents=meeting)) == [], "a meeting that still stands"
    assert types(schedule("Unknown", 10)) == []


# Recruitee


def test_a_posting_of_recruitee_is_an_offer_or_the_only_one_of_its_offers() -> None:
    def moved(**payload: Any) -> list[Any]:
        body = {"event_type": "candidate_moved", "event_subtype": "disqualified"}
        result = take("recruitee", {**body, "payload": {"candidate": {"id": 91}, **payload}})
        return [event.data["application"] for event in result.events]

    assert moved(offer={"id": 7}) == moved(offers=[{"id": 7}]) == moved(offer={"id": 7}, offers=[{"id": 8}]) == ["91-7"]
    assert moved(offer={"id": 7}, offers=[{"id": 7}, {"id": 8}]) == ["91-7"]
    assert moved(offers=[{"id": 7}, {"id": 8}]) == [], "which of the two is not documented"
    assert moved(offers=[]) == moved(offers=None) == moved(offers=7) == moved() == []


# Merge


def merge_interview(event: str, **data: Any) -> TranslationResult:
    return merge(
        f"ScheduledInterview.{event}", start_at="2026-11-24T10:00:00Z", **{"end_at": "2026-11-24T11:00:00Z", **data}
    )


@pytest.mark.parametrize("status", ["COMPLETE", "AWAITING_FEEDBACK"])
def test_an_interview_of_merge_that_was_held_when_it_was_added_is_completed(status: str) -> None:
    added, changed = (merge_interview(event, status=status) for event in ("added", "changed"))
    assert types(added) == ["interview.scheduled", "interview.completed"]
    assert stages("interview", added) == {"m1": "completed"}
    completed = next(event for event in added.events if event.type == "interview.completed")
    assert completed in changed.events, "the same statement"
    assert format_instant(completed.time) == "2026-11-24T11:00:00Z"
    assert stages("interview", merge_interview("added", status=status, end_at=None)) == {"m1": "completed"}
    assert types(merge_interview("added", status=status, remote_was_deleted=True)) == []


@pytest.mark.parametrize("status", ["SENT", "SIGNED"])
def test_another_synchronization_of_merge_takes_no_withdrawal_back(status: str) -> None:
    times = {"accepted": "2026-11-21T10:00:00Z", "withdrawn": "2026-11-22T10:00:00Z"}
    stated = tuple(
        Event("t", "board", name, f"offer.{name}", parse_instant(time), "c1", {"offer": "m1"})
        for name, time in times.items()
    )
    known = {"sent_at": None, "closed_at": None, "status": status}
    syncs = [merge("Offer.changed", **known, modified_at=f"2026-11-2{day}T10:00:00Z") for day in (1, 3, 4)]
    assert stages("offer", TranslationResult(stated), *syncs) == {"m1": "withdrawn"}


@pytest.mark.parametrize("event", ["Candidate.removed", "Application.removed"])
def test_a_record_that_merge_misses_is_known_and_erases_nobody(event: str) -> None:
    result = merge(event, candidate="c1")
    assert (types(result), result.unknown) == ([], False)


DEPRECATION = [(1, "SENT"), (2, "DEPRECATED")]


@pytest.mark.parametrize(
    ("status", "name"),
    [("SENT", "accepted"), ("SENT", "declined"), ("SENT", "withdrawn"), ("SIGNED", "accepted"), ("DENIED", "declined")],
)
def test_another_synchronization_of_merge_is_no_newer_statement(name: str, status: str) -> None:
    answer = Event("t", "board", "e", f"offer.{name}", parse_instant("2026-11-21T10:00:00Z"), "c1", {"offer": "m1"})
    known = {"sent_at": None, "closed_at": None, "status": status}
    syncs = [merge("Offer.changed", **known, modified_at=f"2026-11-2{day}T10:00:00Z") for day in (0, 2, 4)]
    assert stages("offer", TranslationResult((answer,)), *syncs) == {"m1": name}


@pytest.mark.parametrize("answer", [None, "SIGNED"])
def test_an_offer_of_merge_that_another_version_replaces_is_over_and_not_taken_back(answer: str | None) -> None:
    times = ({"sent_at": f"2026-11-2{day}T10:00:00Z", "modified_at": f"2026-11-2{day}T11:00:00Z"} for day in (0, 2))
    first, second = (
        merge("Offer.changed", id=id, status="SENT", **one) for id, one in zip(("o1", "o2"), times, strict=True)
    )
    known = {"id": "o1", "sent_at": "2026-11-20T10:00:00Z", "closed_at": "2026-11-21T09:00:00Z"}
    answered = [merge("Offer.changed", **known, status=answer, modified_at="2026-11-21T10:00:00Z")] if answer else []
    replaced = merge("Offer.changed", **known, status="DEPRECATED", modified_at="2026-11-22T11:00:00Z")
    assert stages("offer", first, *answered, replaced, second) == {"o1": "expired", "o2": "open"}
    undated = [merge("Offer.changed", status=one, modified_at=f"2026-11-2{day}T11:00:00Z") for day, one in DEPRECATION]
    assert stages("offer", *undated) == {"m1": "expired"}, "many systems do not state when an offer was sent"
    assert types(merge("Offer.changed", **known, status="DEPRECATED", remote_was_deleted=True)) == []


@pytest.mark.parametrize("event", ["added", "changed"])
def test_an_interview_of_merge_without_a_status_stands_if_it_has_a_time(event: str) -> None:
    assert types(merge_interview(event, status=None)) == ["interview.scheduled"]
    assert types(merge(f"ScheduledInterview.{event}", status=None)) == []
    assert types(merge_interview(event, status="CANCELLED")) == [], "a word of another system"


@pytest.mark.parametrize("event", ["Offer.changed", "Offer.removed", "ScheduledInterview.added"])
def test_merge_names_an_application_by_its_id_or_as_an_object(event: str) -> None:
    stated = {"status": "SCHEDULED" if "Interview" in event else "SENT", "start_at": "2026-12-01T10:00:00Z"}
    plain, expanded = (merge(event, application=one, **stated) for one in ("a1", {"id": "a1", "candidate": "c1"}))
    assert {(one.type, one.subject, one.data["application"]) for one in expanded.events} == {
        (one.type, "application:a1", "a1") for one in plain.events
    }
    assert types(merge(event, application={"candidate": "c1"}, **stated)) == []


# Teamtailor


def rejected(visible: Any, **source: Any) -> TranslationResult:
    attributes = {"rejected-at": "2026-11-20T10:00:00+01:00", "transparent-recruiting-visible-at": visible}
    data = {"id": "31", "attributes": {"updated-at": "2026-11-20T10:00:00+01:00", **attributes}}
    return take("teamtailor", {"payload": {"event_name": "job_application.update", "data": data}}, **source)


@pytest.mark.parametrize(
    ("visible", "zone", "is_told"),
    [
        ("2026-11-24", None, True),  # at 21:00 UTC the 24th is over everywhere
        ("2026-11-25", None, False),
        ("2026-11-24", "Europe/Stockholm", True),
        ("2026-11-25", "Europe/Stockholm", False),  # 22:00 there: not over
        ("2026-11-25", "Asia/Tokyo", True),
        ("2026-11-25T08:59:59", None, True),  # at 12 hours behind UTC
        ("2026-11-25T09:00:01", None, False),
        ("2026-11-25T22:00:00", "Europe/Stockholm", True),
        ("2026-11-25T22:00:01", "Europe/Stockholm", False),
        ("2026-11-25T22:00:00+01:00", None, True),
        ("2026-11-26T22:00:00+01:00", None, False),
    ],
)
def test_a_rejection_of_teamtailor_may_be_visible_from_a_day_or_a_time_without_a_zone(
    visible: str, zone: str | None, is_told: bool
) -> None:
    result = rejected(visible, time_zone=zone)
    assert types(result) == (["application.rejected"] if is_told else [])
    assert notes(result) == []


@pytest.mark.parametrize("visible", ["tomorrow", "2026-02-30", "24.11.2026", True, ["2026-11-24"]])
def test_a_condition_on_a_time_that_cannot_be_read_leaves_a_note(visible: Any) -> None:
    result = rejected(visible)
    assert types(result) == []
    assert notes(result) == ["visible is neither past nor future: its value cannot be read as a time or a day"]


# Greenhouse: rejections


@pytest.mark.parametrize(
    ("action", "status"),
    [("reject_candidate", "rejected"), ("reject_candidate", None), ("application_updated", "rejected")],
)
@pytest.mark.parametrize(
    ("reason", "told"), [("Skills", "rejected"), (None, "rejected"), ("They rejected us", "withdrawn")]
)
def test_a_rejection_of_greenhouse_without_its_time(
    action: str, status: str | None, reason: str | None, told: str
) -> None:
    reasons: dict[str, Any] = {"rejection_reason": reason and {"type": {"name": reason}}}
    result = greenhouse(action, status=status, **reasons)
    assert types(result) == ["application.submitted", f"application.{told}"]
    assert (result.events[1].time, result.events[1].dated) == (NOW, False)
    assert stages("application", result) == {"7": told}
    back = greenhouse("unreject_candidate", "e2", NOW + MINUTE, status="active")
    assert stages("application", result, back) == {"7": "submitted"}
    assert types(greenhouse("application_updated", status="active", **reasons)) == ["application.submitted"]


# Times that only the record as a whole states


MODIFIED = "2026-11-22T20:00:00Z"


def late(kind: str) -> TranslationResult:
    """What is delivered three days after MODIFIED, without a time of its own."""
    reason = {"archiveReason": {"reasonType": kind}, "archivedAt": None}
    if kind in ("RejectedByOrg", "RejectedByCandidate"):
        return take("ashby", ashby("applicationUpdate", application=archived(**reason)))
    if kind == "Complete":
        return schedule("Complete", 9, updatedAt=MODIFIED, interviewEvents=[{"startTime": "2026-11-20T10:00:00Z"}])
    if kind == "COMPLETE":
        return merge_interview("changed", status=kind, end_at=None, modified_at=MODIFIED)
    if kind == "disqualified":
        known = {"id": "w1", "disqualified": True, "disqualified_at": None, "updated_at": MODIFIED}
        return take("workable", {"event_type": "candidate_moved", "data": known})
    rejected: dict[str, Any] = {"rejection_reason": {"type": {"name": kind}}}
    return greenhouse("reject_candidate", status="rejected", last_activity_at=MODIFIED, **rejected)


def archived(**changes: Any) -> dict[str, Any]:
    return ashby_application(status="Archived", updatedAt=MODIFIED, **changes)


@pytest.mark.parametrize(
    "kind",
    ["RejectedByOrg", "RejectedByCandidate", "Complete", "COMPLETE", "disqualified", "Skills", "They rejected us"],
)
def test_what_has_no_time_of_its_own_is_true_at_the_latest_since_the_record_changed(kind: str) -> None:
    event = late(kind).events[-1]
    assert event.type in ("application.rejected", "application.withdrawn", "interview.completed")
    assert (format_instant(event.time), event.dated) == (MODIFIED, True)


# Lever, and leads of Ashby


NOTHING = {"archivedAt": None, "reason": None}
ARCHIVED = {"archivedAt": 1_764_000_000_000, "reason": "r1"}


@pytest.mark.parametrize(
    ("before", "after", "is_back"),
    [
        (ARCHIVED, None, True),
        (ARCHIVED, NOTHING, True),
        (ARCHIVED, {}, True),
        ({"archivedAt": None, "reason": "r1"}, NOTHING, True),
        (ARCHIVED, {"archivedAt": None, "reason": "r2"}, False),
        (None, ARCHIVED, False),
        (NOTHING, ARCHIVED, False),
        (NOTHING, NOTHING, False),
        (None, None, False),
    ],
)
def test_an_opportunity_of_lever_is_back_when_nothing_inside_says_archived(
    before: Any, after: Any, is_back: bool
) -> None:
    data = {"opportunityId": "p1", "contactId": "k1", "fromArchived": before, "toArchived": after}
    body = {"event": "candidateArchiveChange", "token": "t1", "triggeredAt": 1_764_000_000_000, "data": data}
    assert types(take("lever", body)) == ["application.submitted"] * is_back


def test_a_lead_of_ashby_has_not_applied() -> None:
    for action in ("applicationSubmit", "applicationUpdate", "candidateStageChange"):
        assert types(take("ashby", ashby(action, application=ashby_application(status="Lead")))) == []
        active = take("ashby", ashby(action, application=ashby_application()))
        assert set(types(active)) == {"application.submitted"}
