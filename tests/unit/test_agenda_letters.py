"""The words of the joined letter to an employer, and of letters near a deadline or a first day."""

from typing import Any

import pytest

from tests.support.agendas import Happening, play
from tests.unit.test_agenda_texts import (
    ACCEPTED,
    ACME,
    CASES,
    JOB,
    KNOWN,
    LEE,
    NOW,
    START,
    THANKED,
    card,
    interview,
    letter,
    offer,
    without,
)


def test_a_late_letter_with_an_opening_says_sorry_too() -> None:
    soon = without("respond_by", "start_date") | {"respond_by": "2026-03-02T12:00:00Z", **LEE}
    thanks: Happening = (START, "offer.extended", offer("o1", "Acme", **soon))
    [draft] = card([thanks], "write-to-employer", "2026-03-02T12:00:01Z")["drafts"]
    late = "I am sorry that you did not have my answer by Monday, 2 March 2026, 12:00 (UTC)."
    assert f"I am going through it carefully. {late}" in draft["body"]
    [draft] = card([thanks], "write-to-employer", "2026-03-02T11:59:59Z")["drafts"]
    assert "sorry" not in draft["body"]
    titles = [
        card([thanks], "write-to-employer", f"2026-03-02T{time}Z")["title"].partition(":")[0]
        for time in ("11:59:59", "12:00:01")
    ]
    assert titles == ["Write to Acme", "Write to Acme after your call"]
    answered = ("2026-03-02T11:00:00Z", "contact.logged", {"offer": "o1", "by": "candidate", "purpose": "answer"})
    assert "candidate" not in play([thanks, answered], "2026-03-02T12:00:01Z"), "the answer is on record"


def test_who_is_about_to_say_yes_asks_for_time_until_it_is_over() -> None:
    said = (
        (START, "offer.extended", offer("o1", "Acme", respond_by="2026-03-04T12:00:00Z", **LEE)),
        (START, "offer.acceptance_planned", {"offer": "o1"}),
    )
    early, late = (card([*said], "write-to-employer", f"2026-03-04T{time}Z") for time in ("11:59:59", "12:00:00"))
    time = "You asked for my answer by Wednesday, 4 March 2026, 12:00 (UTC). If these answers take longer, could I"
    first = "That time is over, so call first and ask whether the offer still stands."
    assert [time in one["drafts"][0]["body"] for one in (early, late)] == [True, False]
    assert [first in one["message"] for one in (early, late)] == [False, True]
    assert [f"Before I {word}, I would" in early["drafts"][0]["body"] for word in ("answer", "decide")] == [True, False]
    assert "If the offer still stands, I would be grateful" in late["drafts"][0]["body"]


def test_who_has_signed_elsewhere_declines_and_neither_answers_nor_asks_for_a_new_date() -> None:
    late: Happening = (START, "offer.extended", offer("o1", "Acme", respond_by="2026-03-04T12:00:00Z", **LEE))
    signed: Happening = (START, "offer.letter_signed", offer("o2", "Globex"))
    [first, *others] = play([late, signed], "2026-03-04T12:00:00Z")["candidate"]["cards"]
    assert (first["title"], first["priority"]) == ("Answer Acme: you have signed elsewhere", "urgent")
    sorry = "I am sorry that you did not have my answer by Wednesday, 4 March 2026, 12:00 (UTC)."
    assert sorry in first["drafts"][0]["body"]
    assert not [one["title"] for one in others if "at once" in one["title"]]
    [early, *_] = play([late, signed], "2026-03-04T11:59:59Z")["candidate"]["cards"]
    assert "sorry" not in early["drafts"][0]["body"]


def acceptance(*before: Happening, to: str = "Acme", **terms: Any) -> str:
    """The letter that puts a verbal yes of 3 March in writing."""
    extended: Happening = (START, "offer.extended", offer("o1", to, **{**terms, **LEE}))
    accepted: Happening = ("2026-03-03T10:00:00Z", "offer.accepted", {"offer": "o1", "by": "verbal"})
    cards = play([*before, extended, accepted], "2026-03-03T10:01:00Z")["candidate"]["cards"]
    [body] = [draft["body"] for one in cards for draft in one["drafts"] if "happy to accept" in draft["body"]]
    return str(body)


