"""Mapping files: what each vendor tells, identity, custom fields, zones, strict loading, and payloads of any shape."""

import base64
import hmac
import json
import re
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from signpost.advice.case_set import CaseSet
from signpost.case.event import Event
from signpost.case.instant import format_instant, parse_instant
from signpost.cli import main
from signpost.ingress.checking import gaps, try_samples
from signpost.ingress.mapping_reader import MappingError, load_mapping
from signpost.ingress.receipt import Receipt
from signpost.ingress.signature_schemes import ENCODINGS, SCHEMES, Scheme
from signpost.ingress.signatures import InvalidSignature, verify
from signpost.ingress.signing import sign
from signpost.ingress.terms import TERMS
from signpost.ingress.translate import translate
from signpost.ingress.vendors import FOLDER, VENDORS
from signpost.schemas import InvalidEvent, load_event
from tests.support.rulebooks import shipped_engine

NOW = parse_instant("2026-03-02T14:00:00Z")
VECTORS = Path(__file__).parents[1] / "data" / "webhooks"
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


# Signatures


def test_the_vector_of_smartrecruiters() -> None:
    vector = json.loads((VECTORS / "smartrecruiters" / "signature_test_vector.json").read_text())
    at = int(vector["headers"]["smartrecruiters-timestamp"]) * 1_000_000
    scheme, key = VENDORS["smartrecruiters"].scheme, vector["secret"].encode()
    for signature in ("v1=" + vector["expected_hmac_sha256_hex"], "v1=ab;v1=" + vector["expected_hmac_sha256_hex"]):
        headers = vector["headers"] | {"smartrecruiters-signature": signature}
        verify(scheme, (key,), headers, vector["raw_body"].encode(), now=at)
        with pytest.raises(InvalidSignature):
            verify(scheme, (key,), headers | {"event-name": "offer.created"}, vector["raw_body"].encode(), now=at)


def test_the_vector_of_standard_webhooks() -> None:
    vector = json.loads((VECTORS / "standard-webhooks" / "signature_test_vector.json").read_text())
    headers = {name: value for name, value in vector.items() if name.startswith("webhook-")}
    scheme = VENDORS["standard"].scheme
    at = int(vector["webhook-timestamp"]) * 1_000_000
    verify(scheme, (scheme.key_of(vector["secret"]),), headers, vector["raw_body"].encode(), now=at)


def test_a_vector_of_a_vendor_without_a_mapping_is_a_matter_of_options() -> None:
    vector = json.loads((VECTORS / "indeed" / "signature_test_vector.json").read_text())
    scheme = Scheme(header="x-indeed-signature", algorithm="sha1", encoding="base64")
    headers = {"x-indeed-signature": vector["expected_X-Indeed-Signature"]}
    verify(scheme, (vector["secret"].encode(),), headers, vector["raw_body"].encode(), now=0)


def test_teamtailor_signs_the_payload_as_it_was_sent_or_the_whole_body() -> None:
    scheme = VENDORS["teamtailor"].scheme
    payload = b'{ "event_name":"job.update" ,"n":"\\u00e5\\/"}'
    body = b'{"payload":' + payload + b' , "signature":"x"}'
    for signed in (payload, body):
        digest = hmac.digest(b"k", b"1700000000." + signed, "sha256").hex()
        header = base64.b64encode(f"t=1700000000,v2={digest}".encode()).decode()
        verify(scheme, (b"k",), {"tt-signature": header}, body, now=1_700_000_000_000_000)
        with pytest.raises(InvalidSignature):
            verify(scheme, (b"k",), {"tt-signature": header}, body.replace(b"job", b"jab"), now=1_700_000_000_000_000)


def test_merge_may_leave_padding_out_or_in() -> None:
    scheme = VENDORS["merge"].scheme
    headers, body = sign(scheme, "k", {}, b"{}", NOW)
    verify(scheme, (b"k",), headers, body, now=NOW)
    verify(scheme, (b"k",), {scheme.header: headers[scheme.header] + "="}, body, now=NOW)


EVERY_SCHEME = [*SCHEMES.values(), *(VENDORS[name].scheme for name in VENDORS)]


