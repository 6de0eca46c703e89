"""Shapes that vendors allow beside the usual one: what they state is neither lost nor read as something else."""

import json
import pathlib
import re
from typing import Any

import pytest

from signpost.case import Case
from signpost.case.event import Event
from signpost.case.instant import HOUR, MINUTE, format_instant, parse_instant
from signpost.facts.facts import facts_of
from signpost.facts.stages import APPLICATION_STAGES, INTERVIEW_STAGES, OFFER_STAGES, stage_of
from signpost.ingress.expressions import Before, Expression, Extreme, Path
from signpost.ingress.formats import Formats
from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.receipt import Receipt
from signpost.ingress.receiving import TranslationResult, WebhookRequest, read
from signpost.ingress.scope import DeliveryScope
from signpost.ingress.translate import translate
from signpost.ingress.vendors import VENDORS
from signpost.schemas import InvalidEvent, load_event
from signpost.tenants.model import Source

NOW = parse_instant("2026-11-25T21:00:00Z")
STAGES = {"offer": OFFER_STAGES, "interview": INTERVIEW_STAGES, "application": APPLICATION_STAGES}


def take(
    vendor: str, body: Any, headers: dict[str, str] | None = None, now: int = NOW, **source: Any
) -> TranslationResult:
    """Receive a body that was verified."""
    known = Source(vendor, "t", vendor, ("s",), **source)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(WebhookRequest(VENDORS[vendor], known, (b"s",), headers or {}, raw, now))


def types(result: TranslationResult) -> list[str]:
    return [event.type for event in result.events]


def notes(result: TranslationResult) -> list[str]:
    return [note.message for note in result.notes]


def stages(kind: str, *results: TranslationResult) -> dict[str, str | None]:
    """Entity -> its stage after these deliveries, in any order of theirs."""
    found = [fold(kind, [event for one in some for event in one.events]) for some in (results, results[::-1])]
    assert found[0] == found[1]
    return found[0]


def fold(kind: str, events: list[Event]) -> dict[str, str | None]:
    case = Case()
    for event in events:
        case = case.fold(event)
    ranked = {name: stage_of(fields, STAGES[kind]) for name, fields in case.resolved()[kind].items()}
    return {name: stage.value if stage else None for name, stage in ranked.items()}


# Ashby: hires


def ashby(action: str, occurrence: str = "w1", **data: Any) -> dict[str, Any]:
    return {"action": action, "webhookActionId": occurrence, "data": data}


def ashby_offer(**changes: Any) -> dict[str, Any]:
    version = {"id": "v1", "createdAt": "2026-11-20T10:00:00Z"}
    waiting = {"acceptanceStatus": "WaitingOnResponse", "offerStatus": "WaitingOnCandidateResponse"}
    return {"id": "o1", "applicationId": "a1", "decidedAt": None, "latestVersion": version, **waiting, **changes}


def ashby_application(**changes: Any) -> dict[str, Any]:
    known = {"createdAt": "2026-11-01T10:00:00Z", "updatedAt": "2026-11-25T20:00:00Z", "job": {"title": "Designer"}}
    return {"id": "a1", "status": "Active", "candidate": {"id": "c1", "name": "Ada"}, **known, **changes}


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


def schedule(status: str, hour: int, action: str = "Update", **changes: Any) -> TranslationResult:
    meetings = [{"startTime": "2026-12-04T10:00:00Z", "endTime": "2026-12-04T11:00:00Z"}]
    known = {"updatedAt": f"2026-11-25T{hour:02}:00:00Z", "interviewEvents": meetings if status == "Scheduled" else []}
    stated = {"id": "s1", "status": status, "applicationId": "a1", "candidateId": "c1", **known, **changes}
    return take("ashby", ashby(f"interviewSchedule{action}", f"w{hour}", interviewSchedule=stated))


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


def merge(event: str, linked: Any = None, **data: Any) -> TranslationResult:
    known = {"application": "a1", "modified_at": "2026-11-25T20:00:00Z", "remote_was_deleted": False}
    body = {"hook": {"event": event}, "linked_account": {"id": "L1"} if linked is None else linked}
    return take("merge", {**body, "data": {"id": "m1", **known, **data}})


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