def test_a_first_day_that_cannot_be_kept_is_not_confirmed() -> None:
    later = "so I would like to agree on a later day with you."
    left: Happening = (START, "employment.resigned", {"last_day": "2026-03-20"})
    assert f"I have a notice period to keep in my present job, {later}" in acceptance(JOB, start_date="2026-03-17")
    assert f"My last day in my present job is Friday, 20 March 2026, {later}" in acceptance(
        JOB, left, start_date="2026-03-20"
    )
    for said, day in (((JOB,), "2026-03-18"), ((JOB, left), "2026-03-21"), ((), "2026-03-04")):
        body = acceptance(*said, start_date=day)
        assert "my first day is " in body
        assert later not in body


def test_who_comes_back_to_an_employer_does_not_stay_there() -> None:
    left: Happening = (START, "employment.resigned", {"last_day": "2026-02-27"})
    assert "I look forward to working with you again." in acceptance(JOB, left, to="Initech")
    assert "I look forward to continuing to work with you." in acceptance(JOB, to="Initech")


def test_a_letter_with_a_later_day_is_checked_and_not_corrected() -> None:
    def differs(day: str) -> dict[str, Any]:
        letter = {"letter": {"start_date": day}}
        said = [
            (START, "offer.extended", offer("o1", "Acme", **{**KNOWN, **LEE})),
            (START, "offer.letter_received", {"offer": "o1", **letter}),
        ]
        return next(one for one in play(said, NOW)["candidate"]["cards"] if "letter differs" in one["title"])

    later, earlier = differs("2026-05-05"), differs("2026-05-03")
    assert "It names a later first day. Check that this is what you agreed on" in later["message"]
    assert later["title"].startswith("Check before you sign")
    assert "Have it corrected before you sign." in earlier["message"]


def test_a_letter_after_interviews_thanks_once_beside_other_thanks_and_openings() -> None:
    happenings, now = CASES["two-interviews-without-word"]
    asked = {"application": "a3", "by": "candidate", "purpose": "check_in"}
    again: Happening = ("2026-03-13T10:00:00Z", "contact.logged", asked)
    found = card([*happenings, again], "write-to-employer", "2026-03-27T12:00:00Z")
    body = found["drafts"][0]["body"]
    assert body.count("Thank you once more for the interviews on ") == body.count("I am still very interested") == 1
    assert body.count("How far have you come") == body.count("I last asked on Friday, 13 March 2026.") == 1
    new: Happening = (
        "2026-03-13T10:00:00Z",
        "offer.extended",
        offer("o1", "Acme", title="Clerk", application="a9", **LEE),
    )
    body = card([*happenings, new], "write-to-employer", now)["drafts"][0]["body"]
    assert "I am going through it carefully. Thank you once more for the interviews on Tuesday, 3 March" in body
    thanked: Happening = (now, "contact.logged", {"offer": "o1", "by": "candidate", "purpose": "thanks"})
    body = card([*happenings, new, thanked], "write-to-employer", now)["drafts"][0]["body"]
    assert body.startswith("Dear Ms Lee,\n\nThank you once more for the interviews on")


def test_one_interviewer_of_two_interviews_is_written_to_by_name() -> None:
    happenings, now = CASES["two-interviews-over"]
    talks = [(at, kind, {**data, "interviewers": ["Bo Chen"]}) for at, kind, data in happenings]
    scheduled: list[Happening] = [(START, "interview.scheduled", data) for _, _, data in talks]
    message = card([*scheduled, *happenings], "thank-interviewers", now)["message"]
    assert "You spoke with Bo Chen at Hooli" in message
    assert "Write to Bo Chen, once for everything" in message


def test_a_day_to_ask_for_has_no_zone_in_the_letter() -> None:
    at_home: Happening = (START, "candidate.preferences", {"time_zone": "America/Los_Angeles"})
    terms = without("respond_by", "start_date") | {"respond_by": "2026-03-06T01:00:00Z"}
    other: Happening = (START, "interview.scheduled", interview("i1", "Hooli", starts_at="2026-03-05T17:00:00Z"))
    _, body = letter(terms, at_home, other)
    assert "by Thursday, 5 March 2026, 17:00 (America/Los_Angeles), and" in body
    assert "Could I let you know by Thursday, 12 March 2026 instead?" in body


def test_a_letter_about_a_first_interview_says_what_sets_the_employer_apart() -> None:
    happenings: list[Happening] = [
        (
            START,
            "interview.scheduled",
            interview(f"i{n}", "Hooli", starts_at="2026-03-09T10:00:00Z", application=f"a{n}"),
        )
        for n in range(2)
    ]
    joined = card(happenings, "write-to-candidate", reader="employer hooli")
    assert "what people value here: [two or three things" in joined["drafts"][0]["body"]