@pytest.mark.fuzz
@given(
    st.sampled_from(EVERY_SCHEME),
    st.one_of(
        st.binary(max_size=80), st.from_regex(rb'\{"(payload|token|signature)": ?["\[{]?.{0,30}', fullmatch=True)
    ),
    st.text(max_size=60),
    st.integers(-(10**18), 10**18),
)
def test_verifiers_raise_nothing_but_their_refusal(scheme: Scheme, body: bytes, text: str, now: int) -> None:
    prefixed = f"{scheme.timestamp.partition(':')[2]}{text}{scheme.separator}{scheme.prefix}{text}"
    for said in (text, prefixed):
        headers = dict.fromkeys([scheme.header, *(part[7:] for part in scheme.signed_parts()), "timestamp"], said)
        with pytest.raises(InvalidSignature):
            verify(scheme, (b"k" * 32,), headers, body, now=now)


def test_schemes_know_no_secret_that_is_empty() -> None:
    for scheme in EVERY_SCHEME:
        with pytest.raises(ValueError, match="secret"):
            scheme.key_of("")
    assert set(ENCODINGS) == {"hex", "base64", "base64url"}


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


# Files

GUIDE = (Path(__file__).parents[2] / "docs" / "vendors.md").read_text(encoding="utf-8")
MINE = GUIDE.partition("<!-- mapping -->\n```yaml\n")[2].partition("```")[0]
ROWS = {cells[1].strip(" `"): cells for line in GUIDE.splitlines() if len(cells := line.split("|")) == 7}


@pytest.mark.parametrize("vendor", MAPPED)
def test_the_table_of_the_guide_says_what_the_mappings_tell(vendor: str) -> None:
    offers, interviews = (
        set(re.sub(r"\([^)]*\)", "", cell).replace(",", " ").split()) - {"none"} for cell in ROWS[vendor][2:4]
    )
    assert offers == {name.partition(".")[2] for name in VENDORS[vendor].types("offer")}
    assert interviews == {name.partition(".")[2] for name in VENDORS[vendor].types("interview")}
    assert (VENDORS[vendor].scheme.header or "in the body") in ROWS[vendor][4].lower()


def mine(folder: Path, text: str = MINE) -> Path:
    file = folder / "mine.yaml"
    file.write_text(text)
    (folder / "samples" / "mine").mkdir(parents=True, exist_ok=True)
    (folder / "samples" / "mine" / "hired.json").write_text('{"what": "hired", "person": {"id": 5}}')
    return file


