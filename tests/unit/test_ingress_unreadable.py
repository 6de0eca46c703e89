"""Times, versions, words and employers that cannot be read: each is left out with a note, and the rest counts."""

import re
from typing import Any

import pytest

from signpost.case.instant import MINUTE
from signpost.ingress.expressions import Before, Expression, Extreme, Path
from signpost.ingress.formats import Formats
from signpost.ingress.receiving import TranslationResult
from signpost.ingress.scope import DeliveryScope
from tests.support.vendor_bodies import (
    NOW,
    ashby,
    ashby_offer,
    greenhouse,
    merge,
    notes,
    sent_offer,
    stages,
    take,
    types,
)

# Times, versions and words


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


def custom(**fields: Any) -> dict[str, Any]:
    return sent_offer(custom_fields={name: {"value": value} for name, value in fields.items()})


def terms_of(result: TranslationResult) -> dict[str, Any]:
    return next(event.data for event in result.events if event.type == "offer.updated")


@pytest.mark.parametrize("fields", [{}, {"respond_by": "answer_until"}])
def test_of_several_places_the_first_that_can_be_read_counts(fields: dict[str, str]) -> None:
    values = {fields.get("respond_by", "respond_by"): "soon", "offer_deadline": "2026-12-01", "offer_expiration": "no"}
    result = take("greenhouse", custom(**values), fields=fields)
    assert terms_of(result)["respond_by"].startswith("2026-12-0")
    (note,) = notes(result)
    assert re.search("respond_by.* was left out: its value cannot be read", note)
    result = take("greenhouse", custom(offer_deadline="2026-12-01"))
    assert (terms_of(result)["respond_by"][:9], notes(result)) == ("2026-12-0", [])


AHEAD = "2026-12-25T10:00:00Z"


@pytest.mark.parametrize(
    ("result", "type_"),
    [
        (take("greenhouse", sent_offer(resolved_at=AHEAD)), "offer.accepted"),
        (merge("Application.changed", rejected_at=AHEAD, candidate="c1", id="a1"), "application.rejected"),
    ],
)
def test_a_time_in_the_future_is_noted(result: TranslationResult, type_: str) -> None:
    assert [event.dated for event in result.events if event.type == type_] == [False]
    found = [note for note in notes(result) if note.endswith(f"{type_} is in the future; the time of receipt counts")]
    assert len(found) == 1
    assert re.match(r".*\.yaml:\d+:\d+: ", found[0])


def test_a_clock_of_a_vendor_that_is_a_little_ahead_is_not_noted() -> None:
    assert notes(take("greenhouse", sent_offer(resolved_at="2026-11-25T21:04:00Z"))) == []


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
        assert re.search(
            r": the time of offer.accepted was left out: .*; the time of receipt counts$", notes(result)[-1]
        )


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
    ("value", "end"),
    [("Ada Lovelace, SSN 123-45-6789", ""), ("Remot", "; did you mean remote?"), (7, ", not a number")],
)
def test_a_note_says_what_a_choice_may_be_and_repeats_no_value(value: Any, end: str) -> None:
    body = sent_offer(custom_fields={"place": {"value": value}})
    (note,) = notes(take("greenhouse", body, fields={"workplace": "place"}))
    assert note.endswith(f"its value cannot be read; must be one of onsite, hybrid, remote{end}")


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


# Booleans


def workable(disqualified: Any) -> TranslationResult:
    """A candidate of Workable who moved."""
    data = {"id": "w1", "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-25T10:00:00Z"}
    return take("workable", {"event_type": "candidate_moved", "data": {**data, "disqualified": disqualified}})


@pytest.mark.parametrize("written", ["true", "True", " TRUE "])
def test_a_text_of_a_boolean_is_one_where_a_boolean_is_expected(written: str) -> None:
    assert (types(workable(written)), notes(workable(written))) == (["application.rejected"], [])
    assert types(workable("false")) == ["application.submitted"]
    prospect = greenhouse("new_candidate_application", status="active", prospect=written)
    assert (types(prospect), notes(prospect)) == ([], [])
    deleted = merge("Offer.changed", status="SENT", remote_was_deleted=written)
    assert (types(deleted), notes(deleted)) == (["offer.rescinded"], [])


@pytest.mark.parametrize(
    ("value", "kind"), [(1, "a number"), ("yes", "a string"), ([True], "an array"), ({"is": True}, "an object")]
)
def test_what_is_no_boolean_where_one_is_expected_leaves_a_note(value: Any, kind: str) -> None:
    result = workable(value)
    assert (types(result), notes(result)) == ([], [f"data.disqualified is neither true nor false: it is {kind}"])
    prospect = greenhouse("new_candidate_application", status="active", prospect=value)
    assert types(prospect) == ["application.submitted"]
    assert notes(prospect) == [f"payload.application.prospect is neither true nor false: it is {kind}"]


@pytest.mark.parametrize("value", [None, "", True, False])
def test_what_is_a_boolean_or_not_set_leaves_no_note(value: Any) -> None:
    assert notes(workable(value)) == []


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


# Words that no condition names


def why(event: str, **data: Any) -> str:
    result = merge(event, **data)
    assert types(result) == []
    return result.problems[0].message


def test_a_word_that_no_condition_names_is_the_reason_for_no_events() -> None:
    odd = "is none of their words"
    assert why("ScheduledInterview.changed", status="CANCELLED").endswith(
        f": emits nothing: its conditions (when) do not hold: interview.status 'CANCELLED' {odd}"
    )
    said = why("Offer.changed", status="Offer Accepted")
    assert f"offer.status 'Offer Accepted' {odd}; else: an offer that was not sent yet changes no case" in said
    assert f"offer.status {odd}" in why("Offer.changed", status="Ada Lovelace (ada@example.com)"), "it may be personal"
    for status in ("DRAFT", "approved", None):
        assert odd not in why("Offer.changed", status=status)
    assert odd not in why("Offer.removed", status="SIGNED"), "another event has it"
    assert odd not in why("Offer.changed", status="SIGNED", remote_was_deleted=True)