def greenhouse(action: str, occurrence: str = "e1", now: int = NOW, **application: Any) -> TranslationResult:
    known = {"id": 7, "candidate": {"id": 9}, "applied_at": "2026-11-05T21:00:00Z", "rejected_at": None}
    body = {"action": action, "payload": {"application": {**known, **application}}}
    return take("greenhouse", body, {"greenhouse-event-id": occurrence}, now=now)


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


# Terms that are taken back


def terms(kind: str, *results: TranslationResult) -> dict[str, Any]:
    """The fields of the only entity of a kind after these deliveries, in any order of theirs."""
    found = []
    for some in (results, results[::-1]):
        case = Case().fold(*(event for one in some for event in one.events))
        [entity] = case.resolved()[kind].values()
        found.append({name: value for name, (_, value) in entity.items() if value is not None})
    assert found[0].keys() == found[1].keys()
    return found[0]


BONUS = {"bonus": {"value": {"amount": 5000, "unit": "USD"}}, "salary": {"value": {"amount": 1, "unit": "USD"}}}


@pytest.mark.parametrize(
    ("version", "custom", "known"),
    [
        (2, {"bonus": {"value": None}, "salary": None}, set()),
        (2, {"bonus": {"value": {"amount": None, "unit": "USD"}}}, {"salary"}),
        (2, {}, {"bonus", "salary"}),
        (2, {"bonus": {"value": 80000}}, {"bonus", "salary"}),
        (None, {"bonus": {"value": None}, "salary": None}, {"bonus", "salary", "start_date"}),
    ],
)
def test_a_term_of_greenhouse_that_is_null_in_a_later_version_is_taken_back(
    version: int | None, custom: Any, known: set[str]
) -> None:
    first = take("greenhouse", sent_offer(offer_status="Created", resolved_at=None, custom_fields=BONUS))
    changed = {"version": version, "start_date": None, "custom_fields": custom}
    second = take("greenhouse", sent_offer(offer_status="Created", resolved_at=None, **changed), now=NOW + MINUTE)
    assert terms("offer", first, second).keys() & {"bonus", "salary", "start_date"} == known


def test_a_term_of_merge_and_of_ashby_that_is_null_is_taken_back() -> None:
    stated = merge("Offer.changed", status="SENT", start_date="2027-04-01T00:00:00Z")
    for changes, is_known in (({"start_date": None}, False), ({}, True)):
        later = merge("Offer.changed", status="SENT", modified_at="2026-11-25T20:30:00Z", **changes)
        assert ("start_date" in terms("offer", stated, later)) is is_known
    offer = ashby_offer()
    fields = {"respond_by": "Decision deadline"}
    version: dict[str, Any] = {
        **offer["latestVersion"],
        "startDate": "2027-04-01",
        "salary": {"value": 9, "currencyCode": "EUR"},
    }
    version["customFields"] = [{"id": "f1", "title": "Decision deadline", "value": "2026-12-04T17:00:00Z"}]
    first = take("ashby", ashby("offerUpdate", offer={**offer, "latestVersion": version}), fields=fields)
    gone: dict[str, Any] = {"createdAt": "2026-11-21T10:00:00Z", "startDate": None, "salary": None}
    gone["customFields"] = [{"id": "f1", "title": "Decision deadline", "value": None}]
    second = take("ashby", ashby("offerUpdate", "w2", offer={**offer, "latestVersion": gone}), fields=fields)
    assert terms("offer", first).keys() >= {"start_date", "salary", "respond_by"}
    assert not terms("offer", first, second).keys() & {"start_date", "salary", "respond_by"}


def test_what_a_source_takes_back_another_may_still_state() -> None:
    ours: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "ats", "type": "signpost.offer.updated.v1"}
    ours |= {"subject": "application:a1", "time": "2026-11-24T10:00:00Z"}
    ours |= {"data": {"offer": "m1", "start_date": "2027-05-01"}}
    later = merge("Offer.changed", status="SENT", start_date=None)
    case = Case().fold(load_event(ours, tenant="t", now=NOW), *later.events)
    assert case.resolved()["offer"]["m1"]["start_date"][1] == "2027-05-01"


# Long ids


