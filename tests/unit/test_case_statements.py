"""What one event states, which cases it links, and how its instants are read: the parts that the fold joins."""

import re
from datetime import UTC, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from signpost.case import Case, Event
from signpost.case.case import _wins
from signpost.case.erasure import (
    entities_of,
    identities,
    is_covered,
    of_absorbed,
    of_case,
    of_entities,
    of_event,
    of_id,
    of_ids,
)
from signpost.case.event import Order
from signpost.case.fold import statements
from signpost.case.identity import case_keys, links
from signpost.case.instant import (
    DAY,
    FIRST_ANYWHERE,
    HOUR,
    MINUTE,
    NEVER,
    SECOND,
    end_of_day,
    fixed_zone,
    format_instant,
    format_offset,
    offset_at,
    offset_of,
    on_calendar,
    parse_instant,
    parse_offset,
)

AT = parse_instant("2026-03-02T14:00:00Z")


def event(type_: str, subject: str = "c-1", *, offset: int = 0, at: int = AT, id: str = "e", **data: Any) -> Event:
    offsets = {"time": offset} if offset else {}
    return Event("acme", "ats", id, type_, at, subject, data, offsets=offsets)


def stated(type_: str, subject: str = "c-1", *, offset: int = 0, **data: Any) -> dict[str, dict[str, Any]]:
    """KIND/ID -> field -> value, as one event states them."""
    found: dict[str, dict[str, Any]] = {}
    for kind, entity, name, value in statements(event(type_, subject, offset=offset, **data)):
        found.setdefault(f"{kind}/{entity}", {})[name] = value
    return found


ACME = {"id": "acme", "name": "Acme"}


def test_how_an_offer_was_accepted_is_a_milestone_and_no_field() -> None:
    def milestones(name: str) -> dict[str, dict[str, bool]]:
        return {"offer/o": {name: True, f"reached.{name}": True}}

    assert stated("offer.accepted", offer="o", by="verbal") == milestones("accepted.verbal")
    assert stated("offer.accepted", offer="o", by="written") == milestones("accepted.written")
    assert stated("offer.accepted", offer="o") == milestones("accepted")
    declined = {"declined": True, "reached.declined": True, "by": "phone"}
    assert stated("offer.declined", offer="o", by="phone") == {"offer/o": declined}


def test_a_counteroffer_keeps_its_terms_apart_from_the_offers_and_its_links() -> None:
    found = stated("offer.countered", offer="o", employer=ACME, application="a", title="Chief")
    assert found == {
        "offer/o": {
            "countered": True,
            "counteroffer": {"title": "Chief"},
            "employer.id": "acme",
            "employer.name": "Acme",
            "application": "a",
        }
    }


def test_reasons_are_those_of_the_withdrawal() -> None:
    assert stated("offer.withdrawal_planned", offer="o", reasons=["pay"]) == {
        "offer/o": {"withdrawal_planned": True, "withdrawal_reasons": ["pay"]}
    }
    assert stated("offer.withdrawal_planned", offer="o") == {"offer/o": {"withdrawal_planned": True}}
    assert stated("offer.declined", offer="o", reasons=["pay"])["offer/o"]["reasons"] == ["pay"]


def test_a_completed_interview_ended_when_the_sender_says_or_when_it_says_so() -> None:
    explicit = stated("interview.completed", interview="i", completed_at="2026-03-01T10:00:00Z")
    assert explicit["interview/i"]["completed_at"] == "2026-03-01T10:00:00Z"
    assert stated("interview.completed", interview="i")["interview/i"]["completed_at"] == "2026-03-02T14:00:00Z"
    local = stated("interview.completed", interview="i", offset=60)["interview/i"]
    assert (local["completed_at"], local["completed"]) == ("2026-03-02T15:00:00+01:00", "+01:00")
    assert "completed_at" not in stated("interview.scheduled", interview="i")["interview/i"]


def test_an_interview_keeps_each_time_and_format_and_whether_a_move_stated_it() -> None:
    for name in ("scheduled", "rescheduled"):
        found = stated(f"interview.{name}", interview="i", starts_at="2026-03-09T12:00:00Z", format="video")
        kept = {field: value for field, value in found["interview/i"].items() if field.startswith("reached.")}
        assert kept == {"reached.starts_at.2026-03-09T12:00:00Z": name, "reached.format.video": name}
    assert not [field for field in stated("interview.scheduled", interview="i")["interview/i"] if "reached" in field]


