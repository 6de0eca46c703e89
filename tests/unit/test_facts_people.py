"""Who deals with whom: whose statement of a name counts."""

from typing import Any

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import Facts, facts_of

START = parse_instant("2026-03-02T12:00:00Z")
ACME, BIRCH = {"id": "acme"}, {"id": "birch"}


def facts(*said: tuple[str, dict[str, Any]]) -> Facts:
    """Facts of events given as (type, data), an hour apart."""
    events = [
        Event("t", "s", f"e-{number}", type_, START + number * HOUR, "c-1", data)
        for number, (type_, data) in enumerate(said)
    ]
    return facts_of(Case().fold(*events), "c-1")


def test_the_candidate_has_the_name_that_was_stated_last() -> None:
    found = facts(
        ("offer.extended", {"offer": "o", "employer": ACME, "candidate_name": "J. Doe"}),
        ("offer.extended", {"offer": "p", "employer": BIRCH, "candidate_name": "Jo Doe"}),
        ("offer.updated", {"offer": "o", "title": "Analyst"}),
    )
    assert found.candidate.values["display_name"] == "Jo Doe"
    assert [one.values["candidate_name"] for one in found.entities["offer"]] == ["J. Doe", "Jo Doe"]


def test_an_interview_keeps_its_own_contact_person() -> None:
    found = facts(
        ("interview.scheduled", {"interview": "i", "application": "a", "contact_name": "Ann Lee"}),
        ("offer.extended", {"offer": "o", "application": "a", "contact_name": "Bo Kim", "contact_role": "recruiter"}),
        ("interview.scheduled", {"interview": "j", "application": "a"}),
    )
    people = {
        one.id: (one.values["contact_name"], one.values.get("contact_role")) for one in found.entities["interview"]
    }
    assert people == {"i": ("Ann Lee", None), "j": ("Bo Kim", "recruiter")}
