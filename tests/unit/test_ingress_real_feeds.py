"""Webhooks as they really come: outages, late retries, states set back, withdrawals, days, and odd values."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from signpost.case import Case
from signpost.case.instant import HOUR, MINUTE, format_instant, parse_instant
from signpost.facts.stages import APPLICATION_STAGES, OFFER_STAGES, stage_of
from signpost.ingress.receiving import WebhookRequest, read
from signpost.ingress.strict_json import MAX_DEPTH
from signpost.ingress.vendors import VENDORS
from signpost.tenants.model import Source

NOW = parse_instant("2026-11-25T21:00:00Z")
STAGES = {"offer": OFFER_STAGES, "application": APPLICATION_STAGES}
ZONES = {"greenhouse": "America/New_York", "ashby": "America/Los_Angeles"}


class Receiver:
    """Takes the webhooks of one vendor; each arrives a minute after the one before."""

    def __init__(self, vendor: str) -> None:
        self.vendor, self.case, self.now = vendor, Case(), NOW
        self.source = Source(vendor, "t", vendor, ("s",), time_zone=ZONES.get(vendor))
        self.seen: set[str] = set()
        self.notes: list[str] = []

    def take(self, body: Any, occurrence: str = "") -> None:
        """Receive a body; `occurrence` is Greenhouse's id of the event."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"greenhouse-event-id": occurrence} if occurrence else {}
        result = read(WebhookRequest(VENDORS[self.vendor], self.source, (b"s",), headers, raw, self.now))
        self.notes += [f"{note.pointer} {note.message}" for note in result.notes]
        for event in result.events:
            if event.id not in self.seen:
                self.seen.add(event.id)
                self.case = self.case.fold(event)
        self.now += MINUTE

    def stage(self, kind: str = "offer") -> str | None:
        """The stage of the only entity of a kind."""
        (fields,) = self.case.resolved()[kind].values()
        stage = stage_of(fields, STAGES[kind])
        return stage.value if stage else None

    def value(self, name: str) -> Any:
        """A value of the only offer."""
        (fields,) = self.case.resolved()["offer"].values()
        return fields[name][1]


def ashby(
    occurrence: str, status: str, decided: int | None = None, pay: int = 150_000, **version: Any
) -> dict[str, Any]:
    latest = {"id": "v1", "startDate": "2027-04-01", "salary": {"currencyCode": "USD", "value": pay}, **version}
    offer: dict[str, Any] = {"id": "o", "applicationId": "a", "offerStatus": status, "latestVersion": latest}
    offer["decidedAt"] = decided and format_instant(decided)
    return {"action": "offerUpdate", "webhookActionId": occurrence, "data": {"offer": offer}}


def greenhouse(
    status: str, resolved: int | None = None, version: int = 1, pay: int = 150_000, **more: Any
) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": 5,
        "application_id": 7,
        "version": version,
        "sent_on": "2026-11-25",
        "offer_status": status,
        **more,
    }
    said["resolved_at"] = resolved and format_instant(resolved)
    said["custom_fields"] = {"salary": {"value": {"amount": pay, "unit": "USD"}}}
    return {"action": "offer_updated", "payload": said}


def application(action: str, **more: Any) -> dict[str, Any]:
    said = {"id": 7, "candidate": {"id": 9}, "applied_at": "2026-11-05T21:00:00Z", "jobs": [], **more}
    return {"action": action, "payload": {"application": said}}


WAITING, ACCEPTED = "WaitingOnCandidateResponse", "CandidateAccepted"


def test_what_was_delivered_late_after_an_outage_keeps_its_order() -> None:
    ats = Receiver("ashby")
    ats.take(ashby("o1", WAITING))
    ats.take(ashby("o2", ACCEPTED, NOW - 40 * MINUTE))
    assert ats.stage() == "accepted"
    ats = Receiver("greenhouse")
    ats.take(greenhouse("Created"), "1")
    ats.take(greenhouse("Accepted", NOW - 40 * MINUTE), "2")
    offer = {"id": 5, "version": 1, "sent_at": "2026-11-25", "resolved_at": format_instant(NOW - 40 * MINUTE)}
    ats.take(application("hire_candidate", offer=offer), "3")
    assert ats.stage() == "accepted"


