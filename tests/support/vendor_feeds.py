"""Random true histories of one candidate at each vendor, as the vendor delivers them, and the state they end in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from signpost.case.instant import DAY, HOUR, MINUTE, format_instant, parse_instant

START = parse_instant("2026-03-02T09:00:00Z")


@dataclass
class Delivery:
    """One webhook: headers by lower-case name, body, and when the vendor sends it."""

    body: dict[str, Any]
    at: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Feed:
    """Deliveries in their true order, and what is true at the end: (kind, field) -> value.

    `any_order`: whether the bodies state enough to restore the order. Otherwise only repeats and delays may vary.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    truth: dict[tuple[str, str], Any] = field(default_factory=dict)
    any_order: bool = True
    now: int = START

    def pass_time(self, random: Random, least: int = 1) -> None:
        """Let some time pass, never less than `least` microseconds."""
        self.now += max(least, random.choice([MINUTE, 40 * MINUTE, 5 * HOUR, DAY, 3 * DAY]))

    def send(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        """Deliver a body."""
        self.deliveries.append(Delivery(body, self.now, headers or {}))

    @property
    def time(self) -> str:
        """The present time as RFC 3339 text."""
        return format_instant(self.now)


def _pay(random: Random) -> int:
    return random.choice([100_000, 120_000])


def greenhouse(random: Random) -> Feed:
    """An application with versions of an offer, answers, hire and unhire, rejection and its reversal."""
    feed = Feed(any_order=random.random() < 0.6)
    applied = feed.time

    def event(action: str, payload: dict[str, Any]) -> None:
        feed.pass_time(random)
        feed.send(
            {"action": action, "payload": payload},
            {"greenhouse-event-id": f"e{len(feed.deliveries)}"} if with_ids else {},
        )

    def application(action: str, status: str = "active", **more: Any) -> None:
        said = {"id": 7, "status": status, "applied_at": applied, "candidate": {"id": 9}, "jobs": [], **more}
        event(action, {"application": {**said, "last_activity_at": feed.time}})

    def offer(action: str, status: str, resolved: str | None, number: int, pay: int, sent: str) -> None:
        fields = {"salary": {"value": {"amount": pay, "unit": "USD"}}}
        said = {"id": 500 + number, "application_id": 7, "version": number, "sent_on": sent, "resolved_at": resolved}
        event(action, {**said, "start_date": f"05/{number:02}/2026", "offer_status": status, "custom_fields": fields})

    with_ids = not feed.any_order or random.random() < 0.5
    application("new_candidate_application")
    stage = ""
    for number in range(1, random.randint(2, 4)):
        pay = _pay(random)
        feed.pass_time(random)
        sent = feed.time[:10]
        offer("offer_created", "Created", None, number, pay, sent)
        stage = "open"
        if not feed.any_order:
            for _ in range(random.randint(0, 2)):
                pay = _pay(random)
                offer("offer_updated", "Created", None, number, pay, sent)
        for _ in range(random.randint(0, 1 if feed.any_order else 3)):
            feed.pass_time(random)
            resolved = feed.time
            status = random.choice(["Accepted", "Rejected"])
            stage = {"Accepted": "accepted", "Rejected": "declined"}[status]
            offer("offer_updated", status, resolved, number, pay, sent)
            if stage == "accepted" and random.random() < 0.5:
                made = {"id": 500 + number, "version": number, "sent_at": sent, "resolved_at": resolved}
                custom = {"salary": {"value": {"amount": pay, "unit": "USD"}}}
                hired = {**made, "starts_at": f"2026-05-{number:02}", "custom_fields": custom}
                application("hire_candidate", offer=hired)
                if not feed.any_order and random.random() < 0.5:
                    application("unhire_candidate")
                    stage = "open"
            if not feed.any_order and stage != "open" and random.random() < 0.5:
                offer("offer_updated", "Created", None, number, pay, sent)
                stage = "open"
        feed.truth |= {("offer", "salary"): str(pay), ("offer", "start_date"): f"2026-05-{number:02}"}
    feed.truth |= {("offer", "stage"): stage, ("application", "stage"): "submitted"}
    for _ in range(random.randint(0, 3)):
        feed.pass_time(random)
        why = random.choice(["We rejected them", "They rejected us"])
        reason = {"rejected_at": feed.time, "rejection_reason": {"type": {"name": why}}}
        application("reject_candidate", "rejected", **reason)
        feed.truth["application", "stage"] = "rejected" if why.startswith("We") else "withdrawn"
        if random.random() < 0.5:
            application("unreject_candidate")
            feed.truth["application", "stage"] = "submitted"
    return feed


def ashby(random: Random) -> Feed:
    """An application, versions of an offer with answers, and an interview."""
    feed = Feed(any_order=random.random() < 0.6)
    created = feed.time

    def event(action: str, data: dict[str, Any]) -> None:
        feed.send({"action": action, "webhookActionId": f"w{len(feed.deliveries)}", "data": data})

    def application(status: str, **more: Any) -> None:
        feed.pass_time(random)
        said = {"id": "a1", "candidate": {"id": "c1"}, "createdAt": created, "updatedAt": feed.time, "status": status}
        event("applicationUpdate", {"application": {**said, **more}})

    def offer(action: str, status: str, number: int, made: str | None, pay: int, decided: str | None = None) -> None:
        feed.pass_time(random)
        version = {"id": f"v{number}", "startDate": f"2026-05-{number:02}T00:00:00.000Z", "createdAt": made}
        version["salary"] = {"currencyCode": "USD", "value": pay}  # type: ignore[assignment]
        said = {"id": "o1", "applicationId": "a1", "offerStatus": status, "decidedAt": decided}
        event(action, {"offer": {**said, "latestVersion": version}})

    application("Active")
    waiting, stage = "WaitingOnCandidateResponse", "open"
    for number in range(1, random.randint(2, 4) if feed.any_order else 2):
        feed.pass_time(random)
        made = feed.time if feed.any_order or random.random() < 0.5 else None
        pay = _pay(random)
        offer("offerCreate" if number == 1 else "offerUpdate", waiting, number, made, pay)
        stage = "open"
        if not feed.any_order:
            for _ in range(random.randint(0, 2)):
                pay = _pay(random)
                offer("offerUpdate", waiting, number, made, pay)
        for _ in range(random.randint(0, 1 if feed.any_order else 3)):
            feed.pass_time(random)
            status = random.choice(["CandidateAccepted", "CandidateRejected"])
            stage = {"CandidateAccepted": "accepted", "CandidateRejected": "declined"}[status]
            offer("offerUpdate", status, number, made, pay, feed.time)
            if not feed.any_order and random.random() < 0.5:
                pay, stage = _pay(random), "open"
                offer("offerUpdate", waiting, number, made, pay)
        feed.truth |= {("offer", "salary"): str(pay), ("offer", "start_date"): f"2026-05-{number:02}"}
    if random.random() < 0.2:
        feed.pass_time(random)
        event("offerDelete", {"offer": {"id": "o1", "applicationId": "a1"}})
        stage = "rescinded"
    feed.truth |= {("offer", "stage"): stage, ("application", "stage"): "submitted"}
    for _ in range(random.randint(0, 3)):
        by = random.choice(["RejectedByOrg", "RejectedByCandidate"])
        feed.pass_time(random)
        application("Archived", archiveReason={"reasonType": by}, archivedAt=feed.time)
        feed.truth["application", "stage"] = {"RejectedByOrg": "rejected"}.get(by, "withdrawn")
        if random.random() < 0.5:
            application("Active")
            feed.truth["application", "stage"] = "submitted"
    for status in random.choice(
        [[], ["Scheduled"], ["Scheduled", "Scheduled", "Complete"], ["Scheduled", "Cancelled"]]
    ):
        feed.pass_time(random)
        meeting = {"startTime": feed.time, "endTime": format_instant(feed.now + HOUR)}
        said = {"id": "s1", "status": status, "applicationId": "a1", "candidateId": "c1", "updatedAt": feed.time}
        event("interviewScheduleUpdate", {"interviewSchedule": {**said, "interviewEvents": [meeting]}})
        feed.now += 2 * HOUR
        stages = {"Scheduled": "scheduled", "Complete": "completed", "Cancelled": "cancelled"}
        feed.truth["interview", "stage"] = stages[status]
    return feed


def merge(random: Random) -> Feed:
    """Objects that change, each body as of its time of modification."""
    feed = Feed()
    sent = closed = None

    def event(name: str, data: dict[str, Any]) -> None:
        feed.pass_time(random)
        feed.send({"hook": {"event": name}, "linked_account": {"id": "L"}, "data": {**data, "modified_at": feed.time}})

    applied, rejected = feed.time, None
    for _ in range(random.randint(1, 4)):
        rejected = random.choice([None, feed.time])
        said = {"id": "a1", "candidate": "c1", "applied_at": applied, "rejected_at": rejected}
        event("Application.changed", said)
    feed.truth["application", "stage"] = "rejected" if rejected else "submitted"
    status = "SENT"
    for number in range(1, random.randint(2, 6)):
        feed.pass_time(random)
        status = "SENT" if number == 1 else random.choice(["SENT", "OPENED", "SIGNED", "DENIED"])
        sent = sent or feed.time
        closed = feed.time if status in ("SIGNED", "DENIED") else None
        said = {"id": "o1", "application": "a1", "status": status, "sent_at": sent, "closed_at": closed}
        event("Offer.changed", {**said, "start_date": f"2026-05-{number:02}T00:00:00Z", "remote_was_deleted": False})
        if status != "DENIED":
            feed.truth["offer", "start_date"] = f"2026-05-{number:02}"
    feed.truth["offer", "stage"] = {"SIGNED": "accepted", "DENIED": "declined"}.get(status, "open")
    if feed.truth["offer", "stage"] == "open" and random.random() < 0.3:
        event("Offer.removed", {**said, "remote_was_deleted": True})
        feed.truth["offer", "stage"] = "rescinded"
    for name in random.choice([(), ("added",), ("added", "changed", "removed"), ("added", "removed")]):
        said = {"id": "i1", "application": "a1", "status": "SCHEDULED", "remote_created_at": applied}
        event(f"ScheduledInterview.{name}", {**said, "start_at": format_instant(START + 9 * DAY)})
        feed.truth["interview", "stage"] = "cancelled" if name == "removed" else "scheduled"
    return feed


def lever(random: Random) -> Feed:
    """Stage changes, a hire, and an interview; every body has a signed time."""
    feed = Feed()

    def event(name: str, **data: Any) -> None:
        feed.pass_time(random)
        at = feed.now // 1000
        said = {"opportunityId": "a1", "contactId": "c1", **data}
        feed.send({"event": name, "token": f"t{len(feed.deliveries)}", "triggeredAt": at, "data": said})

    event("applicationCreated")
    for _ in range(random.randint(0, 3)):
        event("candidateStageChange")
    feed.truth["application", "stage"] = "submitted"
    if random.random() < 0.5:
        event("candidateHired")
        feed.truth["offer", "stage"] = "accepted"
    for name in random.choice([(), ("interviewCreated",), ("interviewCreated", "interviewDeleted")]):
        event(name, interviewId="i1", contactId=None, createdAt=START // 1000, deletedAt=feed.now // 1000)
        feed.truth["interview", "stage"] = {"interviewCreated": "scheduled"}.get(name, "cancelled")
    return feed


def smartrecruiters(random: Random) -> Feed:
    """An application and interviews; no body has a time."""
    feed = Feed()

    def event(name: str, **body: Any) -> None:
        feed.pass_time(random)
        feed.send(
            {"application_id": "a1", "candidate_id": "c1", **body},
            {"event-name": name, "event-id": f"e{len(feed.deliveries)}"},
        )

    event("application.created")
    feed.truth["application", "stage"] = "submitted"
    for name in random.choice([(), ("created",), ("created", "canceled")]):
        event(f"interview.{name}", interview_id="i1")
        feed.truth["interview", "stage"] = "scheduled" if name == "created" else "cancelled"
    return feed


def teamtailor(random: Random) -> Feed:
    """An application that is rejected and taken back."""
    feed = Feed()
    created, rejected = feed.time, None
    for number in range(random.randint(1, 6)):
        feed.pass_time(random)
        rejected = random.choice([None, feed.time]) if number else None
        attributes = {"created-at": created, "updated-at": feed.time, "rejected-at": rejected}
        name = f"job_application.{'update' if number else 'create'}"
        feed.send({"payload": {"event_name": name, "data": {"id": "31", "attributes": attributes}}})
    feed.truth["application", "stage"] = "rejected" if rejected else "submitted"
    return feed


def workable(random: Random) -> Feed:
    """A candidate who is disqualified and taken back; the body is the state at the time of the request."""
    feed = Feed()
    created, disqualified = feed.time, None
    for number in range(random.randint(1, 6)):
        feed.pass_time(random)
        disqualified = random.choice([None, feed.time]) if number else None
        said = {"id": "w1", "created_at": created, "updated_at": feed.time, "disqualified": disqualified is not None}
        name = "candidate_moved" if number else "candidate_created"
        feed.send({"event_type": name, "data": {**said, "disqualified_at": disqualified}})
    feed.truth["application", "stage"] = "rejected" if disqualified else "submitted"
    return feed


def recruitee(random: Random) -> Feed:
    """Disqualified and requalified by turns."""
    feed = Feed(any_order=random.random() < 0.5)
    for number in range(random.randint(1, 6)):
        feed.pass_time(random)
        subtype = ("disqualified", "requalified")[number % 2]
        body = {"event_type": "candidate_moved", "event_subtype": subtype, "payload": {"candidate": {"id": 1}}}
        body["payload"]["offer"] = {"id": 2}  # type: ignore[index]
        stated = {"created_at": feed.time, "event_id": number} if feed.any_order else {"attempt": number}
        feed.send({**body, **stated})
        feed.truth["application", "stage"] = ("rejected", "submitted")[number % 2]
    return feed


def teamtailor_partner(random: Random) -> Feed:
    """A recruiter's triggers for an accepted offer, which only its answer's time orders."""
    feed = Feed()
    feed.pass_time(random)
    said = {"id": "o1", "status": "accepted", "created_at": format_instant(START), "answered_at": feed.time}
    offer = {**said, "start_date": "2026-05-01"}
    for number in range(random.randint(1, 4)):
        feed.pass_time(random)
        candidate = {"id": 5, "job-offers": [offer], "job": {"title": "Engineer"}}
        feed.send({"partner-event": {"id": f"p{number}", "candidate": candidate}, "company": {"uuid": "u"}})
    feed.truth = {("offer", "stage"): "accepted", ("offer", "start_date"): "2026-05-01"}
    return feed


FEEDS: dict[str, Callable[[Random], Feed]] = {
    "ashby": ashby,
    "greenhouse": greenhouse,
    "lever": lever,
    "merge": merge,
    "recruitee": recruitee,
    "smartrecruiters": smartrecruiters,
    "teamtailor": teamtailor,
    "teamtailor-partner": teamtailor_partner,
    "workable": workable,
}
"""Vendor -> its histories."""


def arrivals(feed: Feed, random: Random) -> Iterator[tuple[Delivery, int]]:
    """Yield deliveries as they arrive, with the time of receipt: late, repeated, in any order if the feed allows."""
    order = random.sample(feed.deliveries, len(feed.deliveries)) if feed.any_order else list(feed.deliveries)
    arrived: list[Delivery] = []
    now = max(feed.now, START) if feed.any_order or random.random() < 0.5 else START
    for delivery in order:
        now = max(now + random.randint(1, HOUR), delivery.at)
        arrived.append(delivery)
        yield delivery, now
        while random.random() < 0.3:
            now += random.randint(1, HOUR)
            yield random.choice(arrived), now
