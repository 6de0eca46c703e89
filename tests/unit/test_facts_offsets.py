"""In which time zone each instant was stated: advice shows it as its sender wrote it."""

from datetime import date
from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import FIRST_ANYWHERE, HOUR, format_instant, parse_instant
from signpost.facts.facts import Entity, Facts, facts_of

START = parse_instant("2026-03-02T12:00:00Z")
Said = tuple[float, str, dict[str, Any]]


def facts(*said: Said, offsets: list[int]) -> Facts:
    """Facts of events given as (hours, type, data), and the offset in minutes in which the time of each was written."""
    events = [
        Event("t", "s", f"e-{number}", type_, START + int(hours * HOUR), "c-1", data, offsets={"time": offset})
        for number, ((hours, type_, data), offset) in enumerate(zip(said, offsets, strict=True))
    ]
    return facts_of(Case().fold(*events), "c-1")


def offer(hours: float, name: str, **data: Any) -> Said:
    return hours, f"offer.{name}", {"offer": "o", **data}


def interview(hours: float, name: str, **data: Any) -> Said:
    return hours, f"interview.{name}", {"interview": "i", "application": "a", **data}


def application(hours: float, name: str) -> Said:
    return hours, f"application.{name}", {"application": "a"}


def job(hours: float, name: str, **data: Any) -> Said:
    return hours, f"employment.{name}", data


def contact(hours: float, purpose: str, channel: str = "email", **about: str) -> Said:
    return hours, "contact.logged", {"by": "candidate", "purpose": purpose, "channel": channel, **about}


STARTS = format_instant(START + 20 * HOUR)
TAKEN_BACK = [
    *(offer(0, "extended"), offer(1, "accepted", by="verbal"), contact(2, "withdrawal", offer="o")),
    offer(3, "accepted", by="written"),
]
STORIES: dict[str, list[Said]] = {
    "an offer that is made and ends twice": [
        *(offer(0, "extended"), offer(1, "extended"), offer(2, "declined"), offer(3, "declined")),
    ],
    "an offer that is withdrawn by voice and in writing": [
        *(offer(0, "extended"), offer(1, "accepted"), contact(2, "withdrawal", offer="o")),
        contact(3, "withdrawal", "phone", offer="o"),
    ],
    "a letter and a counteroffer": [
        *(offer(0, "extended"), offer(1, "letter_received"), offer(2, "countered"), offer(3, "letter_signed")),
    ],
    "an application that ends": [
        *(application(0, "submitted"), offer(1, "extended", application="a"), interview(1, "scheduled")),
        *(application(2, "rejected"), application(3, "rejected")),
    ],
    "an application that is withdrawn in a message and goes on": [
        *(application(0, "submitted"), offer(1, "extended", application="a"), interview(1, "scheduled")),
        *(contact(2, "withdrawal", application="a"), application(3, "submitted")),
    ],
    "an accepted offer that ends with its application": [
        *(offer(0, "extended", application="a"), offer(1, "accepted"), application(2, "withdrawn")),
    ],
    "an interview that is moved and held": [
        *(interview(0, "scheduled", starts_at=STARTS, format="phone"), interview(1, "rescheduled", format="video")),
        *(interview(21, "completed"), interview(22, "completed"), interview(23, "thanked", channel="email")),
    ],
    "an interview that is cancelled": [interview(0, "scheduled"), interview(1, "cancelled")],
    "thanks in a message": [interview(0, "completed"), contact(1, "thanks", application="a")],
    "a job that is left": [job(0, "current"), job(1, "resigned"), job(30, "ended")],
    "a new job": [job(0, "started")],
    "the job of an offer": [offer(0, "accepted"), job(9, "started", offer="o")],
    "talks with others": [(0, "candidate.discussed", {"with": whom}) for whom in ("family", "recruiter")],
}


def entities_of(found: Facts) -> list[Entity]:
    return [found.candidate, *(one for kind in found.entities.values() for one in kind)]


