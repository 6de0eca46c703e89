"""A new job, and a resignation that was taken back: which statements are about the present job."""

import pytest

from signpost.case.instant import DAY
from tests.support.jobs import (
    ACCEPTED,
    ACME,
    AT_INITECH,
    BIRCH,
    INITECH,
    PLANNED,
    RESIGNED,
    START,
    Said,
    facts,
    job,
    of_candidate,
    offer,
    started,
)

OF_INITECH = {"present_title", "manages_people", "notice_period_weeks", "last_day", "resignation_planned"}
BEGINNINGS = [
    [started(28)],
    [job(28, "current", employer=ACME)],
    [started(28), job(28, "current", employer=ACME)],
    [job(26, "ended"), started(28)],
    [job(28, "ended"), started(28)],
]


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_who_begins_a_new_job_works_there_and_has_not_resigned_there(beginning: list[Said]) -> None:
    found = of_candidate(AT_INITECH, PLANNED, RESIGNED, ACCEPTED, *beginning)
    assert (found["employed"], found["resigned"], found["present_employer"]) == (True, False, "Acme")
    assert (OF_INITECH | {"resigned_at"}).isdisjoint(found)


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_who_resigns_from_the_new_job_has_resigned(beginning: list[Said]) -> None:
    found = of_candidate(AT_INITECH, RESIGNED, ACCEPTED, *beginning, job(400, "resigned", last_day="2027-05-07"))
    assert (found["resigned"], found["last_day"].isoformat()) == (True, "2027-05-07")
    assert "new_job_started_at" not in found


def test_who_had_no_job_has_one_once_it_began() -> None:
    found = facts(ACCEPTED, started(28))
    assert (found.candidate.values["employed"], found.candidate.values["present_employer"]) == (True, "Acme")
    assert (found.candidate.stamps["employed"][2], found.candidate.stamps["present_employer"][2]) == ("e-1", "e-1")
    assert of_candidate(ACCEPTED, started(28), job(40, "ended"))["employed"] is False


def test_the_employer_where_a_job_began_is_the_present_one() -> None:
    said = [AT_INITECH, ACCEPTED, offer(2, "extended", offer="promotion"), offer(2, "extended", "i", INITECH)]
    before = {one.id: one.values["internal"] for one in facts(*said).entities["offer"]}
    after = {one.id: one.values["internal"] for one in facts(*said, started(28)).entities["offer"]}
    assert before == {"o": False, "promotion": False, "i": True}
    assert after == {"o": True, "promotion": True, "i": False}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([AT_INITECH], True),
        ([job(0, "current", employer={"name": " INITECH"}, notice_period_weeks=6)], True),
        ([job(0, "current", notice_period_weeks=6), job(1, "current", employer=INITECH)], True),
        ([AT_INITECH, job(1, "current", employer=INITECH, title="Lead")], True),
        ([job(-9, "current", employer=BIRCH), AT_INITECH], True),
        ([job(-9, "current", employer={"name": "Zeta"}), AT_INITECH], True),
        ([job(-9, "current", employer=BIRCH, notice_period_weeks=6), job(0, "current", employer=INITECH)], False),
        ([AT_INITECH, job(1, "current", employer=BIRCH)], False),
        ([AT_INITECH, job(29, "current", employer=BIRCH)], False),
        ([job(0, "current", notice_period_weeks=6)], False),
        ([job(0, "current", notice_period_weeks=6), job(28, "current", employer=INITECH)], False),
        ([job(0, "current", notice_period_weeks=6), job(29, "current", employer=INITECH)], False),
    ],
)
def test_a_promotion_keeps_the_notice_period(said: list[Said], kept: bool) -> None:
    found = of_candidate(*said, offer(2, "accepted", employer=INITECH), started(28))
    assert ("notice_period_weeks" in found, "manages_people" in found) == (kept, False)
    assert not {"manages_people", "notice_period_weeks"} & of_candidate(*said, ACCEPTED, started(28)).keys()


def test_what_is_said_with_the_new_job_is_about_it() -> None:
    new = job(28, "current", employer=ACME, title="Lead", notice_period_weeks=4)
    found = of_candidate(AT_INITECH, job(28, "resignation_planned"), job(28, "resigned"), new)
    assert (found["present_title"], found["notice_period_weeks"], found["resigned"]) == ("Lead", 4, False)
    assert "resignation_planned" not in found
    assert of_candidate(AT_INITECH, started(28), new, ACCEPTED)["present_title"] == "Lead"


