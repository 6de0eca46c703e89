"""Greenhouse deliveries as events: statuses, shapes, dates, custom fields, retries, and payloads of any shape."""

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from itertools import chain, permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signpost.case import Case
from signpost.case.event import Event
from signpost.case.identity import links
from signpost.case.instant import HOUR, format_instant, parse_instant
from signpost.facts.facts import facts_of
from signpost.ingress.receipt import Receipt
from signpost.ingress.translate import translate as by_mapping
from signpost.ingress.vendors import VENDORS
from signpost.schemas import InvalidEvent, load_event, load_translated

NOW = parse_instant("2026-03-02T14:00:00Z")
RECEIPT = Receipt("greenhouse/acme", NOW, "d1", {"id": "acme", "name": "Acme"})
OFFER = {
    "id": 12345, "application_id": 234556, "job_id": 45678, "user_id": 67890, "version": 1, "sent_on": "2026-03-02",
    "resolved_at": None, "start_date": "04/15/2026", "notes": "", "offer_status": "Created", "custom_fields": {},
}  # fmt: skip

GREENHOUSE = VENDORS["greenhouse"]
ACTIONS = GREENHOUSE.mappings


def translate(body: Any, receipt: Receipt) -> list[dict[str, Any]]:
    return by_mapping(GREENHOUSE, {}, body, receipt)


def events(action: str, payload: Any, receipt: Receipt = RECEIPT) -> list[Event]:
    documents = translate({"action": action, "payload": payload}, receipt)
    return [load_event(document, tenant="t", now=receipt.received) for document in documents]


def offer(action: str = "offer_created", receipt: Receipt = RECEIPT, **changes: Any) -> list[Event]:
    return events(action, OFFER | changes, receipt)


def emitted(found: list[Event]) -> dict[str, str]:
    return {event.type: format_instant(event.time) for event in found}


@pytest.mark.parametrize("action", ["offer_created", "offer_approved", "offer_updated"])
def test_a_sent_offer_is_extended_under_its_application(action: str) -> None:
    extended, updated = offer(action)
    assert (extended.type, updated.type) == ("offer.extended", "offer.updated")
    assert extended.subject == updated.subject == "application:234556"
    assert extended.data == {
        "offer": "application-234556",
        "application": "234556",
        "employer": {"id": "acme", "name": "Acme"},
    }
    assert updated.data["start_date"] == "2026-04-15"


@pytest.mark.parametrize(
    ("zone", "end"), [(None, "2026-03-09T23:59:59Z"), (ZoneInfo("America/New_York"), "2026-03-10T03:59:59Z")]
)
def test_a_day_as_deadline_ends_in_the_zone_of_the_source_or_in_utc(zone: ZoneInfo | None, end: str) -> None:
    """A day of sending begins in the first zone of all, where no zone is known; the deadline must not end there too."""
    receipt = Receipt("greenhouse/acme", NOW, "d1", zone=zone)
    found = offer(custom_fields={"offer_deadline": {"value": "2026-03-09"}}, receipt=receipt)
    [known] = facts_of(Case().fold(*found), "application:234556").entities["offer"]
    assert format_instant(known.values["respond_by"]) == end


def test_an_offer_not_yet_sent_and_a_superseded_version_say_nothing() -> None:
    assert offer(sent_on=None) == []
    assert offer("offer_updated", offer_status="Deprecated", resolved_at="2026-03-01T00:00:00Z") == []


@pytest.mark.parametrize("term", ["respond_by", "start_date", "salary"])
def test_a_term_in_a_custom_field_is_read_only_where_the_event_has_terms(term: str) -> None:
    """An answer states none of them, and is no less an answer."""
    receipt = replace(RECEIPT, fields={term: "custom_fields.answer_by"})
    accepted = OFFER | {"offer_status": "Accepted", "resolved_at": "2026-03-01T10:00:00Z"}
    assert "offer.accepted" in emitted(events("offer_updated", accepted, receipt))
    candidate = {"id": 1, "first_name": "A", "last_name": "B"}
    hired = {"application": {"id": 234556, "candidate": candidate}, "offer": accepted}
    assert events("hire_candidate", hired, receipt)


@pytest.mark.parametrize("odd", ["\n", "\ufeff", "\u0007", "\u2060"])
def test_an_odd_character_in_a_time_refuses_nothing(odd: str) -> None:
    extended, _ = offer(sent_on="2026-03-02" + odd)
    assert extended.type == "offer.extended"
    assert odd not in extended.id


def test_the_status_decides_and_resolved_at_is_the_time() -> None:
    resolved = "2026-03-01T10:00:00Z"
    assert emitted(offer(offer_status="Accepted", resolved_at=resolved)) == {
        "offer.extended": "2026-03-01T10:00:00Z",
        "offer.updated": resolved,
        "offer.accepted": resolved,
    }
    assert emitted(offer(offer_status="Rejected", resolved_at=resolved)) == {
        "offer.extended": "2026-03-01T10:00:00Z",
        "offer.declined": resolved,
    }
    unset = {name: value for name, value in OFFER.items() if name != "start_date"}
    assert emitted(events("offer_updated", {**unset, "offer_status": "Accepted", "sent_on": None})) == {
        "offer.accepted": "2026-03-02T14:00:00Z"
    }


