"""Webhooks of vendors without their signatures, and what they tell."""

import json
from typing import Any

from signpost.case import Case
from signpost.case.event import Event
from signpost.case.instant import parse_instant
from signpost.facts.stages import APPLICATION_STAGES, INTERVIEW_STAGES, OFFER_STAGES, stage_of
from signpost.ingress.receiving import TranslationResult, WebhookRequest, read
from signpost.ingress.vendors import VENDORS
from signpost.tenants.model import Source

NOW = parse_instant("2026-11-25T21:00:00Z")
"""When they are received."""
STAGES = {"offer": OFFER_STAGES, "interview": INTERVIEW_STAGES, "application": APPLICATION_STAGES}
"""Kind -> how its stages follow from its fields."""


def take(
    vendor: str, body: Any, headers: dict[str, str] | None = None, now: int = NOW, **source: Any
) -> TranslationResult:
    """Receive a body that was verified."""
    known = Source(vendor, "t", vendor, ("s",), **source)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(WebhookRequest(VENDORS[vendor], known, (b"s",), headers or {}, raw, now))


def types(result: TranslationResult) -> list[str]:
    """Return the types of the events."""
    return [event.type for event in result.events]


def notes(result: TranslationResult) -> list[str]:
    """Return the texts of the notes."""
    return [note.message for note in result.notes]


def stages(kind: str, *results: TranslationResult) -> dict[str, str | None]:
    """Entity -> its stage after these deliveries, in any order of theirs."""
    found = [fold(kind, [event for one in some for event in one.events]) for some in (results, results[::-1])]
    assert found[0] == found[1]
    return found[0]


def fold(kind: str, events: list[Event]) -> dict[str, str | None]:
    """Return entity -> its stage after these events."""
    case = Case()
    for event in events:
        case = case.fold(event)
    ranked = {name: stage_of(fields, STAGES[kind]) for name, fields in case.resolved()[kind].items()}
    return {name: stage.value if stage else None for name, stage in ranked.items()}


def ashby(action: str, occurrence: str = "w1", **data: Any) -> dict[str, Any]:
    """Return a body of Ashby."""
    return {"action": action, "webhookActionId": occurrence, "data": data}


def ashby_offer(**changes: Any) -> dict[str, Any]:
    """Return an offer of Ashby that waits for its answer."""
    version = {"id": "v1", "createdAt": "2026-11-20T10:00:00Z"}
    waiting = {"acceptanceStatus": "WaitingOnResponse", "offerStatus": "WaitingOnCandidateResponse"}
    return {"id": "o1", "applicationId": "a1", "decidedAt": None, "latestVersion": version, **waiting, **changes}


def ashby_application(**changes: Any) -> dict[str, Any]:
    """Return an active application of Ashby."""
    known = {"createdAt": "2026-11-01T10:00:00Z", "updatedAt": "2026-11-25T20:00:00Z", "job": {"title": "Designer"}}
    return {"id": "a1", "status": "Active", "candidate": {"id": "c1", "name": "Ada"}, **known, **changes}


def schedule(status: str, hour: int, action: str = "Update", **changes: Any) -> TranslationResult:
    """Receive a schedule of interviews of Ashby, changed at this hour."""
    meetings = [{"startTime": "2026-12-04T10:00:00Z", "endTime": "2026-12-04T11:00:00Z"}]
    known = {"updatedAt": f"2026-11-25T{hour:02}:00:00Z", "interviewEvents": meetings if status == "Scheduled" else []}
    stated = {"id": "s1", "status": status, "applicationId": "a1", "candidateId": "c1", **known, **changes}
    return take("ashby", ashby(f"interviewSchedule{action}", f"w{hour}", interviewSchedule=stated))


def merge(event: str, linked: Any = None, **data: Any) -> TranslationResult:
    """Receive a record of Merge."""
    known = {"application": "a1", "modified_at": "2026-11-25T20:00:00Z", "remote_was_deleted": False}
    body = {"hook": {"event": event}, "linked_account": {"id": "L1"} if linked is None else linked}
    return take("merge", {**body, "data": {"id": "m1", **known, **data}})


def greenhouse(action: str, occurrence: str = "e1", now: int = NOW, **application: Any) -> TranslationResult:
    """Receive an application of Greenhouse."""
    known = {"id": 7, "candidate": {"id": 9}, "applied_at": "2026-11-05T21:00:00Z", "rejected_at": None}
    body = {"action": action, "payload": {"application": {**known, **application}}}
    return take("greenhouse", body, {"greenhouse-event-id": occurrence}, now=now)


def sent_offer(**changes: Any) -> dict[str, Any]:
    """Return a body of Greenhouse with an accepted offer."""
    payload = {"id": 5, "application_id": 7, "version": 1, "sent_on": "2026-11-20", "offer_status": "Accepted"}
    more = {"resolved_at": "2026-11-21T10:00:00Z", "start_date": "2027-04-01", "custom_fields": {}}
    return {"action": "offer_updated", "payload": {**payload, **more, **changes}}
