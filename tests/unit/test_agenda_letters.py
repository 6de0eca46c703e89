"""The words of letters to an employer near a deadline, a first day, and a letter that differs."""

from typing import Any

from tests.support.agendas import Happening, play
from tests.unit.test_agenda_texts import JOB, KNOWN, LEE, NOW, START, card, offer, without


def test_a_late_letter_with_an_opening_says_sorry_too() -> None:
    soon = without("respond_by", "start_date") | {"respond_by": "2026-03-02T12:00:00Z", **LEE}
    thanks: Happening = (START, "offer.extended", offer("o1", "Acme", **soon))
    [draft] = card([thanks], "write-to-employer", "2026-03-02T12:00:01Z")["drafts"]
    late = "I am sorry that you did not have my answer by Monday, 2 March 2026, 12:00 (UTC)."
    assert f"I am going through it carefully. {late}" in draft["body"]
    [draft] = card([thanks], "write-to-employer", "2026-03-02T11:59:59Z")["drafts"]
    assert "sorry" not in draft["body"]
    answered = ("2026-03-02T11:00:00Z", "contact.logged", {"offer": "o1", "by": "candidate", "purpose": "answer"})
    assert "candidate" not in play([thanks, answered], "2026-03-02T12:00:01Z"), "the answer is on record"


def test_who_is_about_to_say_yes_asks_for_time_until_it_is_over() -> None:
    said = (
        (START, "offer.extended", offer("o1", "Acme", respond_by="2026-03-04T12:00:00Z", **LEE)),
        (START, "offer.acceptance_planned", {"offer": "o1"}),
    )
    early, late = (card([*said], "write-to-employer", f"2026-03-04T{time}Z") for time in ("11:59:59", "12:00:00"))
    time = "You asked for my answer by Wednesday, 4 March 2026, 12:00 (UTC). If these answers take longer, could I"
    first = "That time is over, so ask first whether the offer still stands."
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
