"""What a source takes back: terms, ends of applications, and records; what others state, and what is over, stays."""

from typing import Any

import pytest

from signpost.case import Case
from signpost.case.instant import HOUR, MINUTE
from signpost.facts.facts import facts_of
from signpost.ingress.receiving import TranslationResult
from signpost.schemas import load_event
from tests.support.vendor_bodies import (
    NOW,
    STAGES,
    ashby,
    ashby_application,
    ashby_offer,
    greenhouse,
    merge,
    sent_offer,
    take,
    types,
)

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
        (2, {"bonus": {"value": 80000}}, {"salary"}),
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


def test_a_term_that_is_changed_to_what_cannot_be_read_is_unknown() -> None:
    def version(number: int | None, deadline: str, **more: Any) -> TranslationResult:
        custom = {"offer_deadline": {"value": deadline}, **more}
        changes = {"version": number, "offer_status": "Created", "resolved_at": None, "custom_fields": custom}
        return take("greenhouse", sent_offer(**changes), now=NOW + (number or 0) * MINUTE)

    first = version(1, "2026-11-30")
    assert "respond_by" in terms("offer", first)
    assert "respond_by" not in terms("offer", first, version(2, "Dec 15, 2026"))
    assert "respond_by" in terms("offer", first, version(2, "Dec 15, 2026", respond_by={"value": "2026-12-15"}))
    assert "respond_by" in terms("offer", first, version(None, "Dec 15, 2026")), "it may be older"
    assert "respond_by" in terms("offer", first, version(2, "")), "a member that is left empty says nothing"


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