def test_a_time_still_to_come_is_the_time_of_receipt() -> None:
    (declined,) = offer(offer_status="Rejected", sent_on=None, resolved_at="2027-01-01T00:00:00Z")
    assert format_instant(declined.time) == "2026-03-02T14:00:00Z"


def test_a_repeat_is_known_by_the_id_of_the_occurrence() -> None:
    def ids(occurrence: str, digest: str = "d1", hours: int = 0, **changes: Any) -> list[str]:
        receipt = Receipt(RECEIPT.source, NOW + hours * 3_600_000_000, digest)
        body = {"action": "offer_updated", "payload": OFFER | changes}
        headers = {"greenhouse-event-id": occurrence} if occurrence else {}
        return [document["id"] for document in by_mapping(GREENHOUSE, headers, body, receipt)]

    assert ids("e1") == ids("e1", hours=1), "a retry"
    assert not set(ids("e1")) & set(ids("e2")), "the same content, said again"
    assert not set(ids("e1")) & set(ids("e2", version=2))
    extended, updated = ids(""), ids("", hours=1)
    assert extended[0] == updated[0], "without an id, an equal state is a repeat"
    assert extended[1] != updated[1], "and equal terms may have been set back meanwhile"


def test_a_deleted_offer_is_taken_back_only_while_it_is_open() -> None:
    nested = {"offer": {"id": 506406, "application_id": 46194062, "offer_status": "Created", "version": 1}}
    assert events("offer_deleted", nested) == []
    nested["offer"]["sent_on"] = "2026-03-01"
    (rescinded,) = events("offer_deleted", nested)
    assert (rescinded.type, rescinded.subject) == ("offer.rescinded", "application:46194062")
    assert rescinded.data["offer"] == "application-46194062"
    nested["offer"]["offer_status"] = "Accepted"
    assert events("offer_deleted", nested) == []


def test_an_offer_declined_and_made_again_on_one_day_has_its_own_terms() -> None:
    """`sent_on` is a day, so it begins before the refusal; the version says that the offer came after it."""

    def said(hours: int, **changes: Any) -> list[Event]:
        now = NOW + hours * HOUR
        body = {"action": "offer_updated", "payload": OFFER | changes}
        documents = translate(body, Receipt("greenhouse/acme", now, f"d{hours}", zone=ZoneInfo("America/New_York")))
        return [load_translated(document, tenant="t", now=now) for document in documents]

    deadline = {"custom_fields": {"offer_deadline": {"value": "2026-03-20"}}}
    first = said(0, sent_on="2026-03-01", custom_fields={"offer_deadline": {"value": "2026-03-09"}})
    declined = said(2, sent_on="2026-03-01", offer_status="Rejected", resolved_at="2026-03-02T15:00:00Z")
    for order in permutations([first, declined, said(4, version=2, **deadline)]):
        [known] = facts_of(Case().fold(*chain(*order)), "c-1").entities["offer"]
        assert known.values["stage"] == "open"
        assert format_instant(known.values["respond_by"]) == "2026-03-21T03:59:59Z"


def test_a_hire_accepts_and_links_the_candidate() -> None:
    hired = {
        "application": {
            "id": 46194062,
            "candidate": {"id": 35897443, "first_name": "Johnny"},
            "job": {"id": 323753, "name": "Developer"},
            "offer": {
                "id": 506409, "version": 2, "created_at": "2026-02-20T22:49:14Z", "sent_at": "2026-02-20",
                "resolved_at": "2026-02-21T22:49:14Z", "starts_at": "2026-04-23",
                "custom_fields": {"salary": {"type": "currency", "value": {"amount": 80000, "unit": "USD"}}},
            },
        }
    }  # fmt: skip
    extended, updated, accepted = events("hire_candidate", hired)
    assert accepted.time == parse_instant("2026-02-21T22:49:14Z") > extended.time
    assert (updated.data["title"], updated.data["start_date"]) == ("Developer", "2026-04-23")
    assert updated.data["salary"] == {"amount": "80000", "currency": "USD"}
    assert links(accepted) == [("application:46194062", "35897443")]
    same = events("offer_updated", {**OFFER, "id": 506409, "version": 2, "offer_status": "Accepted"})
    assert accepted.id not in {event.id for event in same}


APPLICATION = {
    "application": {
        "id": 265293, "prospect": False, "applied_at": "2026-02-01T00:00:00Z", "rejected_at": "2026-02-11T15:50:41Z",
        "status": "rejected", "candidate": {"id": 265788, "first_name": "Hector"},
    }
}  # fmt: skip


@pytest.mark.parametrize("action", ["new_candidate_application", "candidate_stage_change", "application_updated"])
def test_an_application_links_its_candidate(action: str) -> None:
    submitted, _ = events(action, APPLICATION)
    assert (submitted.type, submitted.subject) == ("application.submitted", "265788")
    assert links(submitted) == [("application:265293", "265788")]
    assert events(action, {"application": {**APPLICATION["application"], "prospect": True}}) == []