@pytest.mark.parametrize("action", ["offerCreate", "offerUpdate"])
def test_the_late_retry_of_an_older_webhook_reopens_and_restores_nothing(action: str) -> None:
    ats = Receiver("ashby")
    ats.take(ashby("w2", ACCEPTED, NOW - HOUR, pay=160_000))
    ats.take({**ashby("w1", WAITING, pay=150_000), "action": action})
    assert (ats.stage(), ats.value("salary")["amount"]) == ("accepted", "160000")
    ats.take({**ashby("w1", WAITING, pay=150_000), "action": action})
    assert ats.stage() == "accepted"


def test_an_older_version_reopens_and_restores_nothing() -> None:
    ats = Receiver("greenhouse")
    ats.take(greenhouse("Accepted", NOW - HOUR, version=2, pay=160_000), "2")
    ats.take(greenhouse("Created", version=1, pay=150_000), "1")
    assert (ats.stage(), ats.value("salary")["amount"]) == ("accepted", "160000")
    ats.take(greenhouse("Created", version=3, pay=170_000), "3")
    assert (ats.stage(), ats.value("salary")["amount"]) == ("open", "170000")


def test_a_state_set_back_is_a_new_statement() -> None:
    ats = Receiver("ashby")
    ats.take(ashby("s1", WAITING))
    ats.take(ashby("s2", ACCEPTED, NOW))
    ats.take(ashby("s3", WAITING, pay=160_000))
    assert (ats.stage(), ats.value("salary")["amount"]) == ("open", "160000")
    ats.take(ashby("s2", ACCEPTED, NOW))
    assert ats.stage() == "open", "a retry of the acceptance"
    ats.take(ashby("s4", ACCEPTED, NOW + 3 * MINUTE))
    assert ats.stage() == "accepted"
    ats = Receiver("greenhouse")
    for number, status in enumerate(("Created", "Accepted", "Created")):
        ats.take(greenhouse(status, NOW if status == "Accepted" else None), str(number))
    assert ats.stage() == "open"


def test_a_hire_taken_back_takes_the_acceptance_back() -> None:
    ats = Receiver("greenhouse")
    ats.take(greenhouse("Created"), "1")
    ats.take(greenhouse("Accepted", NOW - HOUR), "2")
    ats.take(application("unhire_candidate", status="active"), "3")
    assert ats.stage() == "open"


@pytest.mark.parametrize("vendor", ["ashby", "greenhouse"])
@pytest.mark.parametrize("with_ids", [True, False])
def test_pay_that_returns_to_its_first_value_is_the_first_value(vendor: str, with_ids: bool) -> None:
    ats = Receiver(vendor)
    for number, pay in enumerate((100_000, 120_000, 100_000)):
        name = str(number) if with_ids else ""
        ats.take(ashby(name, WAITING, pay=pay) if vendor == "ashby" else greenhouse("Created", pay=pay), name)
    assert ats.value("salary")["amount"] == "100000"


@pytest.mark.parametrize(("why", "stage"), [("They rejected us", "withdrawn"), ("We rejected them", "rejected")])
def test_who_withdrew_was_not_rejected(why: str, stage: str) -> None:
    ats = Receiver("greenhouse")
    reason = {"rejected_at": format_instant(NOW - HOUR), "rejection_reason": {"type": {"name": why}}}
    ats.take(application("reject_candidate", **reason))
    assert ats.stage("application") == stage
    ats.take(application("unreject_candidate"))
    assert ats.stage("application") == "submitted"


def test_a_merge_candidate_who_is_no_longer_rejected_is_not() -> None:
    ats = Receiver("merge")

    def said(rejected: str | None, modified: str) -> dict[str, Any]:
        data = {"id": "a", "candidate": "c", "applied_at": "2026-11-01T00:00:00Z", "rejected_at": rejected}
        return {"hook": {"event": "Application.changed"}, "data": {**data, "modified_at": modified}}

    ats.take(said(None, "2026-11-20T00:00:00Z"))
    ats.take(said("2026-11-10T00:00:00Z", "2026-11-10T00:00:00Z"))
    assert ats.stage("application") == "submitted"