def test_steps_and_channels_are_milestones_of_their_own() -> None:
    assert stated("interview.prepared", interview="i", step="research") == {"interview/i": {"prepared.research": True}}
    assert stated("interview.thanked", interview="i", channel="email") == {"interview/i": {"thanked.email": True}}


def test_an_application_states_its_milestones_and_fields_and_not_its_own_name() -> None:
    found = stated("application.submitted", application="a", title="Chief")
    assert found == {"application/a": {"submitted": True, "title": "Chief"}}


def test_a_contact_is_the_event_itself_so_that_two_senders_never_share_one() -> None:
    one = Event("acme", "ats", "1", "contact.logged", AT, "c-1", {"offer": "o"})
    other = Event("acme", "board", "1", "contact.logged", AT, "c-1", {"offer": "o"})
    assert len(Case().fold(one, other).registers["contact"]) == 2


def test_a_contact_about_an_offer_is_not_linked_to_the_application_of_its_subject() -> None:
    about_offer = stated("contact.logged", "application:a", offer="o", channel="phone")
    assert about_offer == {"contact/ats e": {"logged": True, "offer": "o", "channel": "phone"}}
    assert stated("contact.logged", "application:a") == {"contact/ats e": {"logged": True, "application": "a"}}


def test_the_application_of_the_subject_stands_in_where_the_event_names_none() -> None:
    assert stated("offer.extended", "application:a", offer="o")["offer/o"]["application"] == "a"
    assert stated("offer.extended", "application:a", offer="o", application="b")["offer/o"]["application"] == "b"
    extended = {"extended": True, "reached.extended": True}
    assert stated("offer.extended", "application:", offer="o")["offer/o"] == extended
    assert stated("offer.extended", "candidate:a", offer="o")["offer/o"] == extended


def test_a_start_at_an_offers_employer_belongs_to_the_offer() -> None:
    started = stated("employment.started", offer="o", employer=ACME)
    assert started == {"employment/": {"started": True}, "offer/o": {"started": True}}
    without = stated("employment.started", offer=None, employer=ACME)
    assert without == {"employment/": {"started": True, "offer": None, "employer": ACME}}


def test_an_employment_names_its_employer_once_known() -> None:
    assert stated("employment.current", employer=ACME)["employment/"]["joined.acme"] is True
    assert stated("employment.current", employer={"name": "Acme"})["employment/"]["joined.Acme"] is True
    assert stated("employment.current") == {"employment/": {"current": True}}
    assert "joined.acme" not in stated("employment.resigned", employer=ACME)["employment/"]
    assert stated("employment.current", benefits={"dental": True})["employment/"]["benefits.dental"] is True
    assert stated("employment.resignation_planned") == {"employment/": {"resignation_planned": True}}
    assert stated("employment.resignation_planned", planned=False) == {"employment/": {"resignation_planned": False}}


def test_an_offer_keeps_each_deadline_and_each_condition_that_it_states() -> None:
    found = stated("offer.updated", offer="o", respond_by="2026-03-05T10:00:00Z", conditions=["visa"])["offer/o"]
    assert found["joined.respond_by.2026-03-05T10:00:00Z"] is True
    assert found["named.visa"] is True


def test_an_offer_keeps_each_pay_that_it_states() -> None:
    pay = {"amount": "60000", "currency": "EUR", "per": "year"}
    found = stated("offer.updated", offer="o", salary=pay)["offer/o"]
    assert (found["salary"], found["joined.salary.60000 EUR year"]) == (pay, pay)
    bare = {"amount": "60000", "currency": "EUR"}
    assert stated("offer.updated", offer="o", salary=bare)["offer/o"]["joined.salary.60000 EUR"] == bare
    for other in ({"salary": None}, {"letter": {"salary": pay}}, {"bottom_line": pay}):
        assert not [name for name in stated("offer.updated", offer="o", **other)["offer/o"] if "joined" in name]
    assert not [name for name in stated("offer.countered", offer="o", salary=pay)["offer/o"] if "joined" in name]