def test_ids_of_any_length_that_an_event_can_hold_stay_apart() -> None:
    def offered(application: str) -> TranslationResult:
        offer = {"id": 5, "application_id": application, "version": 1, "sent_on": "2026-11-20"}
        return take("greenhouse", {"action": "offer_created", "payload": {**offer, "offer_status": "Created"}})

    results = [offered("p" * 70), offered("p" * 70 + "q")]
    events = [result.events[0] for result in results]
    assert [event.subject for event in events] == ["application:" + "p" * 70, "application:" + "p" * 70 + "q"]
    assert [event.data["offer"] for event in events] == ["application-" + "p" * 70, "application-" + "p" * 70 + "q"]
    assert events[0].id != events[1].id
    with pytest.raises(InvalidEvent) as caught:
        offered("p" * 129)
    assert {one.pointer for one in caught.value.problems} == {"/subject", "/data/offer", "/data/application"}
    assert all("characters, has 1" in one.message for one in caught.value.problems)


def test_an_application_of_smartrecruiters_that_is_named_by_two_long_ids_is_not_cut() -> None:
    candidate, job = "3b0fdb5a-6b3c-4f0e-9d0a-0c5f7f0e0001", "9c2f4a1e-1d2b-4c3d-8e4f-5a6b7c8d0002"
    headers = {"event-name": "application.created", "event-id": "e1"}
    result = take("smartrecruiters", {"candidate_id": candidate, "job_id": job}, headers)
    assert result.events[0].data["application"] == f"{candidate}-{job}"


# Ends that their source takes back


def facts(*results: TranslationResult) -> dict[str, str | None]:
    """Kind -> the stage of its only entity as rules see it, whatever the order of arrival."""
    found = []
    for some in (results, results[::-1]):
        known = facts_of(Case().fold(*(event for one in some for event in one.events)), "c-1").entities
        found.append({kind: one.values.get("stage") for kind in STAGES for one in known[kind]})
    assert found[0] == found[1]
    return found[0]


REJECTED_AT = "2026-11-25T18:00:00Z"


def test_a_rejection_of_greenhouse_that_is_taken_back_ends_no_offer() -> None:
    applied = greenhouse("new_candidate_application", "e0", status="active", last_activity_at="2026-11-05T21:00:00Z")
    opened = take("greenhouse", sent_offer(offer_status="Created", resolved_at=None), {"greenhouse-event-id": "e1"})
    rejection = {"status": "rejected", "rejected_at": REJECTED_AT, "last_activity_at": REJECTED_AT}
    rejected = greenhouse("reject_candidate", "e2", NOW + MINUTE, **rejection)
    assert facts(applied, opened, rejected) == {"offer": "rescinded", "application": "rejected"}
    later = {"status": "active", "last_activity_at": "2026-11-25T19:00:00Z"}
    for action in ("unreject_candidate", "application_updated", "candidate_stage_change"):
        back = greenhouse(action, "e3", NOW + HOUR, **later)
        assert facts(applied, opened, rejected, back) == {"offer": "open", "application": "submitted"}
        again = {**rejection, "rejected_at": "2026-11-25T20:00:00Z", "last_activity_at": "2026-11-25T20:00:00Z"}
        last = greenhouse("reject_candidate", "e4", NOW + 2 * HOUR, **again)
        assert facts(applied, opened, rejected, back, last) == {"offer": "rescinded", "application": "rejected"}


def test_a_rejection_of_merge_that_is_taken_back_ends_neither_offer_nor_interview() -> None:
    applied = {"id": "a1", "candidate": "c1", "applied_at": "2026-11-05T21:00:00Z"}
    opened = merge("Offer.changed", status="SENT", sent_at="2026-11-20T10:00:00Z", modified_at="2026-11-20T10:00:00Z")
    ahead = {"start_at": "2026-12-04T10:00:00Z", "end_at": "2026-12-04T11:00:00Z"}
    invited = merge("ScheduledInterview.changed", status="SCHEDULED", modified_at="2026-11-20T10:00:00Z", **ahead)
    rejected = merge("Application.changed", **applied, rejected_at=REJECTED_AT, modified_at=REJECTED_AT)
    assert facts(opened, invited, rejected) == {
        "offer": "rescinded", "interview": "cancelled", "application": "rejected"
    }  # fmt: skip
    back = merge("Application.changed", **applied, rejected_at=None)
    assert facts(opened, invited, rejected, back) == {
        "offer": "open", "interview": "scheduled", "application": "submitted"
    }  # fmt: skip


