"""What each vendor's mapping tells: offers, interviews, names, terms and identity, and payloads of any shape."""

import json
import re
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signpost.advice.case_set import CaseSet
from signpost.case.event import Event
from signpost.case.instant import format_instant, parse_instant
from signpost.ingress.checking import try_samples
from signpost.ingress.receipt import Receipt
from signpost.ingress.terms import TERMS
from signpost.ingress.translate import translate
from signpost.ingress.vendors import FOLDER, VENDORS
from signpost.schemas import InvalidEvent, load_event
from tests.support.own_mappings import GUIDE
from tests.support.rulebooks import shipped_engine

NOW = parse_instant("2026-03-02T14:00:00Z")
MAPPED = [name for name in VENDORS if not VENDORS[name].speaks_ours]


def emitted(vendor: str, body: Any, headers: dict[str, str] | None = None, **receipt: Any) -> list[Event]:
    known = Receipt(f"{vendor}/acme", NOW, "d1", **receipt)
    documents = translate(VENDORS[vendor], headers or {}, body, known)
    return [load_event(document, tenant="t", now=NOW) for document in documents]


def brief(events: list[Event]) -> list[tuple[str, str, str]]:
    return [(event.type, event.subject, format_instant(event.time)) for event in events]


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_mapping_is_in_order_on_its_samples(vendor: str) -> None:
    known = VENDORS[vendor]
    assert known.samples
    assert known.attested
    assert known.fetch or vendor == "standard"
    assert {one.sample.name: one.problem for one in try_samples(known, NOW) if one.problem} == {}
    assert not set(known.mappings) & set(known.pings.events)


@pytest.mark.parametrize("vendor", MAPPED)
def test_a_source_may_name_a_custom_field_for_every_term_whatever_comes(vendor: str) -> None:
    fields = dict.fromkeys(TERMS, "no such field")
    for sample in VENDORS[vendor].samples:
        body = json.loads(sample.body())
        assert brief(emitted(vendor, body, dict(sample.headers), fields=fields)) == brief(
            emitted(vendor, body, dict(sample.headers))
        )


ROWS = {cells[1].strip(" `"): cells for line in GUIDE.splitlines() if len(cells := line.split("|")) == 7}


@pytest.mark.parametrize("vendor", MAPPED)
def test_the_table_of_the_guide_says_what_the_mappings_tell(vendor: str) -> None:
    offers, interviews = (
        set(re.sub(r"\([^)]*\)", "", cell).replace(",", " ").split()) - {"none"} for cell in ROWS[vendor][2:4]
    )
    assert offers == {name.partition(".")[2] for name in VENDORS[vendor].types("offer")}
    assert interviews == {name.partition(".")[2] for name in VENDORS[vendor].types("interview")}
    assert (VENDORS[vendor].scheme.header or "in the body") in ROWS[vendor][4].lower()


# Meaning


def ashby_offer(**changes: Any) -> dict[str, Any]:
    offer = {
        "id": "o1", "applicationId": "a1", "acceptanceStatus": "WaitingOnResponse", "decidedAt": None,
        "offerStatus": "WaitingOnCandidateResponse",
        "latestVersion": {
            "id": "v1", "startDate": "2026-05-01T22:30:00.000Z", "salary": {"currencyCode": "EUR", "value": 90000},
            "customFields": [{"id": "f1", "title": "Deadline", "value": "2026-03-09T17:00:00Z"},
                             {"id": "f2", "title": "Bonus", "value": {"value": 5000, "currencyCode": "EUR"}}],
        },
    }  # fmt: skip
    return {"action": "offerUpdate", "data": {"offer": {**offer, **changes}}}


def test_an_ashby_offer_goes_from_open_to_decided() -> None:
    extended, updated = emitted("ashby", ashby_offer())
    assert (extended.type, extended.subject, extended.data["offer"]) == ("offer.extended", "application:a1", "o1")
    assert updated.data["salary"] == {"amount": "90000", "currency": "EUR"}
    accepted = emitted("ashby", ashby_offer(offerStatus="CandidateAccepted", decidedAt="2026-03-01T08:00:00Z"))[-1]
    assert (accepted.type, format_instant(accepted.time)) == ("offer.accepted", "2026-03-01T08:00:00Z")
    declined = emitted("ashby", ashby_offer(offerStatus="CandidateRejected", acceptanceStatus="Declined"))
    assert [event.type for event in declined] == ["offer.declined"]
    cancelled = emitted("ashby", ashby_offer(offerStatus="OfferCancelled", acceptanceStatus="Cancelled"))
    assert [event.type for event in cancelled] == ["offer.rescinded"]
    assert emitted("ashby", ashby_offer(offerStatus="WaitingOnOfferApproval", acceptanceStatus="Created")) == []