def test_what_was_discussed_and_preferred_is_the_candidates() -> None:
    discussed = Event("acme", "ats", "e", "candidate.discussed", AT, "c-1", {"with": "family"})
    assert list(statements(discussed)) == [("candidate", "", "discussed.family", True)]
    assert stated("candidate.preferences", time_zone="UTC") == {"candidate/": {"time_zone": "UTC"}}
    assert stated("candidate.merged", into="c-2") == {}


def test_taking_back_a_group_takes_back_each_part() -> None:
    found = stated("offer.updated", offer="o", employer=None, custom={"car": None})["offer/o"]
    assert found == {
        "updated": True,
        "employer.id": None,
        "employer.name": None,
        "employer.time_zone": None,
        "custom.car": None,
    }
    assert stated("offer.updated", offer="o", benefits=None)["offer/o"]["benefits.dental"] is None


def test_an_answer_is_one_field() -> None:
    assert stated("advice.snoozed", recommendation="r", until="2026-03-03T00:00:00Z") == {
        "advice/r": {"answer": {"answer": "snoozed", "until": "2026-03-03T00:00:00Z"}}
    }


def test_a_day_to_answer_by_ends_where_the_sender_is() -> None:
    assert (
        stated("offer.extended", offer="o", respond_by="2026-03-05")["offer/o"]["respond_by"] == "2026-03-05T23:59:59Z"
    )
    west = stated("offer.extended", offset=-480, offer="o", respond_by="2026-03-05")["offer/o"]["respond_by"]
    assert west == "2026-03-05T23:59:59-08:00"
    berlin = stated("offer.extended", offset=-480, offer="o", respond_by="2026-03-05",
                    employer={"time_zone": "Europe/Berlin"})["offer/o"]["respond_by"]  # fmt: skip
    assert berlin == "2026-03-05T23:59:59+01:00"
    exact = stated("offer.extended", offer="o", respond_by="2026-03-05T10:00:00Z")["offer/o"]["respond_by"]
    assert exact == "2026-03-05T10:00:00Z"


def test_an_instant_keeps_the_offset_of_its_own_place_only() -> None:
    one = Event("acme", "ats", "e", "offer.extended", AT, "c-1",
                {"offer": "o", "respond_by": "2026-03-05T10:00:00Z", "title": "x"},
                offsets={"respond_by": 60, "title": 60, "start_date": 60})  # fmt: skip
    found = {name: value for _, _, name, value in statements(one) if name != "title"}
    assert found["respond_by"] == "2026-03-05T11:00:00+01:00"
    assert found["extended"] is True


def test_a_text_that_ends_like_an_instant_is_kept_as_it_is() -> None:
    assert stated("offer.updated", offer="o", title="Generation Z")["offer/o"]["title"] == "Generation Z"


# Links


def test_a_merge_links_two_candidates_and_never_one_with_itself() -> None:
    assert links(event("candidate.merged", "a", into="b")) == [("a", "b")]
    assert links(event("candidate.merged", "a", into="a")) == []
    assert case_keys(event("candidate.merged", "a", into="b")) == ["a", "b"]


def test_an_application_named_with_its_candidate_links_both() -> None:
    assert links(event("offer.extended", application="a")) == [("application:a", "c-1")]
    assert links(event("offer.extended", "application:b", application="a")) == []
    assert links(event("offer.extended", application=None)) == []
    assert links(event("offer.extended")) == []
    assert case_keys(event("offer.extended", application="a")) == ["c-1", "application:a"]


# The case


def test_an_erasure_at_the_epoch_is_an_erasure() -> None:
    case = Case().fold(event("candidate.erased", at=1))
    assert (case.erased_at, case.is_empty) == (1, False)
    assert Case.from_json(case.to_json()) == case
    assert Case().is_empty
    assert not Case().fold(event("offer.extended", offer="o")).is_empty
    assert Case.from_json(b"") == Case()


@pytest.mark.parametrize(("at", "left"), [(AT - 1, False), (AT, False), (AT + 1, True)])
def test_statements_at_the_instant_of_the_erasure_are_erased(at: int, left: bool) -> None:
    one, erased = event("offer.extended", offer="o", at=at), event("candidate.erased", at=AT)
    for case in (Case().fold(one, erased), Case().fold(erased, one)):
        assert bool(case.registers) is left
        assert case.erased_at == AT