@pytest.mark.parametrize("said", [*STORIES.values(), TAKEN_BACK], ids=[*STORIES, "a withdrawal that is taken back"])
def test_what_is_said_in_utc_is_shown_in_utc(said: list[Said]) -> None:
    found = facts(*said, offsets=[0] * len(said))
    assert {(one.kind, name): offset for one in entities_of(found) for name, offset in one.offsets.items()} == {}


@pytest.mark.parametrize("said", STORIES.values(), ids=STORIES)
def test_each_instant_is_shown_in_the_zone_in_which_the_event_of_that_time_was_written(said: list[Said]) -> None:
    """Each event has an offset of its own."""
    offsets = [60 * (number + 1) for number in range(len(said))]
    instants = [
        (one, name, stamp)
        for one in entities_of(facts(*said, offsets=offsets))
        for name, stamp in one.stamps.items()
        if one.values.get(name) == stamp[0]
    ]
    assert instants
    for one, name, stamp in instants:
        assert (name, one.offsets.get(name)) == (name, offsets[int(stamp[2].removeprefix("e-"))])


def test_a_yes_that_takes_a_withdrawal_back_keeps_the_zone_of_the_yes() -> None:
    [found] = facts(*TAKEN_BACK, offsets=[0, 60, 0, 60]).entities["offer"]
    assert (found.values["accepted_at"], found.offsets["accepted_at"]) == (START + 3 * HOUR, 60)


@pytest.mark.parametrize("offsets", [[60, 0], [0, 120], [60, 120]])
def test_the_zone_of_another_milestone_says_nothing_about_the_yes(offsets: list[int]) -> None:
    [found] = facts(offer(0, "extended"), offer(1, "accepted"), offsets=offsets).entities["offer"]
    assert found.offsets.get("accepted_at", 0) == offsets[1]


def test_the_zone_of_a_yes_is_known_where_it_states_terms_again() -> None:
    said = offer(0, "extended", title="Clerk"), offer(1, "accepted", title="Analyst")
    [found] = facts(*said, offsets=[60, 120]).entities["offer"]
    assert found.offsets["accepted_at"] == 120


@pytest.mark.parametrize(("offset", "last_day"), [(0, "2026-03-12"), (120, "2026-03-13"), (-720, "2026-03-12")])
def test_without_a_zone_of_the_candidate_a_job_ended_on_the_day_of_who_says_so(offset: int, last_day: str) -> None:
    found = facts(job(0, "resigned"), job(10 * 24 + 10.5, "ended"), offsets=[0, offset])
    assert found.candidate.values["last_day"] == date.fromisoformat(last_day)


def test_a_job_that_ended_on_a_day_ended_on_that_day_wherever_the_candidate_lives() -> None:
    """Such a day begins where it begins first."""
    lives = (0, "candidate.preferences", {"time_zone": "America/New_York"})
    began = parse_instant("2026-03-12T00:00:00+14:00")
    found = facts(lives, job(0, "resigned"), job((began - START) / HOUR, "ended"), offsets=[0, 0, FIRST_ANYWHERE])
    assert found.candidate.values["last_day"] == date(2026, 3, 12)


def test_of_two_thanks_at_one_instant_the_same_one_counts_in_any_order() -> None:
    said = [
        Event("t", "s", f"e-{channel}", "interview.thanked", START, "c-1", {"interview": "i", "channel": channel},
              offsets={"time": offset})
        for channel, offset in (("email", 60), ("handwritten", 120))
    ]  # fmt: skip
    cases = [Case().fold(*said), Case().fold(*reversed(said))]
    found = [facts_of(case, "c-1").entities["interview"][0] for case in cases]
    assert [(one.stamps["thanked_at"], one.offsets["thanked_at"]) for one in found] == [
        (found[0].stamps["thanked.handwritten"], 120)
    ] * 2
