"""What belongs to an earlier life of an offer that is extended again, at the boundaries in time."""

from typing import Any

import pytest

from signpost.case import Case
from signpost.case.instant import HOUR
from signpost.facts.facts import facts_of
from tests.unit.test_facts_renewals import START, Said, contact, events_of, money, offer, offer_of

OFFERED, SIGNED = offer(0, "extended"), offer(1, "letter_signed")
BY_VOICE_AND_MAIL = (contact(2, "phone"), contact(3, "email"))


def about(said: Said, **other: str) -> Said:
    """The same contact with other data."""
    hours, type_, data = said
    return hours, type_, {**data, **other}


def test_only_a_withdrawal_from_this_offer_ends_it() -> None:
    again = offer(5, "extended")
    assert "accepted_at" not in offer_of(OFFERED, SIGNED, *BY_VOICE_AND_MAIL, again).values
    other = [about(one, purpose="check_in") for one in BY_VOICE_AND_MAIL]
    assert "accepted_at" in offer_of(OFFERED, SIGNED, *other, again).values
    of_another = [about(one, offer="p") for one in BY_VOICE_AND_MAIL]
    events = events_of(OFFERED, SIGNED, offer(1, "extended", offer="p"), *of_another, again)
    assert "accepted_at" in facts_of(Case().fold(*events), "c-1").entities["offer"][0].values


def test_a_withdrawal_before_the_last_yes_ends_nothing() -> None:
    said = (OFFERED, SIGNED, contact(2, "phone"), offer(3, "accepted"), contact(4, "email"), offer(5, "extended"))
    assert "accepted_at" in offer_of(*said).values


def test_the_last_of_two_ends_counts() -> None:
    said = (OFFERED, offer(1, "declined"), offer(2, "letter_received"), offer(3, "rescinded"), offer(4, "extended"))
    assert offer_of(*said).values["letter"] == "none"


def test_a_letter_of_the_time_of_the_end_is_of_the_earlier_life() -> None:
    letter = offer(1, "letter_received", letter={"title": "Lead", "salary": money("80000")})
    assert (
        not {"title", "salary"} & offer_of(OFFERED, letter, offer(1, "rescinded"), offer(2, "extended")).values.keys()
    )


CONDITIONS, CLEARED = {"conditions": ["references"]}, {"conditions_cleared": True}


@pytest.mark.parametrize(
    ("said", "cleared"),
    [
        ([offer(3, "updated", **CLEARED), offer(7, "rescinded"), offer(8, "extended", **CONDITIONS)], None),
        ([offer(7, "updated", **CLEARED), offer(7, "rescinded"), offer(8, "extended", **CONDITIONS)], None),
        ([offer(3, "updated", **CLEARED), offer(7, "rescinded"), offer(8, "extended")], True),
        (
            [
                offer(3, "updated", **CLEARED),
                offer(7, "updated", **CONDITIONS),
                offer(7, "rescinded"),
                offer(8, "extended"),
            ],
            True,
        ),
    ],
)
def test_conditions_of_a_new_life_are_open(said: list[Said], cleared: bool | None) -> None:
    assert offer_of(offer(0, "extended", **CONDITIONS), *said).values.get("conditions_cleared") is cleared


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ([offer(0, "updated", start_date="2026-03-02"), offer(7, "rescinded"), offer(11.9, "extended")], "2026-03-02"),
        ([offer(0, "updated", start_date="2026-03-02"), offer(7, "rescinded"), offer(12, "extended")], None),
        ([offer(0, "updated", start_date="2026-03-03"), offer(7, "rescinded"), offer(13, "extended")], "2026-03-03"),
        ([offer(7, "updated", start_date="2026-03-01"), offer(7, "rescinded"), offer(8, "extended")], None),
        ([offer(7, "rescinded"), offer(8, "extended", start_date="2026-03-01")], "2026-03-01"),
    ],
)
def test_a_start_date_of_an_earlier_life_stays_until_it_is_over(said: list[Said], start: str | None) -> None:
    found = offer_of(OFFERED, *said).values.get("start_date")
    assert (found and found.isoformat()) == start


def test_who_said_that_an_offer_has_ended_is_known_even_after_an_erasure() -> None:
    erasure = events_of((0, "candidate.erased", {}))
    case = Case().fold(*erasure, *events_of(*[offer(1, "extended"), offer(2, "declined")]))
    [found] = facts_of(case, "c-1").entities["offer"]
    assert found.stamps["ended"] == found.stamps["stage"] == found.stamps["declined_at"]
    assert "ended" not in offer_of(OFFERED).stamps


@pytest.mark.parametrize("end", ["declined", "rescinded"])
def test_when_an_offer_ended_is_known_whichever_way_it_did(end: str) -> None:
    found = offer_of(OFFERED, offer(2, end))
    assert (found.values["ended_at"], found.stamps["ended_at"]) == (START + 2 * HOUR, found.stamps[f"{end}_at"])
    assert "ended_at" not in offer_of(OFFERED).values


def test_a_withdrawal_is_finished_by_the_first_message_in_each_form() -> None:
    """However the senders of the contacts number them."""
    found = offer_of(OFFERED, contact(5, "phone"), contact(3, "phone"), contact(4, "email"))
    assert (found.values["stage"], found.values["withdrawn_at"]) == ("withdrawn", START + 4 * HOUR)


def test_a_letter_whose_terms_are_taken_back_states_none() -> None:
    letter: dict[str, Any] = {"title": "Lead"}
    found = offer_of(OFFERED, offer(1, "letter_received", letter=letter), offer(2, "letter_received", letter=None))
    assert (found.values["letter"], "title" in found.values) == ("received", False)


def test_a_term_of_a_letter_that_no_rule_knows_is_left_out() -> None:
    """Cases can have been stored with terms that the schemas no longer have."""
    found = offer_of(OFFERED, offer(1, "letter_received", letter={"title": "Lead", "parking": True}))
    assert (found.values["title"], "parking" in found.values) == ("Lead", False)