def test_a_new_vendor_with_a_known_scheme_needs_no_python(tmp_path: Path) -> None:
    vendor = load_mapping(mine(tmp_path))
    (tried,) = try_samples(vendor, NOW)
    assert (tried.gave, tried.problem) == (("offer.accepted",), "")
    done = CliRunner().invoke(main, ["sources", "check", str(tmp_path / "mine.yaml")])
    verdict, event, warning, unsigned = done.output.splitlines()
    assert (done.exit_code, verdict) == (0, "mine: valid, 1 sample tested")
    assert event.startswith("  hired: offer.accepted of 5 at ")
    assert event.endswith(' {"offer": "5-offer"}'), "the data show a path that finds nothing"
    assert warning == "  warning: mine.yaml:15:13: the path 'delivery.id' matched nothing in any sample"
    assert unsigned.startswith("  warning: no sample has a recorded signature")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("scheme: stamped", "scheme: stampd",
         "mine.yaml:4:21: R013 'stampd' is not a known scheme (did you mean stamped?)"),
        ("type: offer.accepted", "type: offer.acepted",
         "mine.yaml:10:15: R013 'offer.acepted' is not a known event type (did you mean offer.accepted"),
        ("data: {offer:", "data: {ofer:", "mine.yaml:12:16: R020 offer.accepted has no field 'ofer' (did you mean"),
        ("data: {offer:", "terms: {custom_visa: x}\n        data: {offer:",
         "mine.yaml:12:17: R020 offer.accepted has no field 'custom_visa' (a field of your own is custom.visa)"),
        ("subject: person.id", "subjekt: person.id", "mine.yaml:8:5: R010 an event has no 'subjekt' (did you"),
        ("subject: person.id", "when: {}", "mine.yaml:10:9: R011 the event has no subject (set subject here or beside"),
        ("subject: person.id", "subject: person id", "mine.yaml:8:14: R022 'person id' is not a path"),
        ("emit:\n      -", "emit:\n      - offers\n      -", "mine.yaml:10:9: R023 there is no shape 'offers'"),
        ("file: hired.json", "file: fired.json", "mine.yaml:14:12: R023 there is no fired.json in mine/"),
        ("event: what", "event: what\nevent: which", "mine.yaml:6:1: R004 the key 'event' is repeated"),
        ("title: Mine", "title: no", "mine.yaml:1:8: R005 YAML reads 'no' as a boolean"),
        ("event: what", "success: 302\nevent: what", "mine.yaml:5:10: R021 success must be a status from 200 to 299"),
        ('timestamp: "header:x-mine-at"', "messages: body", "mine.yaml:4:12: R022 the message 'body' has an unknown"),
        ('timestamp: "header:x-mine-at"', 'messages: ["{timestamp}{body}"]',
         "mine.yaml:4:12: R022 parts of the message '{timestamp}{body}' touch"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    file = mine(tmp_path, MINE.replace(old, new, 1))
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    assert any(str(found).startswith(problem) for found in caught.value.problems), str(caught.value)


def test_the_guide_says_how_each_scheme_signs() -> None:
    for name, scheme in SCHEMES.items():
        [row] = [line for line in GUIDE.splitlines() if line.startswith(f"  | `{name}` |")]
        signature, time, message = row.split("|")[2:5]
        assert f"`{scheme.header or scheme.member}`" in signature
        assert scheme.prefix in signature
        place = scheme.timestamp.partition(":")[2]
        assert scheme.timestamp.startswith("item:") or f"`{place}`" in time or not place
        assert not scheme.timestamp.startswith(("header", "member")) or scheme.unit in time
        assert f"`{scheme.messages[0]}`" in message


def test_the_example_of_a_message_signs_what_it_says(tmp_path: Path) -> None:
    example = GUIDE.partition("  ```yaml\n  signature:\n")[2].partition("  ```")[0]
    signature = dedent("  signature:\n" + example)
    text = MINE.replace('signature: {scheme: stamped, header: X-Mine, timestamp: "header:x-mine-at"}\n', signature)
    scheme = load_mapping(mine(tmp_path, text)).scheme
    body, stamp = b'{"what": "hired"}', str(NOW // 1000)
    signed = hmac.new(b"k" * 16, f"id-1:{stamp}:".encode() + body, "sha256").hexdigest()
    headers = {"x-vendor-signature": signed, "x-vendor-time": stamp, "x-vendor-id": "id-1"}
    verify(scheme, [b"k" * 16], headers, body, now=NOW)
    with pytest.raises(InvalidSignature, match="lacks header:x-vendor-id"):
        verify(scheme, [b"k" * 16], {**headers, "x-vendor-id": ""}, body, now=NOW)


def test_an_unknown_event_type_is_the_only_problem_of_its_event(tmp_path: Path) -> None:
    text = MINE.replace("type: offer.accepted", "type: application.undone")
    file = mine(tmp_path, text.replace("data: {offer:", "data: {application:"))
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    assert [problem.code for problem in caught.value.problems] == ["R013"]


def test_a_sample_that_gives_something_else_is_told(tmp_path: Path) -> None:
    file = mine(tmp_path, MINE.replace("gives: [offer.accepted]", "gives: []"))
    done = CliRunner().invoke(main, ["sources", "check", str(file)])
    assert done.exit_code == 1
    assert "mine.yaml: the sample hired gives offer.accepted, expected nothing" in done.output
    assert list(gaps(load_mapping(file))) == []


def test_a_sample_without_its_event_says_why_an_event_is_left_out(tmp_path: Path) -> None:
    file = mine(tmp_path, MINE.replace("subject: person.id", "subject: person.number"))
    done = CliRunner().invoke(main, ["sources", "check", str(file)])
    assert "the sample hired gives nothing, expected offer.accepted (an event is left out when" in done.output


def test_the_mappings_that_come_along_are_in_order() -> None:
    done = CliRunner().invoke(main, ["sources", "check", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert {one["vendor"] for one in found} == set(VENDORS)
    assert all(sample["attested"] for one in found for sample in one["samples"])


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
