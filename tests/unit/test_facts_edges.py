"""Which statement decides a fact, and from what an entity inherits, where two statements are close to each other."""

import re
from inspect import signature
from typing import Any, cast

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.clock import clock_of
from signpost.facts.entity import Entity, are_of_one_employer, is_for, links_of
from signpost.facts.facts import Facts, facts_of
from signpost.facts.values import offset_in
from signpost.facts.vocabulary import KINDS

START = parse_instant("2026-03-02T12:00:00Z")
ACME = {"id": "acme", "name": "Acme"}
Said = tuple[float, str, dict[str, Any]]


def facts(*said: Said) -> Facts:
    """Facts of events given as (hours, type, data)."""
    events = [
        Event("t", "s", f"e-{number}", type_, START + int(hours * HOUR), "c-1", data)
        for number, (hours, type_, data) in enumerate(said)
    ]
    return facts_of(Case().fold(*events), "c-1")


def offer(hours: float, name: str, id_: str = "o", **data: Any) -> Said:
    return hours, f"offer.{name}", {"offer": id_} | data


def test_an_employer_reads_instants_in_its_zone_whatever_offset_their_sender_wrote() -> None:
    subject = Entity("offer", "o", {"employer_time_zone": "Europe/Berlin"})
    local = {private: clock_of(subject, None, KINDS, private=private).local(START, -480) for private in (True, False)}
    assert [f"{one:%H:%M}" for one in (local[True], local[False])] == ["04:00", "13:00"]


def test_an_offer_inherits_the_employer_that_any_other_part_of_its_application_names() -> None:
    """The application was known before anybody named the employer."""
    known = facts(
        (0, "application.submitted", {"application": "a"}),
        (1, "interview.scheduled", {"interview": "i", "application": "a", "employer": ACME}),
        offer(2, "extended", application="a"),
    )
    assert [known.entities[kind][0].values.get("employer") for kind in ("application", "offer")] == ["acme", "acme"]


def test_an_instant_that_is_stated_again_in_utc_has_no_offset_any_more() -> None:
    one = Entity("offer", "o")
    one.set("respond_by", START, None, 60)
    one.set("respond_by", START, None)
    assert one.offsets == {}


def test_a_contact_about_an_offer_is_also_one_of_its_application() -> None:
    contact = Entity("contact", "k", {"offer": "o", "application": "a"})
    assert is_for(contact, Entity("application", "a", {"application": "a"}))
    assert not is_for(contact, Entity("offer", "p", {"application": "a"}))


def test_an_earlier_interview_that_names_its_application_belongs_to_it_unless_that_was_submitted_again() -> None:
    held = Entity("interview", "i", {"application": "a", "stage": "completed", "completed_at": START})
    values = {"application": "a", "submitted_at": START + 1}
    assert is_for(held, Entity("application", "a", values))
    assert not is_for(held, Entity("application", "a", values, is_renewed=True))


@pytest.mark.parametrize(
    ("held", "submitted", "same"),
    [
        ({}, {"submitted_at": START + 1}, False),
        ({}, {"submitted_at": START}, True),
        ({}, {}, True),
        ({"completed_at": None}, {"submitted_at": START + 1}, True),
        ({"stage": "scheduled"}, {"submitted_at": START + 1}, True),
    ],
)
def test_an_interview_before_the_submission_that_names_no_application_is_of_an_earlier_one(
    held: dict[str, Any], submitted: dict[str, Any], same: bool
) -> None:
    interview = Entity("interview", "i", {"employer": "acme", "stage": "completed", "completed_at": START, **held})
    application = Entity("application", "a", {"application": "a", "employer": "acme", **submitted})
    assert (is_for(interview, application), is_for(application, interview)) == (same, same)


def test_employers_are_told_apart_by_their_ids_or_where_one_is_unknown_by_their_names() -> None:
    by_name = Entity("offer", "n", {"employer_name": "Acme"})
    ours, theirs = (Entity("offer", "o", {"employer": id_, "employer_name": "acme "}) for id_ in ("e-1", "e-2"))
    assert are_of_one_employer(by_name, ours) is are_of_one_employer(ours, by_name) is True
    assert are_of_one_employer(ours, theirs) is False
    assert are_of_one_employer(by_name, Entity("offer", "x", {"employer": "e-1"})) is None


def test_the_end_of_a_job_is_what_says_that_the_candidate_has_none() -> None:
    ended = facts((0, "employment.current", {}), (1, "employment.ended", {})).candidate
    assert (ended.values["employed"], ended.stamps["employed"][2]) == (False, "e-1")


def test_a_name_that_was_stated_last_counts_whatever_the_order_of_ids() -> None:
    known = facts(
        offer(0, "extended", "a", employer=ACME, candidate_name="Maria Silva"),
        offer(1, "extended", "b", employer=ACME, candidate_name="Maria Costa"),
        offer(2, "updated", "a", candidate_name="Maria Silva Costa"),
        offer(3, "extended", "c", employer=ACME),
    )
    assert known.entities["offer"][2].values["candidate_name"] == "Maria Silva Costa"