def test_rejections_have_their_own_time() -> None:
    assert emitted(events("reject_candidate", APPLICATION)) == {
        "application.submitted": "2026-02-01T00:00:00Z",
        "application.rejected": "2026-02-11T15:50:41Z",
    }
    assert emitted(events("unreject_candidate", APPLICATION)) == {"application.submitted": "2026-03-02T14:00:00Z"}


def test_candidates_are_merged_and_forgotten() -> None:
    (merged,) = events("merge_candidate", {"person": {"id": 37031511, "new_candidate_id": 457456}})
    assert (merged.subject, merged.data) == ("37031511", {"into": "457456"})
    person = {"id": 37031511, "deleted_application_ids": [46196263, None, "46196258"]}
    erased = events("delete_candidate", {"person": person})
    assert [event.subject for event in erased] == ["37031511", "application:46196263", "application:46196258"]
    assert {event.type for event in erased} == {"candidate.erased"}
    anonymized = {"candidate_id": 37031511, "anonymized_fields": ["full_name", "current_title"]}
    assert [event.subject for event in events("candidate_anonymized", anonymized)] == ["37031511"]
    assert events("candidate_anonymized", {**anonymized, "anonymized_fields": ["current_title"]}) == []


@pytest.mark.parametrize("action", ["interview_deleted", "ping", "job_created", "update_candidate", "", 5, None, []])
def test_what_changes_no_case_is_not_kept(action: Any) -> None:
    assert translate({"action": action, "payload": {"interview": {"id": 31087450}}}, RECEIPT) == []


@pytest.mark.parametrize("body", [None, [], "ping", 5, {}])
def test_a_body_without_action_is_a_ping(body: Any) -> None:
    assert translate(body, RECEIPT) == []


@pytest.mark.parametrize(
    ("custom", "terms"),
    [
        ({"salary": {"type": "currency", "value": {"amount": Decimal("80000.50"), "unit": "USD"}}},
         {"salary": {"amount": "80000.5", "currency": "USD"}}),
        ({"annual_salary": {"type": "currency", "value": {"amount": 80000, "unit": "USD"}}},
         {"salary": {"amount": "80000", "currency": "USD", "per": "year"}}),
        ({"base_salary": {"type": "currency", "value": {"amount": "10000.0", "unit": "EUR"}, "frequency": "Monthly"}},
         {"salary": {"amount": "10000", "currency": "EUR", "per": "month"}}),
        ({"bonus": {"type": "currency", "value": {"amount": 5000, "unit": "USD"}}},
         {"bonus": {"amount": "5000", "currency": "USD"}}),
        ({"respond_by": {"value": "2026-03-06T17:00:00-05:00"}}, {"respond_by": "2026-03-06T22:00:00Z"}),
        ({"respond_by": {"value": "2026-03-06"}}, {"respond_by": "2026-03-06"}),
        ({"start_date": {"type": "date", "value": "05/01/2026"}}, {"start_date": "2026-05-01"}),
        ({"salary": {"type": "short_text", "value": "Around $100k"}}, {}),
        ({"salary": {"type": "currency", "value": {"amount": 1, "unit": None}}}, {}),
        ({"salary": {"type": "currency", "value": {"amount": 1, "unit": "USD"}, "frequency": "per project"}},
         {"salary": {"amount": "1", "currency": "USD"}}),
        ({"salary": None, "seasons": {"value": ["Season 1"]}, "equity": {"value": "0.5 %"}}, {"equity": "0.5 %"}),
        ([], {}),
    ],
)  # fmt: skip
def test_custom_fields_are_terms_where_they_can_be_read(custom: Any, terms: dict[str, Any]) -> None:
    found = offer(custom_fields=custom, start_date=None)
    said = found[1].data if len(found) == 2 else {}
    links = ("offer", "application", "employer")
    assert {name: it for name, it in said.items() if name not in links and it is not None} == terms


@pytest.mark.parametrize("payload", [{}, None, [], {"id": 1}, {"application_id": None}, {"application_id": True}])
def test_an_offer_without_an_application_is_refused_by_name(payload: Any) -> None:
    with pytest.raises(InvalidEvent) as caught:
        events("offer_created", payload)
    assert [problem.pointer for problem in caught.value.problems] == ["/payload/application_id"]


_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=200)
    | st.sampled_from(["Accepted", "Created", "2026-03-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["application", "candidate", "id", "application_id", "offer", "offer_status", "sent_on", "resolved_at",
             "version", "custom_fields", "salary", "value", "person", "new_candidate_id", "deleted_application_ids",
             "candidate_id", "anonymized_fields", "job", "name", "start_date", "prospect"]
        ),
        inner,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.sampled_from(sorted(ACTIONS)), _ANY)
def test_a_payload_of_any_shape_is_translated_or_refused(action: str, payload: Any) -> None:
    with suppress(InvalidEvent):
        events(action, payload)