def test_a_source_names_the_custom_fields_that_hold_its_terms() -> None:
    fields = {"respond_by": "Deadline", "bonus": "f2", "title": "$.data.offer.id"}
    terms = emitted("ashby", ashby_offer(), fields=fields)[1].data
    assert terms["respond_by"] == "2026-03-09T17:00:00Z"
    assert terms["bonus"] == {"amount": "5000", "currency": "EUR"}
    assert terms["title"] == "o1"
    custom = {
        "answer.by": {"value": "2026-03-06T17:00:00"},
        "pay": {"value": {"amount": "70000", "unit": "USD"}, "frequency": "Monthly"},
        "salary": {"value": {"amount": 1, "unit": "USD"}},
    }
    payload = {
        "id": 1,
        "application_id": 2,
        "sent_on": "2026-03-01",
        "offer_status": "Created",
        "custom_fields": custom,
    }
    body = {"action": "offer_created", "payload": payload}
    fields = {"respond_by": "answer.by", "salary": "pay", "equity": "nowhere"}
    _, updated = emitted("greenhouse", body, fields=fields, zone=ZoneInfo("America/New_York"))
    assert updated.data["respond_by"] == "2026-03-06T22:00:00Z"
    assert updated.offsets["respond_by"] == -300
    assert updated.data["salary"] == {"amount": "70000", "currency": "USD", "per": "month"}
    assert "equity" not in updated.data
    _, hourly = emitted("greenhouse", body, pay_period="hour")
    assert hourly.data["salary"] == {"amount": "1", "currency": "USD", "per": "hour"}
    _, monthly = emitted("greenhouse", body, fields=fields, pay_period="hour")
    assert monthly.data["salary"]["per"] == "month", "a period that the webhook states counts"
    _, without = emitted("greenhouse", body, fields=fields)
    assert "respond_by" not in without.data, "a time without an offset is unknown where no zone is configured"


def schedule(action: str, status: str, **changes: Any) -> dict[str, Any]:
    meetings = [{"startTime": f"2026-03-0{day}T10:00:00Z", "endTime": f"2026-03-0{day}T11:00:00Z"} for day in (5, 4)]
    said: dict[str, Any] = {"id": "s1", "status": status, "applicationId": "a1", "updatedAt": "2026-03-01T09:00:00Z"}
    said |= {"createdAt": "2026-02-28T09:00:00Z", "interviewEvents": meetings, **changes}
    return {"action": f"interviewSchedule{action}", "data": {"interviewSchedule": said}}


def test_an_ashby_schedule_is_one_interview() -> None:
    (scheduled,) = emitted("ashby", schedule("Create", "Scheduled"))
    assert scheduled.data["starts_at"] == "2026-03-04T10:00:00Z"
    assert scheduled.data["ends_at"] == "2026-03-05T11:00:00Z"
    (moved,) = emitted("ashby", schedule("Update", "Scheduled", candidateId="c1"))
    assert brief([moved]) == [("interview.scheduled", "c1", "2026-03-01T09:00:00Z")]
    assert emitted("ashby", schedule("Update", "Cancelled"))[0].type == "interview.cancelled"
    assert emitted("ashby", schedule("Update", "Complete"))[0].type == "interview.completed"
    assert emitted("ashby", schedule("Create", "NeedsScheduling", interviewEvents=[])) == []


def test_a_rejection_of_ashby_is_the_employers_own() -> None:
    application = {"id": "a1", "candidate": {"id": "c1"}, "createdAt": "2026-02-01T00:00:00Z", "status": "Archived"}
    for reason, types in (
        ("RejectedByOrg", ["submitted", "rejected"]),
        ("RejectedByCandidate", ["submitted", "withdrawn"]),
    ):
        body = {"application": {**application, "archiveReason": {"reasonType": reason}}}
        events = emitted("ashby", {"action": "applicationUpdate", "data": body})
        assert [event.type for event in events] == [f"application.{kind}" for kind in types]


def test_teamtailor_keeps_a_rejection_until_the_candidate_may_know() -> None:
    def update(visible: str | None) -> list[Event]:
        said = {"rejected_at": "2026-03-01T10:00:00+01:00", "transparent_recruiting_visible_at": visible}
        data = {"id": "31", "attributes": said}
        return emitted("teamtailor", {"payload": {"event_name": "job_application.update", "data": data}})

    assert brief(update(None)) == [("application.rejected", "application:31", "2026-03-01T09:00:00Z")]
    assert len(update("2026-03-02T13:59:00Z")) == 1
    assert update("2026-03-09T00:00:00Z") == []