def test_who_owes_the_letter_says_sorry_instead_of_missing_a_sign() -> None:
    happenings = [ACME, ACCEPTED]
    [draft] = card(happenings, "write-to-candidate", "2026-03-09T10:00:00Z", reader="employer acme")["drafts"]
    sorry = "I am sorry that you have had to wait for our letter, and I wanted to ask how you are."
    assert f"the formal letter for the position of Product Designer.\n\n{sorry}\n" in draft["body"]
    assert "not heard" not in draft["body"]
    letter: Happening = ("2026-03-09T10:00:00Z", "offer.letter_received", {"offer": "o1"})
    joined = card([*happenings, letter], "write-to-candidate", "2026-03-16T10:00:00Z", reader="employer acme")
    assert "I have not heard from you for some days" in joined["drafts"][0]["body"]


def test_after_a_yes_to_one_position_the_letter_asks_nothing_about_the_other() -> None:
    happenings, _ = CASES["two-positions"]
    yes: Happening = ("2026-03-02T11:00:00Z", "offer.accepted", {"offer": "o1", "by": "written"})
    cards = play([*happenings, yes], "2026-03-02T11:01:00Z")["candidate"]["cards"]
    [answer] = [one for one in cards if one["title"] == "Answer Acme's other offer (Clerk) as well"]
    assert "As I have accepted that of Analyst, I decline this offer" in answer["drafts"][0]["body"]
    assert [one["title"] for one in cards if one["title"].startswith("Write to")] == []
    assert "Ask Acme for your start date" in [one["title"] for one in cards]


def test_one_question_is_no_list() -> None:
    title, body = letter(without("start_date"))
    assert title == "Write to Acme: thank them and ask one thing"
    assert "\n\nOn which day would I start, and is there room to move it?\n\nI look forward" in body
    assert "1." not in body


def test_two_questions_are_a_list() -> None:
    title, body = letter(without("start_date", "travel_percent"))
    assert title == "Write to Acme: thank them and ask two things"
    assert body.index("\n1. On which day") < body.index("\n2. How much of my time")


def test_questions_of_one_point_are_one_point() -> None:
    title, body = letter(without("start_date", "workplace", "travel_percent"))
    assert title == "Write to Acme: thank them and ask two things"
    assert (
        "\n2. Would I work at your office, from home, or both? How much of my time would I spend travelling?\n" in body
    )


def test_a_manager_is_asked_what_would_change() -> None:
    terms = without("start_date", "workplace", "hours_per_week", "basis", "weekends", "on_call", "overtime_paid")
    internal = offer("o1", "Initech", **terms)
    found = card([JOB, (START, "offer.extended", internal)], "write-to-employer")
    asked = [line for line in found["drafts"][0]["body"].splitlines() if line[:1].isdigit()]
    assert asked == [
        "1. From which day would it apply?",
        "2. Would my hours change, or how they are paid? Would I work at weekends or be on call?",
        "3. Would my place of work change?",
    ]
    assert "Ask from which day it would apply" in found["steps"]
    assert "Ask whether your hours would change, and about weekends and on-call duty" in found["steps"]
    assert "Ask whether your place of work would change" in found["steps"]


@pytest.mark.parametrize(
    ("unknown", "step", "question"),
    [
        ("basis", "whether your hours would change", "Would my hours change, or how they are paid?"),
        ("weekends", "about weekends", "Would I work at weekends?"),
        ("on_call", "about on-call duty", "Would I be on call?"),
    ],
)
def test_a_manager_is_asked_about_the_hours_that_are_unknown(unknown: str, step: str, question: str) -> None:
    internal = offer("o1", "Initech", **without(unknown))
    found = card([JOB, (START, "offer.extended", internal)], "write-to-employer")
    assert f"Ask {step}" in found["steps"]
    assert f"\n{question}\n" in found["drafts"][0]["body"]


def test_after_the_thanks_the_letter_begins_without_them() -> None:
    title, body = letter(without("start_date", "travel_percent"), THANKED)
    assert title == "Write to Acme: ask two things"
    assert "delighted" not in body
    assert body.startswith(
        "Dear [hiring manager's name],\n\nThank you for the offer of the position of Product Designer."
    )