@pytest.mark.parametrize(
    "later",
    [{"status": "Active"}, {"status": "Hired"}, {"status": "Archived", "archiveReason": {"reasonType": "Other"}}],
)
def test_an_archived_application_of_ashby_that_is_no_rejection_any_more_ends_no_offer(later: dict[str, Any]) -> None:
    opened = take("ashby", ashby("offerUpdate", offer=ashby_offer()), now=NOW - 5 * HOUR)
    for reason, stage in (("RejectedByOrg", "rejected"), ("RejectedByCandidate", "withdrawn")):
        by = {"archivedAt": REJECTED_AT, "archiveReason": {"reasonType": reason}, "updatedAt": REJECTED_AT}
        ended = take("ashby", ashby("applicationUpdate", application=ashby_application(status="Archived", **by)))
        assert facts(opened, ended)["application"] == stage
        back = take("ashby", ashby("applicationUpdate", "w2", application=ashby_application(**later)))
        assert facts(opened, ended, back) == {"offer": "open", "application": "submitted"}


# Deleted records


@pytest.mark.parametrize("status", ["Accepted", "Rejected", "Deprecated"])
def test_a_deleted_record_of_an_answered_offer_of_greenhouse_says_why_it_changes_nothing(status: str) -> None:
    offer = {"id": 5, "application_id": 7, "version": 1, "sent_on": "2026-11-20", "offer_status": status}
    result = take("greenhouse", {"action": "offer_deleted", "payload": {"offer": offer}})
    assert (types(result), result.kind) == ([], "ignored")
    assert "only an offer that was sent and is open is taken back" in result.problems[0].message


@pytest.mark.parametrize("status", ["SIGNED", "DENIED"])
@pytest.mark.parametrize("event", ["Offer.added", "Offer.changed", "Offer.removed"])
def test_a_deleted_record_of_merge_states_no_answer(event: str, status: str) -> None:
    times = {"sent_at": "2026-11-20T10:00:00Z", "closed_at": "2026-11-24T10:00:00Z"}
    result = merge(event, status=status, remote_was_deleted=True, **times)
    assert types(result) == []
    assert "answered" in result.problems[0].message
    opened = merge(event, status="SENT", remote_was_deleted=True, **times)
    assert types(opened) == ["offer.rescinded"]


# Amounts


def pay(value: Any, **source: Any) -> tuple[Any, list[str]]:
    """The salary of an offer of Greenhouse with this custom field, and the notes of its delivery."""
    payload = {"id": 5, "application_id": 7, "version": 1, "sent_on": "2026-11-20", "offer_status": "Created"}
    body = {"action": "offer_created", "payload": {**payload, "start_date": "2027-04-01", "custom_fields": value}}
    result = take("greenhouse", body, **source)
    return result.events[1].data.get("salary"), [note.partition(": ")[2] for note in notes(result)]


LEFT_OUT = "salary was left out: its value cannot be read"
NO_OBJECT = "must be an object of amount, currency and optionally per, is"
RANGE = {"min_value": "1.0", "max_value": "2.0"}


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ({"type": "number", "value": 80000}, f"{NO_OBJECT} a number"),
        ({"type": "short_text", "value": "80k"}, f"{NO_OBJECT} a string"),
        (80000, f"{NO_OBJECT} a number"),
        ({"type": "currency", "value": {"amount": 80000, "unit": None}}, "/currency is missing"),
        ({"type": "currency_range", "value": {**RANGE, "unit": "USD"}}, "/amount is missing"),
        ({"type": "currency_range", "value": {**RANGE, "unit": None}}, "/amount is missing"),
    ],
)
def test_an_amount_that_cannot_be_read_is_noted(field: Any, why: str) -> None:
    salary, found = pay({"salary": field})
    assert salary is None
    (note,) = found
    assert f"{LEFT_OUT};" in note
    assert why in note


@pytest.mark.parametrize(
    "field",
    [
        None,
        {"type": "currency", "value": None},
        {"type": "currency", "value": {"amount": None, "unit": None}},
        {"type": "currency", "value": {"amount": None, "unit": "USD"}},
    ],
)
def test_an_amount_that_is_not_set_is_not_noted(field: Any) -> None:
    assert pay({"salary": field}) == (None, [])
    assert pay({}) == pay([]) == (None, [])


