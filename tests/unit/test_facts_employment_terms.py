"""What a profile says of the present job where it does not name the employer, or names one that was left."""

from typing import Any

from signpost.case import Case, Event
from signpost.case.instant import DAY, parse_instant
from signpost.facts.entity import Entity
from signpost.facts.facts import facts_of

START = parse_instant("2026-03-02T00:00:00Z")
INITECH, ACME = ({"id": name.lower(), "name": name} for name in ("Initech", "Acme"))
Said = tuple[float, str, dict[str, Any]]


def candidate(*said: Said) -> Entity:
    """The candidate after events given as (days, type, data)."""
    events = [
        Event("t", "s", f"e-{number}", type_, START + int(days * DAY), "c-1", data)
        for number, (days, type_, data) in enumerate(said)
    ]
    return facts_of(Case().fold(*events), "c-1").candidate


def job(days: float, name: str, **data: Any) -> Said:
    return days, f"employment.{name}", data


def test_a_resignation_alone_states_no_present_job() -> None:
    found = candidate(job(2, "resigned"))
    assert (found.values["employed"], found.values["resigned"]) == (False, True)


def test_a_profile_that_takes_the_employer_back_names_none() -> None:
    found = candidate(job(0, "current", employer=None, title="Clerk"), job(2, "resigned"))
    assert (found.values["employed"], found.values["present_title"]) == (True, "Clerk")
    assert "present_employer" not in found.values


def test_a_profile_that_is_out_of_date_still_says_that_the_candidate_has_a_job() -> None:
    left = job(0, "current", employer=INITECH), job(2, "resigned")
    begun = (1.0, "offer.accepted", {"offer": "o", "employer": ACME}), job(28, "started", offer="o")
    found = candidate(*left, *begun, job(30, "current", employer=INITECH))
    assert (found.values["present_employer"], found.stamps["employed"][2]) == ("Acme", "e-4")