def test_the_later_of_two_erasures_holds() -> None:
    cases = [Case().fold(event("candidate.erased", at=AT + number)) for number in (0, 5)]
    assert cases[0].join(cases[1]).erased_at == cases[1].join(cases[0]).erased_at == AT + 5
    assert cases[0].join(Case()).erased_at == AT


def test_of_two_values_under_one_event_id_the_greater_wins_whatever_the_order() -> None:
    stamp = (AT, "ats", "e")
    assert _wins("title", (stamp, "b"), (stamp, "a"))
    assert not _wins("title", (stamp, "a"), (stamp, "b"))
    assert not _wins("title", (stamp, "a"), (stamp, "a"))
    one, other = event("offer.updated", offer="o", title="a"), event("offer.updated", offer="o", title="b")
    assert Case().fold(one, other).to_json() == Case().fold(other, one).to_json()


def test_how_a_sender_orders_the_parts_of_a_value_does_not_decide_which_of_two_counts() -> None:
    """A stored case has them in one order."""
    one = event("offer.updated", offer="o", salary={"currency": "EUR", "amount": "1"})
    other = event("offer.updated", offer="o", salary={"amount": "2", "currency": "EUR"})
    stored = Case.from_json(Case().fold(one).to_json())
    assert stored.fold(other).to_json() == Case().fold(one, other).to_json() == Case().fold(other, one).to_json()


def test_reading_a_case_for_display_resolves_the_sources() -> None:
    one = Event("acme", "ats", "e", "offer.extended", AT, "c-1", {"offer": "o"}, order=Order(AT))
    case = Case().fold(one)
    assert set(case.as_read().registers["offer"]["o"]) == {"extended", "reached.extended"}
    assert case.stamps() == {(AT, "ats", "e", 0, AT, 2)}


# Erasure


def test_identities_of_an_event_name_its_candidate_and_what_it_is_about() -> None:
    one = event("offer.extended", "application:a", offer="o", interview="i", id="7")
    assert set(identities(one)) == {
        of_event("ats", "7"),
        of_case("application:a"),
        of_absorbed("application:a"),
        "offer\0application:a\0o",
        "interview\0application:a\0i",
    }
    linked = identities(event("application.submitted", application="a", id="7"))
    assert set(linked) == {
        of_event("ats", "7"), of_case("c-1"), of_case("application:a"), of_absorbed("application:a")
    }  # fmt: skip


def test_an_erasure_covers_what_is_not_after_it() -> None:
    erased = {of_case("c-1"): AT}
    assert is_covered(event("offer.extended", at=AT), erased)
    assert not is_covered(event("offer.extended", at=AT + 1), erased)
    assert not is_covered(event("offer.extended", "c-2", at=AT), erased)
    assert is_covered(event("offer.extended", at=AT + 1), {of_event("ats", "e"): AT}), "covered once"
    assert not is_covered(event("offer.extended", at=AT + 1), {of_event("ats", "f"): AT})


def test_an_event_without_a_time_of_its_own_is_covered_by_what_it_names() -> None:
    late = Event("acme", "ats", "e", "offer.updated", AT + 5, "c-1", {"offer": "o"}, dated=False)
    assert is_covered(late, {"offer\0c-1\0o": AT})
    assert not is_covered(late, {"offer\0c-2\0o": AT})
    dated = Event("acme", "ats", "e", "offer.updated", AT + 5, "c-1", {"offer": "o"})
    assert not is_covered(dated, {"offer\0c-1\0o": AT})
    of_application = Event("acme", "ats", "e", "offer.updated", AT + 5, "application:a", {"offer": "o"}, dated=False)
    assert is_covered(of_application, {of_case("application:a"): AT})
    assert not is_covered(late, {of_case("c-1"): AT}), "the candidate can have applied again"


def test_the_entities_of_a_case_are_its_own_and_those_that_its_facts_name() -> None:
    case = Case().fold(
        event("offer.extended", offer="o", application="a"), event("interview.scheduled", interview="i", id="f")
    )
    assert entities_of(case) == {("offer", "o"), ("interview", "i"), ("application", "a")}
    assert entities_of(Case().fold(event("offer.extended", offer="o", application=None))) == {("offer", "o")}