def test_a_resignation_from_a_job_whose_employer_is_named_late_stands() -> None:
    assert of_candidate(job(0, "current"), RESIGNED, job(3, "current", employer=INITECH))["resigned"] is True
    restated = job(3, "current", employer={"name": "initech "})
    assert of_candidate(job(0, "current", employer={"name": "Initech"}), RESIGNED, restated)["resigned"] is True


def test_who_returns_to_an_earlier_employer_has_not_resigned_there() -> None:
    jobs = [AT_INITECH, RESIGNED, job(30, "current", employer=BIRCH), job(400, "current", employer=INITECH)]
    assert of_candidate(*jobs)["resigned"] is False


@pytest.mark.parametrize("employer", [{"name": "Initech Labs"}, BIRCH])
def test_another_employer_before_the_last_day_takes_no_resignation_back(employer: dict[str, str]) -> None:
    found = of_candidate(AT_INITECH, PLANNED, RESIGNED, job(24.9, "current", employer=employer))
    assert (found["resigned"], found["resignation_planned"], "last_day" in found) == (True, True, True)
    assert of_candidate(AT_INITECH, RESIGNED, job(25, "current", employer=employer))["resigned"] is False
    no_last_day = job(2, "resigned")
    assert of_candidate(AT_INITECH, no_last_day, job(3, "current", employer=employer))["resigned"] is False


@pytest.mark.parametrize("beginning", [[started(9)], [job(9, "current", employer=ACME)]])
def test_the_job_of_an_offer_that_begins_before_the_last_day_ends_the_resignation(beginning: list[Said]) -> None:
    second = job(3, "current", employer=BIRCH)
    assert of_candidate(AT_INITECH, RESIGNED, ACCEPTED, second, *beginning)["resigned"] is False
    assert (
        of_candidate(AT_INITECH, RESIGNED, ACCEPTED, *beginning, job(10, "current", employer=BIRCH))["resigned"]
        is False
    )


AGAIN = {"employer": INITECH}
LEFT = offer(5, "rescinded")
STARTING = offer(1, "accepted", start_date="2026-04-20")


@pytest.mark.parametrize(
    ("said", "resigned"),
    [
        ([], True),
        ([ACCEPTED, LEFT], True),
        ([ACCEPTED, LEFT, job(26.9, "current", **AGAIN)], True),
        ([ACCEPTED, LEFT, job(27, "current", **AGAIN)], False),
        ([ACCEPTED, LEFT, job(27, "current", **AGAIN), job(28, "resigned")], True),
        ([job(26.9, "current", **AGAIN)], True),
        ([job(27, "current", **AGAIN)], False),
        ([ACCEPTED, job(60, "current", **AGAIN)], True),
        ([STARTING, job(48.9, "current", **AGAIN)], True),
        ([STARTING, job(49, "current", **AGAIN)], False),
        ([STARTING, offer(40, "withdrawn"), job(40, "current", **AGAIN)], False),
        ([STARTING, offer(3, "accepted", "b", BIRCH), job(49, "current", **AGAIN)], True),
        ([STARTING, offer(3, "accepted", "b", BIRCH), offer(4, "declined", "b"), job(49, "current", **AGAIN)], False),
        ([offer(26.9, "accepted"), job(27, "current", **AGAIN)], True),
        ([offer(27.1, "accepted"), job(27, "current", **AGAIN)], False),
        ([job(3, "current", employer=BIRCH), offer(4, "accepted", "stay", INITECH)], False),
        ([offer(2, "accepted", "stay", INITECH)], True),
        ([offer(2.1, "accepted", "stay", INITECH)], False),
        ([offer(26.9, "accepted", "stay", INITECH)], False),
        ([offer(27, "accepted", "stay", INITECH)], True),
        ([offer(3, "accepted", "stay", INITECH), offer(4, "withdrawn", "stay", INITECH)], True),
        ([job(3, "resignation_planned", planned=False)], False),
        ([job(2, "resignation_planned", planned=False)], True),
        ([job(3, "resignation_planned")], True),
        ([job(3, "resignation_planned", planned=None)], True),
    ],
)
def test_a_resignation_is_taken_back_by_staying(said: list[Said], resigned: bool) -> None:
    found = of_candidate(AT_INITECH, RESIGNED, *said)
    assert (found["resigned"], "resigned_at" in found) == (resigned, resigned)
    assert resigned or "last_day" not in found