@pytest.mark.parametrize(
    ("written", "zone", "day"),
    [("2027-04-01T00:00:00.000Z", "America/Los_Angeles", "2027-04-01"),
     ("2027-04-01T00:00:00.000Z", "", "2027-04-01"),
     ("2027-03-31T22:00:00Z", "Europe/Berlin", "2027-04-01"),
     ("2027-04-01T00:00:00+14:00", "America/Los_Angeles", "2027-04-01"),
     ("2027-04-01T22:30:00Z", "Asia/Tokyo", "2027-04-01"),
     ("2027-04-01", "Asia/Tokyo", "2027-04-01")],
)  # fmt: skip
def test_a_start_date_is_a_day_whatever_the_zone(written: str, zone: str, day: str) -> None:
    from signpost.ingress.formats import Formats
    from signpost.ingress.formats import day as read_day

    assert read_day(written, Formats(zone=ZoneInfo(zone) if zone else None)) == day


NESTED = b"[" * (MAX_DEPTH * 3) + b"]" * (MAX_DEPTH * 3)


@pytest.mark.parametrize(
    "odd",
    [b'"page one\\u0000page two"', b'"\\ud83d"', b"9" * 400, b"1e999999", b"NaN", b"-Infinity", NESTED, b'"\xff"',
     b'"\t"', b'{"\\u0000": "\\udc00"}'],
)  # fmt: skip
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_no_mapping_reads_cannot_refuse(odd: bytes, mark: bytes) -> None:
    ats = Receiver("greenhouse")
    body = json.dumps(greenhouse("Created", odd="ODD")).encode().replace(b'"ODD"', odd)
    ats.take(mark + body)
    assert (ats.stage(), ats.notes) == ("open", [])


def test_what_is_read_is_replaced_or_left_out_with_a_note() -> None:
    ats = Receiver("greenhouse")
    title = {"job_title": {"value": "ODD"}, "salary": {"value": {"amount": 1, "unit": "USD"}}}
    body = json.dumps(
        {**greenhouse("Created"), "payload": {**greenhouse("Created")["payload"], "custom_fields": title}}
    )
    ats.take(body.encode().replace(b'"ODD"', b'"Data \\u0000engineer"').replace(b'"amount": 1', b'"amount": 1e999'))
    assert ats.value("title") == "Data \ufffdengineer"
    assert "salary" not in next(iter(ats.case.resolved()["offer"].values()))
    assert any("amount was left out" in note for note in ats.notes)
    assert any("/data/title has control" in note for note in ats.notes)


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("salary", {"amount": 90000, "unit": "U\0D"}),
        ("salary", {"amount": "ninety", "unit": "USD"}),
        ("respond_by", "soon"),
        ("start_date", "15.04.2027"),
    ],
)
def test_a_term_that_cannot_be_read_is_left_out_with_a_note(term: str, value: object) -> None:
    ats = Receiver("greenhouse")
    payload = {**greenhouse("Created")["payload"], "custom_fields": {term: {"value": value}}, "start_date": None}
    ats.take(json.dumps({**greenhouse("Created"), "payload": payload}).encode())
    assert ats.stage() == "open"
    assert term not in next(iter(ats.case.resolved()["offer"].values()))
    [note] = ats.notes
    assert f": {term} was left out: its value cannot be read; " in note
    assert str(value) not in note
    assert ("must be" if term == "salary" else "it is neither ISO 8601 nor written as MM/DD/YYYY") in note


def test_without_an_id_of_the_occurrence_an_equal_state_is_a_repeat() -> None:
    ats = Receiver("ashby")
    ats.take(ashby("", WAITING))
    ats.take(ashby("", ACCEPTED, NOW))
    ats.take(ashby("", WAITING))
    assert ats.stage() == "accepted"