@pytest.mark.parametrize(
    ("amount", "unit"), [(120000, "usd"), ("120000", "USD "), (" 120000 ", "USD"), ("120000", " Usd")]
)
def test_an_amount_is_read_whatever_the_case_and_the_spaces_around_it(amount: Any, unit: str) -> None:
    expected = {"amount": "120000", "currency": "USD"}
    assert pay({"salary": {"type": "currency", "value": {"amount": amount, "unit": unit}}}) == (expected, [])
    offer = ashby_offer()
    offer["latestVersion"]["salary"] = {"currencyCode": unit, "value": amount}
    assert take("ashby", ashby("offerUpdate", offer=offer)).events[1].data["salary"] == expected


def test_an_amount_is_noted_only_where_no_other_field_has_one() -> None:
    good = {"type": "currency", "value": {"amount": 9, "unit": "USD"}}
    assert pay({"salary": {"value": 80000}, "base_salary": good}) == ({"amount": "9", "currency": "USD"}, [])
    annual = {"amount": "9", "currency": "USD", "per": "year"}
    assert pay({"salary": {"value": 80000}, "annual_salary": good}) == (annual, [])
    assert pay({"salary": good, "pay": {"value": 7}}, fields={"salary": "pay"})[0] == {"amount": "9", "currency": "USD"}


def test_an_amount_of_a_source_or_of_ashby_is_noted_too() -> None:
    offer = ashby_offer()
    offer["latestVersion"] |= {
        "salary": {"currencyCode": None, "value": 90000},
        "customFields": [{"id": "f1", "title": "Bonus", "value": 5000}],
    }
    result = take("ashby", ashby("offerUpdate", offer=offer), fields={"bonus": "Bonus"})
    places = [note.partition(" was left out")[0].partition(": ")[2] for note in notes(result)]
    assert places == ["salary", "Bonus)"]
    offer["latestVersion"] |= {"salary": {"currencyCode": "EUR", "value": None}, "customFields": []}
    assert notes(take("ashby", ashby("offerUpdate", offer=offer), fields={"bonus": "Bonus"})) == []


@pytest.mark.parametrize(
    ("value", "bonus", "noted"),
    [(False, False, 0), ({"amount": 5, "unit": "USD"}, {"amount": "5", "currency": "USD"}, 0), (True, None, 1)],
)
def test_a_field_of_a_source_states_that_there_is_no_bonus(value: Any, bonus: Any, noted: int) -> None:
    custom = {"extra": {"type": "yes_no", "value": value}}
    body = sent_offer(offer_status="Created", resolved_at=None, custom_fields=custom)
    result = take("greenhouse", body, fields={"bonus": "extra"})
    assert (result.events[1].data.get("bonus"), len(notes(result))) == (bonus, noted)


WORDS = [
    ("workplace", "Hybrid", "hybrid"), ("workplace", " REMOTE ", "remote"), ("workplace", "From home", None),
    ("paid_leave_days", "25", 25), ("paid_leave_days", "25 days", None), ("paid_leave_days", "2.5", None),
    ("hours_per_week", "37.5", 37.5), ("hours_per_week", "NaN", None), ("negotiable", "true", True),
    ("negotiable", "False", False), ("negotiable", "yes", None), ("title", "Remote", "Remote"),
]  # fmt: skip


@pytest.mark.parametrize(("term", "text", "value"), WORDS)
@pytest.mark.parametrize("vendor", ["greenhouse", "ashby"])
def test_a_text_that_states_a_value_without_doubt_is_read(vendor: str, term: str, text: str, value: Any) -> None:
    field = {"title": "Own", "id": "own", "value": text}
    body = ashby("offerUpdate", offer=ashby_offer() | {"latestVersion": {"id": "v", "customFields": [field]}})
    if vendor == "greenhouse":
        body = sent_offer(offer_status="Created", resolved_at=None, custom_fields={"Own": field})
    result = take(vendor, body, fields={term: "Own"})
    stated = [event.data[term] for event in result.events if event.data.get(term) is not None]
    assert stated == ([] if value is None else [value])
    assert bool(notes(result)) == (value is None)


# Times, versions and words