def test_offers_of_which_nobody_names_employer_or_application_share_no_people() -> None:
    known = facts(offer(0, "extended", "a", contact_name="Ann Lee", candidate_name="Maria"), offer(1, "extended", "b"))
    assert "contact_name" not in known.entities["offer"][1].values
    assert "candidate_name" not in known.entities["offer"][1].values


def test_an_acceptance_is_shown_in_the_zone_in_which_its_sender_wrote_its_time() -> None:
    accepted = Event(
        "t", "s", "e", "offer.accepted", START, "c-1", {"offer": "o", "salary": None}, offsets={"time": 120}
    )
    [one] = facts_of(Case().fold(accepted), "c-1").entities["offer"]
    assert one.offsets["accepted_at"] == 120


def test_who_withdraws_at_the_time_of_the_application_is_not_rejected_afterwards() -> None:
    at = (("submitted", 5), ("withdrawn", 5), ("rejected", 9))
    [found] = facts(*((time, f"application.{name}", {"application": "a"}) for name, time in at)).entities["application"]
    assert found.values["stage"] == "withdrawn"


def test_the_reason_why_an_offer_has_ended_is_the_statement_that_ended_it() -> None:
    [declined] = facts(offer(0, "extended"), offer(1, "declined")).entities["offer"]
    assert (declined.values["ended"], declined.stamps["ended"][2]) == (True, "e-1")


@pytest.mark.parametrize("by", ["written", None])
def test_a_counteroffer_that_nobody_answers_leaves_the_first_yes(by: str | None) -> None:
    second = {"by": by} if by else {}
    yes = offer(1, "accepted", by="verbal"), offer(2, "accepted", **second)
    [found] = facts(offer(0, "extended"), *yes, offer(3, "countered")).entities["offer"]
    assert found.values["accepted_at"] == START + HOUR


@pytest.mark.parametrize("start", ["0001-01-01", "0001-01-03", "2026-09-01"])
@pytest.mark.parametrize("unit", ["days", "weeks", "months"])
def test_values_stored_before_they_were_refused_leave_facts_unknown(start: str, unit: str) -> None:
    job = (0, "employment.current", {f"notice_period_{unit}": 800_000})
    known = facts(job, offer(1, "extended", start_date=start)).entities["offer"][0].values
    assert known["stage"] == "open"
    assert "notice_by" not in known


def test_what_facts_keep_for_engines_is_no_part_of_them() -> None:
    one, other = (Facts(Entity("candidate", "c-1"), {}, None, KINDS) for _ in range(2))
    assert one.of_kind("candidate") == [one.candidate]
    for cache in (one.linked, one.sharing, one.contexts, one.clocks):
        cast("dict[Any, Any]", cache)["kept"] = "kept"
    assert one == other
    assert not {"kept", "vocabulary"} & set(re.findall("[a-z]+", repr(one)))
    assert list(signature(Facts).parameters) == ["candidate", "entities", "zone", "vocabulary"]


@pytest.mark.parametrize("value", [None, 5, ["2026-03-02T09:00:00+01:00"]])
def test_a_value_that_is_no_text_has_no_offset(value: object) -> None:
    assert offset_in(KINDS["offer"]["respond_by"], value) == 0
    assert offset_in(KINDS["offer"]["respond_by"], "2026-03-02T09:00:00+01:00") == 60


def test_what_is_said_in_utc_has_no_offset() -> None:
    found = facts(
        offer(0, "accepted", employer=ACME),
        (1, "contact.logged", {"offer": "o", "by": "candidate", "channel": "phone", "purpose": "withdrawal"}),
        (2, "candidate.discussed", {"with": "family"}),
    )
    [one] = found.entities["offer"]
    assert (one.values["withdrawing_since"], one.offsets.get("withdrawing_since", 0)) == (START + HOUR, 0)
    assert found.candidate.values["discussed_family_at"] == START + 2 * HOUR
    assert found.candidate.offsets.get("discussed_family_at", 0) == 0


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_each_reader_has_one_clock(zone: str | None) -> None:
    home = (0.0, "candidate.preferences", {"time_zone": zone})
    found = facts(home, offer(1, "extended", employer={**ACME, "time_zone": "Europe/Berlin"}))
    [one] = found.entities["offer"]
    private, other = (found.clock(one, private=private) for private in (True, False))
    assert str(private.zone) == (zone or "Europe/Berlin")
    assert str(other.zone) == "Europe/Berlin"
    assert found.clock(one, private=True) is private


def test_what_belongs_to_an_entity_is_found_by_the_ids_and_the_name_that_it_has() -> None:
    values = {"application": "A", "employer_name": " ACME"}
    links = {"application": "A", "employer_name": "acme"}
    assert links_of(Entity("interview", "i", values)) == links
    assert links_of(Entity("offer", "O", values)) == {**links, "offer": "O"}


def test_a_candidate_withdraws_since_the_first_withdrawal_that_no_yes_follows() -> None:
    mail = {"offer": "o", "by": "candidate", "channel": "email", "purpose": "withdrawal"}
    mails: list[Said] = [(hours, "contact.logged", mail) for hours in (1, 2, 3)]
    [found] = facts(offer(0, "extended"), *mails, offer(2, "accepted")).entities["offer"]
    assert (found.values["withdrawing_since"], found.stamps["withdrawing_since"][2]) == (START + 2 * HOUR, "e-2")