@pytest.mark.parametrize(
    ("said", "resigned"),
    [
        ([], True),
        ([job(60, "current", **AGAIN)], True),
        ([ACCEPTED, LEFT], True),
        ([ACCEPTED, LEFT, job(7, "current", **AGAIN)], False),
        ([ACCEPTED, LEFT, job(5, "current", **AGAIN)], False),
        ([ACCEPTED, LEFT, job(4, "current", **AGAIN)], True),
        ([ACCEPTED, offer(2, "rescinded"), job(7, "current", **AGAIN)], True),
        ([ACCEPTED, job(7, "current", **AGAIN)], True),
        ([ACCEPTED, LEFT, offer(1, "accepted", "b", BIRCH), job(7, "current", **AGAIN)], True),
        ([ACCEPTED, LEFT, offer(6, "accepted", "b", BIRCH), job(7, "current", **AGAIN)], False),
        ([ACCEPTED, LEFT, offer(3, "accepted", "b", BIRCH), job(7, "current", **AGAIN)], True),
        (
            [ACCEPTED, LEFT, offer(3, "accepted", "b", BIRCH), offer(6, "declined", "b"), job(7, "current", **AGAIN)],
            False,
        ),
        ([offer(3, "accepted"), LEFT, job(7, "current", **AGAIN)], True),
        ([offer(2, "accepted"), LEFT, job(7, "current", **AGAIN)], False),
        ([ACCEPTED, LEFT, job(7, "current", **AGAIN), job(8, "resigned")], True),
    ],
)
def test_without_a_last_day_who_stays_once_no_reason_is_left_takes_the_resignation_back(
    said: list[Said], resigned: bool
) -> None:
    assert of_candidate(AT_INITECH, job(2, "resigned"), *said)["resigned"] is resigned


def test_who_stays_can_plan_to_resign_again() -> None:
    stays = (AT_INITECH, PLANNED, RESIGNED, ACCEPTED, LEFT, job(27, "current", **AGAIN))
    assert "resignation_planned" not in of_candidate(*stays)
    assert of_candidate(*stays, job(60, "resignation_planned"))["resignation_planned"] is True


@pytest.mark.parametrize(
    ("said", "last_day"),
    [
        ([RESIGNED, job(10.1, "ended")], "2026-03-12"),
        ([RESIGNED, job(10.1, "ended"), (0, "candidate.preferences", {"time_zone": "America/New_York"})], "2026-03-11"),
        ([job(2, "resigned"), job(10.1, "ended")], "2026-03-12"),
        ([RESIGNED, job(28, "ended")], "2026-03-27"),
        ([RESIGNED, job(2, "ended")], "2026-03-04"),
    ],
)
def test_a_job_that_ended_had_its_last_day(said: list[Said], last_day: str) -> None:
    found = of_candidate(AT_INITECH, *said)
    assert (found["last_day"].isoformat(), "job_ended_at" in found) == (last_day, True)


def test_the_end_of_an_earlier_job_ends_no_notice() -> None:
    found = of_candidate(AT_INITECH, job(1, "ended"), job(1.5, "current", employer=ACME), RESIGNED)
    assert (found["last_day"].isoformat(), "job_ended_at" in found) == ("2026-03-27", False)


def test_the_last_day_is_known_from_the_resignation_unless_the_job_ended_before_it() -> None:
    found = [facts(AT_INITECH, RESIGNED, job(days, "ended")).candidate for days in (24.9, 25.1)]
    assert [one.values["job_ended_at"] for one in found] == [START + int(days * DAY) for days in (24.9, 25.1)]
    assert [(str(one.values["last_day"]), one.stamps["last_day"][2]) for one in found] == [
        *(("2026-03-26", "e-2"), ("2026-03-27", "e-1"))
    ]


@pytest.mark.parametrize("employer", [{"id": "acme"}, {"name": "Acme"}, ACME])
def test_a_job_that_is_first_named_when_another_ended_is_a_new_one(employer: dict[str, str]) -> None:
    at_once = job(28, "ended"), job(28, "current", employer=employer)
    assert of_candidate(AT_INITECH, *at_once)["employed"] is True
    assert of_candidate(*at_once)["employed"] is False, "it is the job that ended"


def test_who_resigned_from_a_job_that_nobody_stated_has_resigned() -> None:
    found = facts(job(2, "resigned")).candidate
    assert (found.values["resigned"], found.stamps["resigned"][2]) == (True, "e-0")


def test_what_is_stated_with_a_resignation_takes_nothing_back() -> None:
    """Its last day is long past."""
    left = job(2, "current", employer=INITECH), job(2, "resigned", last_day="2026-02-20")
    assert of_candidate(*left)["resigned"] is True


def test_who_accepts_to_stay_keeps_the_job() -> None:
    found = of_candidate(AT_INITECH, RESIGNED, offer(3, "accepted", "stay", INITECH))
    assert (found["resigned"], found["present_title"], found["notice_period_weeks"]) == (False, "Clerk", 6)