def sent_offer(**changes: Any) -> dict[str, Any]:
    payload = {"id": 5, "application_id": 7, "version": 1, "sent_on": "2026-11-20", "offer_status": "Accepted"}
    more = {"resolved_at": "2026-11-21T10:00:00Z", "start_date": "2027-04-01", "custom_fields": {}}
    return {"action": "offer_updated", "payload": {**payload, **more, **changes}}


RECEIPT_COUNTS = "was left out: its value cannot be read; the time of receipt counts"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"sent_on": "soonish"}, ["time of offer.extended"]),
        ({"resolved_at": "whenever"}, ["time of offer.updated", "time of offer.accepted"]),
        (
            {"version": "first"},
            [f"order (as_of) of offer.{one}" for one in ("extended", "updated", "accepted")],
        ),
    ],
)
def test_a_time_or_a_version_that_cannot_be_read_is_noted(change: dict[str, Any], what: list[str]) -> None:
    result = take("greenhouse", sent_offer(**change))
    assert types(result) == ["offer.extended", "offer.updated", "offer.accepted"]
    found = notes(result)
    assert [note.partition(": ")[2] for note in found] == [f"the {one} {RECEIPT_COUNTS}" for one in what]
    assert all(re.match(r".*greenhouse\.yaml:\d+:\d+: ", note) for note in found)
    assert not any(value in note for note in found for value in change.values()), "it may be personal"


@pytest.mark.parametrize("change", [{}, {"sent_on": None}, {"resolved_at": None}, {"version": None}, {"version": 0}])
def test_a_time_or_a_version_that_is_read_or_not_set_is_not_noted(change: dict[str, Any]) -> None:
    assert notes(take("greenhouse", sent_offer(**change))) == []


@pytest.mark.parametrize("null", ["1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z", 0])
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati", None])
def test_the_null_date_of_a_vendor_is_left_out_wherever_it_is_before_1970(null: Any, zone: str | None) -> None:
    result = take("greenhouse", sent_offer(resolved_at=null), time_zone=zone)
    accepted = result.events[-1]
    assert accepted.type == "offer.accepted"
    if zone == "America/New_York":
        assert (accepted.time, accepted.dated) == (NOW, False)
        assert notes(result)[-1].endswith(f"the time of offer.accepted {RECEIPT_COUNTS}")


def test_the_null_date_is_not_the_earliest_of_several_times() -> None:
    meetings = [{"startTime": one, "endTime": one} for one in ("1970-01-01T00:00:00Z", "2026-12-04T10:00:00Z")]
    stated = {"id": "s1", "status": "Scheduled", "candidateId": "c1", "interviewEvents": meetings}
    body = ashby("interviewScheduleUpdate", interviewSchedule={**stated, "updatedAt": "2026-11-25T09:00:00Z"})
    (scheduled,) = take("ashby", body, time_zone="America/Los_Angeles").events
    assert scheduled.data["starts_at"] == "2026-12-04T10:00:00Z"


def test_a_version_in_quotation_marks_orders_offers() -> None:
    first = take("greenhouse", sent_offer(version="9"))
    second = take("greenhouse", sent_offer(version="10", offer_status="Created", resolved_at=None), now=NOW + MINUTE)
    assert [event.order.as_of for event in second.events if event.order] == [10, 10]
    assert stages("offer", first, second) == {"application-7": "open"}
    huge = take("greenhouse", sent_offer(version="9" * 20))
    assert {event.order.as_of for event in huge.events if event.order} == {0}


def partner_offer(**changes: Any) -> dict[str, Any]:
    salary = {"amount": 5000, "currency": "EUR", "salary_time_unit": changes.pop("unit", "monthly")}
    times = {"created_at": "2026-11-20T10:00:00Z", "answered_at": "2026-11-21T10:00:00Z"}
    offer = {"id": "o1", "status": "accepted", "salary": salary, **times, **changes}
    return {"partner-event": {"id": "p1", "candidate": {"id": "c1", "job-offers": [offer]}}}


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("Ada", "Moe", "Ada Moe"), ("Ada", None, "Ada"), (None, "Moe", "Moe"), ("Ada", "", "Ada"), (None, None, None)],
)
def test_a_candidate_of_teamtailor_may_have_one_name(first: str | None, last: str | None, name: str | None) -> None:
    body = partner_offer()
    body["partner-event"]["candidate"] |= {"first-name": first, "last-name": last}
    assert take("teamtailor-partner", body).events[0].data.get("candidate_name") == name


