"""Ids in deliveries: long ones, numbers, and interviews that name no application."""

import json
import re
from typing import Any

import pytest

from signpost.case.instant import parse_instant
from signpost.ingress.receiving import TranslationResult
from signpost.ingress.vendors import VENDORS
from signpost.schemas import InvalidEvent
from tests.support.vendor_bodies import ashby, ashby_application, ashby_offer, merge, notes, schedule, take, types

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


@pytest.mark.parametrize(
    ("action", "payload", "pointers"),
    [
        ("hire_candidate", {"application": {"id": None, "candidate": {"id": None}}},
         ["/payload/application/id", "/payload/application/candidate/id"]),
        ("hire_candidate", {"application": {"id": 7}}, ["/payload/application/candidate/id"]),
        ("reject_candidate", {}, ["/payload/application/id", "/payload/application/candidate/id"]),
        ("merge_candidate", {"person": None}, ["/payload/person/id", "/payload/person/new_candidate_id"]),
    ],
)  # fmt: skip
def test_a_refusal_names_every_id_that_is_missing(action: str, payload: Any, pointers: list[str]) -> None:
    with pytest.raises(InvalidEvent) as caught:
        take("greenhouse", {"action": action, "payload": payload})
    assert [one.pointer for one in caught.value.problems] == pointers


def test_a_refusal_names_the_wrong_fields_of_every_event() -> None:
    application = {"id": "p" * 129, "candidate": {"id": "c" * 129}, "status": "rejected"}
    with pytest.raises(InvalidEvent) as caught:
        take("greenhouse", {"action": "reject_candidate", "payload": {"application": application}})
    found = [
        (one.pointer, one.message.rpartition(" signpost.")[2].partition(".v1")[0]) for one in caught.value.problems
    ]
    events = ("application.submitted", "application.rejected")
    assert found == [(pointer, event) for event in events for pointer in ("/subject", "/data/application")]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("Offer.added", {"status": "SENT", "sent_at": "2026-11-20T00:00:00Z"}),
        ("Offer.changed", {"status": "SENT", "sent_at": "2026-11-20T00:00:00Z"}),
        ("Offer.changed", {"status": "DENIED"}),
        ("Offer.removed", {"status": "OPENED"}),
    ],
)
def test_what_is_missing_is_the_reason_though_the_event_can_be_ignored_for_another(
    event: str, state: dict[str, str]
) -> None:
    result = merge(event, application=None, **state)
    assert types(result) == []
    assert result.reason.startswith("emits nothing: merge.yaml:")
    assert re.search(r": the subject of offer\.\w+ is missing, or no id; .*the application of offer\.", result.reason)
    ignored = merge(event, application=None, status="DRAFT")
    assert ignored.reason == VENDORS["merge"].ignored[event]


def test_an_application_of_smartrecruiters_that_is_named_by_two_long_ids_is_not_cut() -> None:
    candidate, job = "3b0fdb5a-6b3c-4f0e-9d0a-0c5f7f0e0001", "9c2f4a1e-1d2b-4c3d-8e4f-5a6b7c8d0002"
    headers = {"event-name": "application.created", "event-id": "e1"}
    result = take("smartrecruiters", {"candidate_id": candidate, "job_id": job}, headers)
    assert result.events[0].data["application"] == f"{candidate}-{job}"


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


# Numbers


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


# Offers without an id


ACCEPTED = {"offerStatus": "CandidateAccepted", "acceptanceStatus": "Accepted"}


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        (ACCEPTED, True),
        ({"acceptanceStatus": "Accepted"}, True),
        ({"offerStatus": "CandidateAccepted"}, True),
        ({"offerStatus": "CandidateRejected", "acceptanceStatus": "Declined"}, False),
        ({"offerStatus": "OfferCancelled"}, False),
    ],
)
def test_a_hire_of_ashby_is_an_acceptance_though_its_offer_has_no_id(answer: dict[str, str], accepted: bool) -> None:
    offer: dict[str, Any] = {
        "decidedAt": "2026-11-24T09:00:00Z",
        "latestVersion": {"createdAt": "2026-11-20T10:00:00Z"},
        **answer,
    }
    result = take("ashby", ashby("candidateHire", application=ashby_application(status="Hired"), offer=offer))
    found = [event for event in result.events if event.type == "offer.accepted"]
    assert [(one.data["offer"], one.time, one.dated) for one in found] == [
        ("application-a1", parse_instant(offer["decidedAt"]), True)
    ] * accepted
    assert notes(result) == []
    named = take("ashby", ashby("candidateHire", application=ashby_application(), offer=ashby_offer(**ACCEPTED)))
    assert [one.data["offer"] for one in named.events if one.type == "offer.accepted"] == ["o1"]
