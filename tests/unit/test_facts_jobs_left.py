"""A job that was left: profiles that are out of date, a return to that employer, and what an erasure leaves known."""

import pytest

from tests.support.jobs import (
    ACCEPTED,
    ACME,
    AT_INITECH,
    BIRCH,
    INITECH,
    RESIGNED,
    Said,
    job,
    of_candidate,
    offer,
    started,
)

JOB_LEFT = [AT_INITECH, RESIGNED, ACCEPTED, started(28)]
STALE = job(30, "current", employer=INITECH, title="Clerk", notice_period_weeks=6)


def test_a_profile_that_repeats_the_job_that_was_left_is_out_of_date() -> None:
    found = of_candidate(*JOB_LEFT, STALE)
    assert (found["employed"], found["present_employer"]) == (True, "Acme")
    assert not {"present_title", "notice_period_weeks", "resigned_at"} & found.keys()
    told = of_candidate(*JOB_LEFT, job(29, "current", title="Lead"), STALE, job(31, "current", manages_people=True))
    assert (told["present_employer"], told["manages_people"]) == ("Acme", True)
    by_id = job(30, "current", employer={"name": "x", "id": "Initech"})
    assert of_candidate(*JOB_LEFT, by_id)["present_employer"] == "Acme"


@pytest.mark.parametrize(
    "said",
    [
        [AT_INITECH, job(28, "resigned"), ACCEPTED, started(28), STALE],
        [AT_INITECH, RESIGNED, ACCEPTED, job(28, "ended"), started(28), STALE],
        [*JOB_LEFT, job(28, "current", employer=INITECH)],
    ],
)
def test_what_is_said_at_the_time_when_the_new_job_began_is_about_the_job_that_was_left(said: list[Said]) -> None:
    assert of_candidate(*said)["present_employer"] == "Acme"


@pytest.mark.parametrize(
    "said",
    [
        [AT_INITECH, RESIGNED, ACCEPTED, job(26, "ended"), started(28), STALE],
        [AT_INITECH, RESIGNED, ACCEPTED, job(3, "current", employer=BIRCH), started(28), STALE],
        [*JOB_LEFT, offer(29, "accepted", "other", BIRCH), STALE],
        [AT_INITECH, offer(0.5, "accepted", "earlier", INITECH), *JOB_LEFT[1:], STALE],
    ],
)
def test_what_shows_no_return_leaves_an_old_profile_out_of_date(said: list[Said]) -> None:
    assert of_candidate(*said)["present_employer"] == "Acme"


def test_a_profile_of_another_job_at_the_employer_that_was_left_is_about_that_job() -> None:
    back = [AT_INITECH, job(2, "resigned"), offer(3, "accepted", employer=INITECH), started(28)]
    found = of_candidate(*back, job(30, "current", employer=INITECH, title="Lead", notice_period_weeks=6))
    assert (found["present_title"], found["notice_period_weeks"]) == ("Lead", 6)


@pytest.mark.parametrize(("first", "second"), [("o", "p"), ("p", "o")])
def test_of_two_offers_whose_jobs_began_the_later_job_is_the_present_one(first: str, second: str) -> None:
    accepted = [offer(1, "accepted", first, ACME), offer(2, "accepted", second, BIRCH)]
    begun = [job(28, "started", offer=first), job(60, "started", offer=second)]
    assert of_candidate(AT_INITECH, *accepted, *begun)["present_employer"] == "Birch"


@pytest.mark.parametrize(
    "said",
    [
        [AT_INITECH, ACCEPTED, started(28), STALE],  # a second job
        [job(2, "resigned"), ACCEPTED, started(28), STALE],  # nobody said from which one
        [*JOB_LEFT, job(29, "ended"), STALE],
        [*JOB_LEFT, offer(29, "accepted", "back", INITECH), STALE],
        [*JOB_LEFT, offer(28, "accepted", "back", INITECH), STALE],
        [AT_INITECH, RESIGNED, ACCEPTED, job(28, "current", employer=ACME), STALE],  # one profile against another
        [AT_INITECH, job(1, "current", employer=BIRCH), RESIGNED, ACCEPTED, started(28), STALE],
        [AT_INITECH, ACCEPTED, started(28), STALE, job(29, "resigned")],
    ],
)
def test_a_former_employer_can_be_the_present_one_again(said: list[Said]) -> None:
    assert of_candidate(*said)["present_employer"] == "Initech"


@pytest.mark.parametrize("members", [("id",), ("name",), ("id", "name")])
def test_a_candidate_who_was_erased_and_came_back_begins_a_job_too(members: tuple[str, ...]) -> None:
    """Of what was said on both sides of the erasure, the first that remains is not known, but the last is."""
    acme, initech = ({name: employer[name] for name in members} for employer in (ACME, INITECH))
    values = of_candidate(
        job(0, "current", employer=acme),
        (1, "candidate.erased", {}),
        job(2, "current", employer=initech),
        job(3, "resigned"),
        offer(4, "accepted", by="written"),
        job(40, "current", employer=acme),
    )
    assert (values["present_employer"], values["resigned"]) == (acme.get("name", "acme"), False)


@pytest.mark.parametrize("later", [[], [job(5, "current", title="Lead")]])
def test_a_candidate_who_was_erased_and_came_back_can_stay(later: list[Said]) -> None:
    """A profile that names no employer is about the one that was named last."""
    stays = offer(4, "accepted", employer=INITECH)
    back: list[Said] = [(1, "candidate.erased", {}), job(2, "current", employer=INITECH), job(3, "resigned")]
    assert of_candidate(*back, *later)["resigned"] is True
    assert of_candidate(*back, stays, *later)["resigned"] is False


def test_a_profile_without_an_employer_any_more_leaves_it_unknown() -> None:
    found = of_candidate(*JOB_LEFT, job(30, "current", employer=None))
    assert (found["employed"], "present_employer" in found) == (True, False)


def test_a_profile_whose_employer_is_taken_out_names_nobody() -> None:
    said = [job(2, "current", employer=None), job(3, "resigned"), offer(4, "accepted", employer=INITECH)]
    found = of_candidate(*said)
    assert found["resigned"] is True
    assert "present_employer" not in found