def test_a_word_that_is_in_no_table_is_noted() -> None:
    result = take("teamtailor-partner", partner_offer(unit="fortnightly"))
    assert result.events[0].data["salary"] == {"amount": "5000", "currency": "EUR"}
    (note,) = notes(result)
    assert note == "offer.salary.salary_time_unit was left out: its value cannot be read; no word table has it"
    (note,) = notes(take("teamtailor-partner", partner_offer(created_at="yesterday")))
    assert note.endswith(f": the time of offer.extended {RECEIPT_COUNTS}")
    assert notes(take("teamtailor-partner", partner_offer())) == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (Extreme((Path(("a",)), Path(("b",))), latest=True), "2026-11-20T10:00:00Z"),
        (Before(Path(("a",))), None),
    ],
)
def test_a_time_that_cannot_be_read_is_noted_inside_an_expression(expression: Expression, value: Any) -> None:
    notes: list[str] = []
    scope = DeliveryScope({"a": "soonish", "b": "2026-11-20T10:00:00Z"}, {}, {}, Formats(), NOW, notes)
    assert expression.value(scope) == value
    assert notes == ["a was left out: its value cannot be read as a time"]
    notes.clear()
    expression.value(DeliveryScope({"a": None}, {}, {}, Formats(), NOW, notes))
    assert notes == []


def test_a_term_of_a_source_is_noted_with_its_field() -> None:
    offer = ashby_offer()
    offer["latestVersion"]["customFields"] = [{"id": "f1", "title": "Decision deadline", "value": "soonish"}]
    fields = {"respond_by": "Decision deadline", "start_date": "First day"}
    (note,) = notes(take("ashby", ashby("offerUpdate", offer=offer), fields=fields))
    place = "respond_by (fields of source ashby: Decision deadline)"
    assert note.startswith(f"{place} was left out: its value cannot be read; must be an instant")
    offer["latestVersion"] |= {"startDate": "soonish", "customFields": []}
    (note,) = notes(take("ashby", ashby("offerUpdate", offer=offer), fields=fields))
    assert re.search(r"ashby\.yaml:\d+:\d+: start_date was left out: ", note), "the field has no value"


# Interviews without an application


def smartrecruiters(event: str, **body: Any) -> TranslationResult:
    return take("smartrecruiters", {"interview_id": "i1", **body}, {"event-name": event, "event-id": event})


@pytest.mark.parametrize(
    ("event", "told"), [("interview.created", "interview.scheduled"), ("interview.canceled", "interview.cancelled")]
)
def test_an_interview_of_smartrecruiters_needs_no_application(event: str, told: str) -> None:
    (emitted,) = smartrecruiters(event, candidate_id="c1").events
    assert (emitted.type, emitted.subject, emitted.data) == (told, "c1", {"interview": "i1"})
    (emitted,) = smartrecruiters(event, candidate_id="c1", application_id="a1").events
    assert (emitted.subject, emitted.data["application"]) == ("c1", "a1")
    (emitted,) = smartrecruiters(event, application_id="a1").events
    assert (emitted.subject, emitted.data["application"]) == ("application:a1", "a1")
    assert types(smartrecruiters(event)) == []


@pytest.mark.parametrize("status", ["Scheduled", "Complete", "Cancelled"])
def test_an_interview_of_ashby_needs_no_application(status: str) -> None:
    (emitted,) = schedule(status, 9, applicationId=None).events
    assert (emitted.subject, "application" in emitted.data) == ("c1", False)
    (emitted,) = schedule(status, 9, candidateId=None).events
    assert (emitted.subject, emitted.data["application"]) == ("application:a1", "a1")
    assert types(schedule(status, 9, candidateId=None, applicationId=None)) == []


def test_an_application_of_an_interview_keeps_the_ids_of_sources_apart() -> None:
    (emitted,) = take(
        "smartrecruiters",
        {"interview_id": "i1", "candidate_id": "c1", "application_id": "a1"},
        {"event-name": "interview.created", "event-id": "1"},
        own_ids=True,
    ).events
    assert emitted.data == {"interview": "smartrecruiters~i1", "application": "smartrecruiters~a1"}


# Lever, leads, ids


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


