"""The life of offers, interviews and applications: when each is over although no event says so."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import DAY, parse_instant
from signpost.facts.facts import Entity, Facts, facts_of
from signpost.facts.life import LIFE, OVER, OVER_TO_EMPLOYER, Life

START = parse_instant("2026-03-02T00:00:00Z")
ACME = {"id": "acme", "name": "Acme"}
BIRCH = {"id": "birch", "name": "Birch"}
Said = tuple[float, str, dict[str, Any]]


def facts(*said: Said) -> Facts:
    """Facts of events given as (days, type, data)."""
    events = [
        Event("t", "s", f"e-{number}", type_, START + int(days * DAY), "c-1", data)
        for number, (days, type_, data) in enumerate(said)
    ]
    return facts_of(Case().fold(*events), "c-1")


def offer(days: float, name: str, **data: Any) -> Said:
    return days, f"offer.{name}", {"offer": "o", "employer": ACME, **data}


def current(days: float, employer: dict[str, str] = ACME) -> Said:
    return days, "employment.current", {"employer": employer}


def over(entity: Entity, name: str = OVER) -> float:
    return float((entity.values[name] - START) / DAY)


def only(kind: str, *said: Said) -> Entity:
    [entity] = facts(*said).entities[kind]
    return entity


ACCEPTED = (offer(0, "extended"), offer(1, "accepted"))
DATED = (offer(0, "extended", start_date="2026-03-12"), offer(1, "accepted"))
RESPOND = offer(0, "extended", respond_by="2026-03-12T00:00:00Z")
PHONED = (5.0, "contact.logged", {"offer": "o", "by": "employer"})


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ([offer(0, "extended")], 60),
        ([offer(0, "extended"), offer(3, "updated", title="Analyst")], 63),
        ([offer(0, "extended"), PHONED], 65),
        ([offer(0, "extended", start_date="2026-03-12")], 60),
        ([RESPOND], 17),
        ([RESPOND, offer(1, "accepted")], 61),
        ([RESPOND, (10.0, "contact.logged", {"offer": "o", "by": "candidate"})], 17),
        ([RESPOND, (11.0, "contact.logged", {"offer": "o", "by": "candidate"})], 71),
        ([*ACCEPTED], 61),
        ([*DATED], 40),
        ([*DATED, offer(30, "accepted", by="written")], 90),
        ([*DATED, offer(10, "accepted", by="written")], 40),
        ([*DATED, offer(11, "letter_signed")], 71),
        ([*DATED, current(10, {"id": "globex"})], 40),
        ([*DATED, offer(2, "updated", start_date="2026-04-11")], 70),
        ([*DATED, current(35, {"id": "globex"})], 95),
        ([*DATED, current(5, {"id": "globex"})], 40),
        ([*ACCEPTED, (9.0, "employment.started", {"offer": "o"})], 9),
        ([*ACCEPTED, current(9), current(20, {"id": "globex"}), current(30)], 9),
        ([*ACCEPTED, (9.0, "employment.current", {"employer": {"name": "Acme"}})], 9),
        ([current(0), *ACCEPTED, current(9)], 61),
        ([current(0), current(9), *ACCEPTED], 61),
        ([current(0), *DATED, current(35)], 40),
        ([*ACCEPTED, current(9, {"id": "globex"})], 61),
        ([*ACCEPTED, current(9, {"name": "ACME"})], 9),
        ([*ACCEPTED, current(1)], 61),
        ([*ACCEPTED, current(9), current(20, {"name": "Acme"})], 9),
        ([*ACCEPTED, offer(3, "extended"), current(9)], 63),
        ([offer(0, "extended"), offer(2, "declined"), current(9)], 32),
        ([offer(0, "extended"), current(9)], 60),
        ([*ACCEPTED, offer(4, "withdrawn")], 34),
        ([*DATED, offer(4, "rescinded"), PHONED], 34),
    ],
)
def test_when_an_offer_is_over(said: list[Said], days: float) -> None:
    assert over(only("offer", *said)) == days


def answer(days: float, **data: str) -> Said:
    return days, "contact.logged", {"offer": "o", "by": "candidate", "purpose": "answer", **data}


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ([answer(5)], 5),
        ([answer(5), answer(7)], 7),
        ([answer(5, by="employer")], 65),
        ([answer(5, purpose="other")], 65),
        ([answer(5), answer(7, purpose="other")], 5),
        ([answer(5), offer(5, "updated", title="Analyst")], 5),
        ([answer(5), offer(6, "updated", title="Analyst")], 66),
        ([offer(1, "accepted"), answer(5)], 65),
    ],
)
def test_an_open_offer_that_the_candidate_answered_is_over_for_the_candidate(said: list[Said], days: float) -> None:
    found = only("offer", offer(0, "extended"), *said)
    assert over(found) == days
    assert over(found, OVER_TO_EMPLOYER) == (days if days > 60 else 60 + said[-1][0])


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ([current(9, {"id": "e-7"}), current(20, {"name": "Acme"})], 9),
        ([current(9, {"name": "Acme"}), current(20, {"id": "e-7"})], 9),
        ([current(0, {"name": "Acme"}), current(9, {"id": "e-7"})], 61),
    ],
)
def test_a_job_began_when_its_employer_was_first_named_by_its_id_or_its_name(said: list[Said], days: float) -> None:
    by_both = {"id": "e-7", "name": "Acme"}
    accepted = offer(0, "extended", employer=by_both), offer(1, "accepted", employer=by_both)
    assert over(only("offer", *accepted, *said)) == days


@pytest.mark.parametrize(
    "private",
    [
        offer(20, "acceptance_planned"),
        offer(20, "withdrawal_planned", withdrawal_reasons=["growth"]),
        offer(20, "updated", commute_minutes=20),
        offer(20, "updated", custom={"fit": 1}),
    ],
)
def test_the_employer_counts_only_what_it_knows(private: Said) -> None:
    found = only("offer", (0.0, "offer.extended", {"offer": "o"}), (20.0, private[1], {**private[2], "employer": None}))
    known = only("offer", (0.0, "offer.extended", {"offer": "o"}))
    assert over(found, OVER_TO_EMPLOYER) >= over(known, OVER_TO_EMPLOYER) == 60
    silent = {key: value for key, value in private[2].items() if key != "employer"}
    hidden = only("offer", (0.0, "offer.extended", {"offer": "o"}), (20.0, private[1], silent))
    assert (over(hidden), over(hidden, OVER_TO_EMPLOYER)) == (80, 60)


@pytest.mark.parametrize("step", ["research", "bag"])
def test_what_a_candidate_prepares_keeps_an_interview_alive_for_the_candidate_alone(step: str) -> None:
    said = (
        (0.0, "interview.scheduled", {"interview": "i"}),
        (9.0, "interview.prepared", {"interview": "i", "step": step}),
    )
    found = only("interview", *said)
    assert (over(found), over(found, OVER_TO_EMPLOYER)) == (69, 60)
    assert found.values["upcoming_until"] == found.values[OVER_TO_EMPLOYER]


def test_what_belongs_to_another_offer_of_the_employer_is_not_news_of_this_one() -> None:
    found = facts(offer(0, "extended"), (0.0, "offer.extended", {"offer": "p", "employer": ACME}), PHONED)
    assert [over(one) for one in found.entities["offer"]] == [65, 60]


def test_how_long_things_live_where_a_rulebook_does_not_say() -> None:
    """As docs/writing-rules.md says."""
    days = {"quiet_after": 60, "past_deadline": 7, "signed_waits": 365, "past_start": 30, "past_end": 30}
    assert Life() == LIFE == Life(**{name: number * DAY for name, number in days.items()})


def rival(days: float, name: str = "extended") -> Said:
    return days, f"offer.{name}", {"offer": "p", "employer": BIRCH}


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ([rival(100)], 160),
        ([rival(100), rival(105, "accepted")], 165),
        ([rival(100), rival(105, "declined")], 60),
        ([rival(30)], 90),
        ([rival(365)], 425),
        ([rival(366)], 60),
        ([rival(300), rival(370, "accepted")], 430),
        ([rival(365, "accepted")], 425),
        ([rival(366, "accepted")], 60),
        ([rival(100), (150.0, "offer.extended", {"offer": "q", "employer": BIRCH})], 210),
        ([current(-1), rival(100)], 60),
        ([current(-1, {"id": "globex"}), rival(100)], 160),
    ],
)
def test_a_signed_offer_without_a_start_date_waits_when_another_comes(said: list[Said], days: int) -> None:
    found = facts(offer(0, "letter_signed"), *said).entities["offer"][0]
    assert (over(found), over(found, OVER_TO_EMPLOYER)) == (days, 60)


def test_without_a_signed_letter_another_offer_is_no_news_of_the_accepted_one() -> None:
    assert over(facts(*ACCEPTED, rival(50)).entities["offer"][0]) == 61


def test_the_employer_does_not_learn_that_the_candidate_works_elsewhere() -> None:
    found = only("offer", *DATED, current(35, {"id": "globex"}))
    assert (over(found), over(found, OVER_TO_EMPLOYER)) == (95, 40)


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ([("scheduled", 0, {})], 60),
        ([("scheduled", 0, {"starts_at": "2026-03-12T00:00:00Z"})], 40),
        ([("completed", 5, {"completed_at": "2026-03-06T00:00:00Z"})], 34),
        ([("scheduled", 0, {"starts_at": "2026-03-12T00:00:00Z"}), ("cancelled", 3, {})], 33),
    ],
)
def test_when_an_interview_is_over(said: list[tuple[str, float, dict[str, Any]]], days: float) -> None:
    events = [(at, f"interview.{name}", {"interview": "i", **data}) for name, at, data in said]
    assert over(only("interview", *events)) == days


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ([], 60),
        ([(4.0, "contact.logged", {"application": "a", "by": "employer"})], 64),
        ([(4.0, "interview.scheduled", {"interview": "i", "application": "a"})], 64),
        (
            [
                (
                    4.0,
                    "interview.scheduled",
                    {"interview": "i", "application": "a", "starts_at": "2026-03-12T00:00:00Z"},
                )
            ],
            70,
        ),
        ([(4.0, "offer.extended", {"offer": "o", "application": "a"})], 64),
        ([(4.0, "offer.extended", {"offer": "o", "application": "b"})], 60),
        ([(4.0, "interview.completed", {"interview": "i", "application": "a", "word_by": "2026-03-20"})], 79),
        ([(4.0, "application.rejected", {"application": "a"})], 34),
    ],
)
def test_when_an_application_is_over(said: list[Said], days: float) -> None:
    found = facts((0.0, "application.submitted", {"application": "a"}), *said).entities["application"]
    assert over(found[0]) == days


def test_a_rejection_ends_the_open_offer_of_its_application() -> None:
    extended = (0.0, "offer.extended", {"offer": "o", "application": "a"})
    rejected = (1.0, "application.rejected", {"application": "a"})
    ended = only("offer", extended, rejected)
    assert (ended.values["stage"], ended.values["ended"], over(ended)) == ("rescinded", True, 31)
    assert (ended.values["rescinded_at"], ended.stamps["stage"][2]) == (START + DAY, "e-1")
    assert only("offer", rejected, (2.0, *extended[1:])).values["stage"] == "open"
    assert only("offer", extended, rejected, (2.0, "offer.accepted", {"offer": "o"})).values["stage"] == "accepted"
    assert only("offer", (0.0, "offer.extended", {"offer": "o"}), rejected).values["stage"] == "open"


@pytest.mark.parametrize(
    ("names", "stage"),
    [
        (["submitted", "withdrawn"], "withdrawn"),
        (["submitted", "withdrawn", "rejected"], "withdrawn"),
        (["submitted", "withdrawn", "submitted", "rejected"], "rejected"),
        (["withdrawn", "rejected"], "withdrawn"),
        (["submitted", "rejected", "withdrawn"], "withdrawn"),
    ],
)
def test_who_withdrew_is_not_rejected(names: list[str], stage: str) -> None:
    said = [(float(day), f"application.{name}", {"application": "a"}) for day, name in enumerate(names)]
    assert only("application", *said).values["stage"] == stage


@pytest.mark.parametrize(
    ("said", "internal"),
    [
        ([], False),
        ([current(0)], True),
        ([current(0, {"name": "Acme"})], True),
        ([current(0, {"name": " ACME"})], True),
        ([current(0, {"name": "Globex"})], False),
        ([current(0, {"id": "other"})], False),
        ([current(0, {"id": "emp-7", "name": "acme"})], True),
        ([current(0, {"id": "globex", "name": "Globex"})], False),
        ([current(0), (1.0, "employment.ended", {})], False),
        ([current(0), current(1, {"id": "globex"})], False),
    ],
)
def test_what_is_of_the_present_employer_is_internal(said: list[Said], internal: bool) -> None:
    talk = (0.0, "interview.scheduled", {"interview": "i", "application": "a", "employer": ACME})
    sent_in = (0.0, "application.submitted", {"application": "a", "employer": ACME})
    assert only("offer", offer(0, "extended"), *said).values["internal"] is internal
    assert only("interview", talk, *said).values["internal"] is internal
    assert only("application", sent_in, *said).values["internal"] is internal


@pytest.mark.parametrize("member", ["id", "name"])
def test_employers_that_leave_the_same_unknown_are_two(member: str) -> None:
    said = offer(0, "extended", employer={member: "acme"}), current(1, {member: "globex"})
    assert only("offer", *said).values["internal"] is False


SIGNED = (offer(1, "letter_signed"), (9.0, "employment.started", {"offer": "o"}))
BEFORE = (
    (0.0, "offer.extended", {"offer": "p", "employer": BIRCH, "application": "b"}),
    (0.0, "interview.scheduled", {"interview": "i", "application": "b", "starts_at": "2026-04-01T12:00:00Z"}),
)


def birch(*said: Said, field: str = OVER) -> dict[str, float]:
    """When the offer, the interview and the application of another employer are over."""
    found = facts(*BEFORE, *said).entities
    [interview], [application] = found["interview"], found["application"]
    [made] = (one for one in found["offer"] if one.id == "p")
    return {one.kind: over(one, field) for one in (made, interview, application)}


def test_what_was_there_before_a_signed_job_began_is_over_then() -> None:
    waiting = {"offer": 60, "interview": 60.5, "application": 90.5}
    assert birch() == birch(SIGNED[0]) == birch(offer(1, "accepted"), SIGNED[1]) == waiting
    assert birch(*SIGNED) == {"offer": 9, "interview": 9, "application": 9}
    assert birch(*SIGNED, field=OVER_TO_EMPLOYER) == birch(field=OVER_TO_EMPLOYER)
    assert birch(offer(1, "letter_signed"), current(9)) == birch(*SIGNED)
    assert birch(*SIGNED, offer(12, "rescinded")) == waiting
    assert over(next(one for one in facts(*BEFORE, *SIGNED).entities["offer"] if one.id == "o")) == 9


def test_a_job_that_ended_keeps_nothing_over() -> None:
    ended: Said = (12.0, "employment.ended", {})
    again: Said = (20.0, "employment.started", {"offer": "r"})
    assert birch(*SIGNED, ended) == birch()
    assert birch(*SIGNED, (9.0, "employment.ended", {})) == birch(*SIGNED)
    after = birch(*SIGNED, ended, offer(13, "letter_signed", offer="r"), again)
    assert after == {"offer": 20, "interview": 20, "application": 20}


@pytest.mark.parametrize(
    ("said", "alive"),
    [
        ((9.0, "offer.updated", {"offer": "p", "title": "Analyst"}), set()),
        ((10.0, "offer.updated", {"offer": "p", "title": "Analyst"}), {"offer", "application"}),
        ((10.0, "interview.prepared", {"interview": "i", "step": "bag"}), {"interview", "application"}),
        ((10.0, "contact.logged", {"application": "b", "by": "employer"}), {"offer", "application"}),
        ((10.0, "application.submitted", {"application": "b"}), {"application"}),
        ((10.0, "interview.scheduled", {"interview": "j", "employer": ACME}), set()),
    ],
)
def test_what_is_stated_after_the_job_began_is_advised_on(said: Said, alive: set[str]) -> None:
    found = facts(*BEFORE, *SIGNED, said).entities
    ours = [*found["application"], *(one for one in (*found["offer"], *found["interview"]) if one.id in ("p", "i"))]
    assert {one.kind for one in ours if over(one) > 9} == alive


def test_a_second_job_ends_what_came_after_the_first() -> None:
    later = ((20.0, "offer.extended", {"offer": "q", "employer": BIRCH}), offer(21, "letter_signed", offer="r"))
    found = facts(*BEFORE, *SIGNED, *later, (30.0, "employment.started", {"offer": "r"})).entities["offer"]
    assert {one.id: over(one) for one in found} == {"o": 9, "p": 9, "q": 30, "r": 30}


@pytest.mark.parametrize(
    ("start", "days"), [({}, 61), ({"start_date": "2026-03-20"}, 48), ({"start_date": "2026-03-11"}, 9)]
)
def test_an_employer_that_waits_for_a_first_day_is_to_be_told_of_another_job(start: dict[str, str], days: int) -> None:
    accepted = (1.0, "offer.accepted", {"offer": "p", "employer": BIRCH, **start})
    assert birch(*SIGNED, accepted)["offer"] == days


def test_a_promotion_ends_no_search() -> None:
    for since in (0, 1):
        assert birch(current(since), *SIGNED)["offer"] == 60
    assert birch(current(0), current(0.5, {"id": "globex"}), *SIGNED)["offer"] == 9


def test_that_something_is_internal_is_known_from_who_named_the_employer() -> None:
    inside, outside = (only("offer", offer(0, "extended"), current(1, employer)) for employer in (ACME, BIRCH))
    assert (inside.stamps["internal"][2], "internal" in outside.stamps) == ("e-1", False)