def test_what_merge_says_of_an_offer() -> None:
    offer = {"id": "m1", "application": "a1", "status": "SIGNED", "sent_at": "2026-02-20T10:00:00Z",
             "closed_at": "2026-02-25T10:00:00Z", "modified_at": "2026-02-26T10:00:00Z",
             "start_date": "2026-04-01T00:00:00Z", "remote_was_deleted": False}  # fmt: skip
    body = {"hook": {"event": "Offer.changed"}, "linked_account": {"id": "L1"}, "data": offer}
    assert brief(emitted("merge", body)) == [
        ("offer.extended", "application:a1", "2026-02-20T10:00:00Z"),
        ("offer.updated", "application:a1", "2026-02-26T10:00:00Z"),
        ("offer.accepted", "application:a1", "2026-02-25T10:00:00Z"),
    ]
    assert emitted("merge", body)[0].data["employer"] == {"id": "L1"}
    removed = {**body, "hook": {"event": "Offer.removed"}}
    assert emitted("merge", removed) == [], "an accepted offer is not taken back by being deleted"
    assert emitted("merge", {**removed, "data": {**offer, "status": "SENT"}})[0].type == "offer.rescinded"


def test_a_partner_event_without_offers_or_with_other_statuses_tells_nothing() -> None:
    sample = json.loads((FOLDER / "samples/teamtailor-partner/with_job_offers.json").read_text())
    extended, accepted = emitted("teamtailor-partner", sample)
    assert extended.data["salary"] == {"amount": "2000", "currency": "EUR", "per": "year"}
    assert extended.data["employer"] == {"id": "vAXspNm0J2Y", "name": "Teamtailor"}
    assert accepted.subject == "54321"
    sample["partner-event"]["candidate"]["job-offers"][0]["status"] = "pending"
    assert emitted("teamtailor-partner", sample) == []
    del sample["partner-event"]["candidate"]["job-offers"]
    assert emitted("teamtailor-partner", sample) == []


# Names


def names_told(vendor: str, sample: str) -> dict[str, dict[str, str]]:
    """Event type -> the names in its data."""
    body = json.loads((FOLDER / "samples" / vendor / f"{sample}.json").read_text())
    kinds = ("candidate_name", "contact_name", "contact_role")
    events = emitted(vendor, body)
    return {event.type: named for event in events if (named := {k: event.data[k] for k in kinds if k in event.data})}


@pytest.mark.parametrize(
    ("vendor", "sample", "names"),
    [
        ("greenhouse", "new_candidate_application", {"application.submitted": {"candidate_name": "Jane Smith"}}),
        ("greenhouse", "application_updated", {"application.submitted": {"candidate_name": "Hank Von Diablo"}}),
        ("greenhouse", "hire_candidate", {"offer.accepted": {"candidate_name": "Johnny Smith"}}),
        ("greenhouse", "offer_created", {}),
        (
            "ashby",
            "applicationSubmit",
            {
                "application.submitted": {
                    "candidate_name": "James",
                    "contact_name": "Joey Joe",
                    "contact_role": "Hiring Manager",
                }
            },
        ),
        ("teamtailor-partner", "with_job_offers", {"offer.extended": {"candidate_name": "Juston Becker"}}),
    ],
)
def test_names_are_told_where_the_vendor_states_them(
    vendor: str, sample: str, names: dict[str, dict[str, str]]
) -> None:
    assert names_told(vendor, sample) == names


def test_a_recruiter_is_the_contact_person_before_a_hiring_manager() -> None:
    body = json.loads((FOLDER / "samples" / "ashby" / "applicationSubmit.json").read_text())
    manager = body["data"]["application"]["hiringTeam"][0]
    sourcer, recruiter = (
        manager | {"role": "Sourcer"},
        manager | {"role": "Recruiter", "firstName": "Ann", "lastName": "Lee"},
    )
    for team, name in (
        ([sourcer, manager, recruiter], "Ann Lee"),
        ([sourcer, manager], "Joey Joe"),
        ([recruiter | {"lastName": None}], "Ann"),
        ([recruiter | {"firstName": None}], "Lee"),
        ([sourcer, 7], None),
        ("x", None),
    ):
        body["data"]["application"]["hiringTeam"] = team
        assert {event.data.get("contact_name") for event in emitted("ashby", body)} == {name}