@pytest.mark.parametrize(
    ("number", "text"),
    [("8002.0", "8002"), ("8002", "8002"), ("8.002E+3", "8002"), ("8002.000", "8002"), ('"8002.0"', "8002.0")],
)
def test_an_id_may_be_a_decimal_without_a_fraction(number: str, text: str) -> None:
    offer = {"id": 1, "application_id": "ID", "version": "2.0", "sent_on": "2026-11-20", "offer_status": "Created"}
    body = json.dumps({"action": "offer_created", "payload": offer}).replace('"2.0"', "2.0")
    (emitted,) = take("greenhouse", body.replace('"ID"', number).encode()).events
    assert (emitted.subject, emitted.data["offer"]) == (f"application:{text}", f"application-{text}")
    assert emitted.order is not None
    assert emitted.order.as_of == 2
    data = {"opportunityId": "p1", "contactId": "ID"}
    hired = json.dumps({"event": "candidateHired", "token": "t", "triggeredAt": 1, "data": data})
    assert [event.subject for event in take("lever", hired.replace('"ID"', number).encode()).events] == [text]


@pytest.mark.parametrize("number", ["8002.5", "1e-3", "true", "NaN", "1e400"])
def test_a_number_with_a_fraction_is_no_id(number: str) -> None:
    body = json.dumps({"action": "offer_created", "payload": {"application_id": "ID"}}).replace('"ID"', number)
    with pytest.raises(InvalidEvent, match="application_id"):
        take("greenhouse", body.encode())


# Employers


@pytest.mark.parametrize("named", ["la\n1", "la\t1", "la\u200b1", "\x07"])
def test_an_employer_that_cannot_be_read_is_left_out_with_a_note(named: str) -> None:
    result = merge("Offer.changed", {"id": named, "end_user_organization_name": "Acme"}, status="SENT")
    assert types(result) == ["offer.extended"]
    assert "employer" not in result.events[0].data
    (note,) = notes(result)
    assert "employer was left out: its value cannot be read; /id must not contain control characters" in note
    assert note.startswith("merge.yaml:")
    good = merge("Offer.changed", {"id": "la1", "end_user_organization_name": "Ac\nme"}, status="SENT")
    assert good.events[0].data["employer"] == {"id": "la1", "name": "Ac me"}


# Long lists


def test_a_candidate_is_erased_with_every_application() -> None:
    def deleted(count: int) -> TranslationResult:
        person = {"id": 4242, "deleted_application_ids": list(range(50_000, 50_000 + count))}
        return take("greenhouse", {"action": "delete_candidate", "payload": {"person": person}})

    result = deleted(1200)
    assert (len(result.events), notes(result)) == (1201, [])
    assert len({event.subject for event in result.events}) == 1201
    cut = deleted(5001)
    assert len(cut.events) == 5001
    assert notes(cut) == ["'application' has 5001 items: those after the first 5000 were left out"]


def test_a_list_that_is_too_long_leaves_a_note() -> None:
    offers = [{"id": number, "status": "accepted"} for number in range(1002)]
    candidate = {"id": 7, "job-offers": offers}
    result = take("teamtailor-partner", {"partner-event": {"id": "p1", "candidate": candidate}})
    assert len(result.events) == 2000
    assert "'offer' has 1002 items: those after the first 1000 were left out" in notes(result)


def test_a_list_of_candidates_to_erase_is_longer_than_others_wherever_its_loop_stands(tmp_path: pathlib.Path) -> None:
    mapping = """
title: Erasing
attested: made up
signature: {scheme: "standard-webhooks"}
event: kind
events:
  - on: erased
    each: {person: people}
    subject: person
    emit:
      - type: candidate.erased
        id: "erased-{person}"
  - on: hired
    each: {person: people}
    subject: person
    emit:
      - type: offer.accepted
        id: "hired-{person}"
        data: {offer: person}
samples: []
"""
    (tmp_path / "erasing.yaml").write_text(mapping)
    vendor, people = load_mapping(tmp_path / "erasing.yaml"), [f"p{number}" for number in range(1200)]

    def count(kind: str) -> int:
        return len(translate(vendor, {}, {"kind": kind, "people": people}, Receipt("erasing/acme", NOW, "d")))

    assert count("erased") == 1200
    assert count("hired") == 1000