def test_what_belongs_to_a_candidate_is_recognized_by_every_key() -> None:
    entities = {("application", "a"), ("offer", "o"), ("contact", "x")}
    assert set(of_entities(["c-1", "c-2"], entities)) == {"case\0application:a", "offer\0c-1\0o", "offer\0c-2\0o"}
    assert set(of_ids(["c-1", "application:b"], entities)) == {of_id(name) for name in ("c-1", "b", "a", "o")}
    assert set(of_ids(["ats~7"], [])) == {of_id("ats~7"), of_id("7")}
    assert of_id("7") == "id\0007"
    assert of_absorbed("application:a") == "absorbed\0application:a", "its digest is stored"


# Instants


def test_instants_are_exact_microseconds() -> None:
    assert parse_instant("1970-01-01T00:00:00.000001Z") == 1
    assert parse_instant("1970-01-02T01:01:01Z") == DAY + HOUR + MINUTE + SECOND
    assert parse_instant("2016-12-31T23:59:60Z") == parse_instant("2017-01-01T00:00:00Z")
    assert parse_instant("2016-12-31T23:59:60.5Z") == parse_instant("2017-01-01T00:00:00.5Z")
    assert format_instant(1) == "1970-01-01T00:00:00.000001Z"
    with pytest.raises(ValueError, match=re.escape("has no UTC offset; write for example 2026-03-02T14:00:00Z or")):
        parse_instant("2026-03-02T14:00:00")
    with pytest.raises(
        ValueError, match="has no time of day and no UTC offset; write for example 2026-03-02T09:00:00Z or"
    ):
        parse_instant("2026-03-02")


@pytest.mark.parametrize(
    "text", ["2026-03-02", "20260302", "2026-03-02T14:00", "2026-03-02Z", "2026-13-01", "soon", ""]
)
def test_what_is_no_instant_is_told_with_one_that_is(text: str) -> None:
    with pytest.raises(ValueError, match="write for example") as caught:
        parse_instant(text)
    assert "isoformat" not in str(caught.value)
    for example in str(caught.value).partition("write for example ")[2].split(" or "):
        assert parse_instant(example)


@pytest.mark.parametrize(("text", "minutes"), [("+00:00", 0), ("-08:00", -480), ("+05:45", 345), ("-00:30", -30)])
def test_offsets_are_read_and_written_alike(text: str, minutes: int) -> None:
    assert parse_offset(text) == minutes
    assert format_offset(minutes) == text
    assert offset_of(f"2026-03-02T14:00:00{text}") == minutes
    assert fixed_zone(minutes).utcoffset(None) == timedelta(minutes=minutes)


def test_only_offsets_are_offsets() -> None:
    for text in ("", "Z", "8:00", "+24:00", "+01:60", "+01:00x", "x+01:00"):
        with pytest.raises(ValueError, match="is not an offset"):
            parse_offset(text)
    assert offset_of("2026-03-02T14:00:00Z") == 0
    assert offset_of("2016-12-31T23:59:60+01:00") == 60
    assert fixed_zone(0) is UTC


def test_a_day_that_was_stated_without_a_place_begins_where_it_begins_first() -> None:
    """On Kiritimati."""
    assert parse_offset("+14:00") == FIRST_ANYWHERE


def test_the_calendar_ends_where_a_time_zone_could_not_represent_it() -> None:
    assert [on_calendar(instant) for instant in (None, -1, 0, NEVER, NEVER + 1)] == [None, None, 0, NEVER, None]
    assert offset_at(ZoneInfo("Europe/Berlin"), AT) == 60
    assert offset_at(ZoneInfo("Europe/Berlin"), NEVER + 1) == 0
    assert offset_at(timezone(timedelta(minutes=-90)), 0) == -90
    assert end_of_day("2026-03-29", ZoneInfo("Europe/Berlin")) == "2026-03-29T23:59:59+02:00"


def test_the_bytes_of_a_case_list_its_events_in_order_and_keep_any_erasure() -> None:
    events = [
        Event("t", "s", f"e-{number}", "offer.extended", number, "c-1", {"offer": f"o-{number}"}) for number in range(9)
    ]
    listed = orjson.loads(Case().fold(*events).to_json())["events"]
    assert len(listed) == 9
    assert listed == sorted(listed)
    for erased_at in (None, 0, 5):
        raw = Case({}, erased_at).to_json()
        assert Case.from_json(raw).erased_at == erased_at
        assert ("erased_at" in orjson.loads(raw)) is (erased_at is not None)