@pytest.mark.parametrize(
    ("written", "zone", "instant", "offset"),
    [
        ("2026-03-06T17:00:00", "America/New_York", "2026-03-06T22:00:00Z", -300),
        ("2026-03-06T22:00:00Z", "America/New_York", "2026-03-06T22:00:00Z", -300),
        ("2026-03-06T17:00:00-08:00", "America/New_York", "2026-03-07T01:00:00Z", -480),
        ("2026-03-06T22:00:00Z", None, "2026-03-06T22:00:00Z", 0),
        ("2026-03-12", "America/New_York", "2026-03-13T03:59:59Z", -240),
        ("03/06/2026", "America/New_York", "2026-03-07T04:59:59Z", -300),
        ("2026-03-06", None, "2026-03-06", 0),
    ],
)
def test_a_deadline_keeps_the_offset_in_which_it_was_written_or_that_of_its_source(
    written: str, zone: str | None, instant: str, offset: int
) -> None:
    custom = {"respond_by": {"value": written}}
    payload = {"id": 1, "application_id": 2, "sent_on": "2026-03-01", "offer_status": "Created"}
    body = {"action": "offer_created", "payload": {**payload, "custom_fields": custom}}
    events = emitted("greenhouse", body, employer={"id": "acme"}, zone=ZoneInfo(zone) if zone else None)
    stated = [event for event in events if "respond_by" in event.data]
    assert [event.data["respond_by"] for event in stated] == [instant]
    assert [event.offsets.get("respond_by", 0) for event in stated] == [offset]
    zones = {event.data["employer"].get("time_zone") for event in events if "employer" in event.data}
    assert zones == {zone}


# Identity


def case_set(events: list[Event]) -> CaseSet:
    cases = CaseSet(shipped_engine(), "t", {})
    for event in events:
        cases.handle(event, NOW)
    return cases


GREENHOUSE = [
    {"action": "offer_created", "payload": {"id": 1, "application_id": 2, "version": 1, "sent_on": "2026-03-01",
                                            "offer_status": "Created", "start_date": "04/15/2026"}},
    {"action": "candidate_stage_change", "payload": {"application": {"id": 2, "candidate": {"id": 7}}}},
    {"action": "merge_candidate", "payload": {"person": {"id": 7, "new_candidate_id": 8}}},
]  # fmt: skip
ASHBY = [
    ashby_offer(),
    {"action": "applicationSubmit", "data": {"application": {"id": "a1", "candidate": {"id": "c7"}}}},
    {"action": "candidateMerge", "data": {"deletedCandidate": {"id": "c7"}, "mergedCandidate": {"id": "c8"}}},
]
LEVER = [
    {"event": "interviewCreated", "token": "t1", "data": {"opportunityId": "p1", "interviewId": "i1"}},
    {"event": "candidateHired", "token": "t2", "data": {"opportunityId": "p1"}},
    {"event": "candidateStageChange", "token": "t3", "data": {"opportunityId": "p1", "contactId": "k1"}},
]


@pytest.mark.parametrize(
    ("vendor", "bodies", "keys"),
    [
        ("greenhouse", GREENHOUSE, ["application:2", "7", "8"]),
        ("ashby", ASHBY, ["application:a1", "c7", "c8"]),
        ("lever", LEVER, ["application:p1", "k1"]),
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2), (0, 2, 1), (2, 0, 1)])
def test_late_links_and_merges_end_in_one_case(
    vendor: str, bodies: list[Any], keys: list[str], order: tuple[int, ...]
) -> None:
    straight, other = (
        case_set([event for at in some for event in emitted(vendor, bodies[at])]) for some in (range(3), order)
    )
    assert {other.find(key).key for key in keys} == {keys[-1]}
    assert other.find(keys[-1]).case.to_json() == straight.find(keys[-1]).case.to_json()
    assert b"offer" in straight.find(keys[-1]).case.to_json()


# Any shape


_WORDS = st.sampled_from(
    ["id", "data", "offer", "application", "candidate", "payload", "attributes", "status", "Scheduled", "SENT",
     "salary",
     "interviewSchedule", "interviewEvents", "startTime", "job-offers", "partner-event", "accepted", "hook", "amount",
     "2026-03-01T00:00:00Z", "2026-03-01T00:00:00", "03/01/2026", "opportunityId", "interviewId", "latestVersion",
     "customFields", "title", "value", "application_id", "candidate_id", "interview_id"]
)  # fmt: skip
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=200) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=6),
    max_leaves=20,
)


@pytest.mark.fuzz
@given(st.sampled_from([(name, event) for name in MAPPED for event in VENDORS[name].mappings]), _ANY)
def test_a_payload_of_any_shape_is_translated_or_refused(which: tuple[str, str], found: Any) -> None:
    vendor, event = which
    envelope = {"action": event, "event": event, "event_type": event, "hook": {"event": event}, "data": found}
    envelope |= {"payload": {"event_name": event, "data": found, "candidate": found, "application": found}}
    envelope |= {"partner-event": {"candidate": {"id": 1, "job-offers": found}}, "token": "t", "application_id": "a"}
    with suppress(InvalidEvent):
        emitted(
            vendor, envelope, {"event-name": event, "event-id": "1"}, fields={"salary": "Bonus", "respond_by": "$.x"}
        )
