"""The terms of an offer that count: as stated, as counteroffers change them, and as letters state them."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import Entity, facts_of

START = parse_instant("2026-03-02T12:00:00Z")
Said = tuple[float, str, dict[str, Any]]
EARLY, LATE = "2026-04-06", "2026-05-04"


def offer_of(*said: Said, offsets: dict[str, int] | None = None) -> Entity:
    """The offer of events given as (hours, type, data)."""
    events = [
        Event("t", "s", f"e-{number}", f"offer.{name}", START + int(hours * HOUR), "c-1", data, offsets=offsets or {})
        for number, (hours, name, data) in enumerate(said)
    ]
    [found] = facts_of(Case().fold(*events), "c-1").entities["offer"]
    return found


def offer(hours: float, name: str, **data: Any) -> Said:
    return hours, name, {"offer": "o", **data}


def letter(hours: float, **terms: Any) -> Said:
    return offer(hours, "letter_received", letter=terms)


def money(amount: str, per: str = "year") -> dict[str, str]:
    return {"amount": amount, "currency": "USD", "per": per}


OFFERED = offer(0, "extended", start_date=EARLY)


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ([letter(1, start_date=LATE)], EARLY),
        ([letter(1, start_date=LATE), offer(2, "letter_signed")], LATE),
        ([letter(0, start_date=LATE), offer(2, "letter_signed")], LATE),
        ([letter(1, start_date=None), offer(2, "letter_signed")], EARLY),
        ([letter(1, start_date=LATE), offer(2, "letter_signed"), offer(3, "updated", start_date=EARLY)], EARLY),
        ([letter(1, start_date=LATE), offer(2, "letter_signed"), offer(3, "letter_received")], EARLY),
        ([letter(1, start_date=LATE), offer(2, "letter_signed"), offer(3, "rescinded"), offer(4, "extended")], EARLY),
    ],
)
def test_the_terms_of_a_signed_letter_count_until_others_are_stated(said: list[Said], start: str) -> None:
    found = offer_of(OFFERED, *said)
    assert found.values["start_date"].isoformat() == start
    assert found.stamps["start_date"][2] == ("e-1" if start == LATE else found.stamps["start_date"][2])


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ([offer(2, "countered", start_date=LATE)], EARLY),
        ([offer(2, "countered", start_date=LATE), offer(2, "accepted")], LATE),
        ([offer(2, "countered", start_date=LATE), offer(3, "accepted")], LATE),
        ([offer(2, "countered", start_date=LATE), offer(3, "accepted"), offer(4, "updated", start_date=EARLY)], EARLY),
        ([offer(2, "countered"), offer(3, "accepted")], EARLY),
        ([offer(2, "countered", start_date=LATE), offer(3, "letter_signed")], LATE),
        ([offer(2, "countered", start_date=LATE), offer(3, "letter_received"), offer(4, "letter_signed")], LATE),
        ([offer(1, "letter_received"), offer(2, "countered", start_date=LATE), offer(4, "letter_signed")], EARLY),
        ([offer(2, "countered", start_date=LATE), offer(3, "letter_received")], EARLY),
        (
            [offer(2, "countered", start_date=LATE), offer(3, "withdrawn"), offer(4, "extended"), offer(5, "accepted")],
            EARLY,
        ),
    ],
)
def test_a_counteroffer_changes_the_terms_once_it_is_accepted(said: list[Said], start: str) -> None:
    found = offer_of(OFFERED, offer(1, "accepted", by="verbal"), *said)
    assert found.values["start_date"].isoformat() == start


def test_a_signed_letter_counts_before_an_earlier_counteroffer() -> None:
    said = [OFFERED, offer(1, "countered", start_date="2026-04-20"), offer(2, "accepted"), letter(3, start_date=LATE)]
    assert offer_of(*said).values["start_date"].isoformat() == "2026-04-20"
    assert offer_of(*said, offer(4, "letter_signed")).values["start_date"].isoformat() == LATE
    assert offer_of(*said, offer(4, "letter_signed")).values["letter_start_date"].isoformat() == LATE


def test_every_term_that_only_a_letter_states_is_known() -> None:
    terms = {"conditions": ["references"], "benefits": {"dental": True, "health": None}, "bonus": False, "team": "Data"}
    found = offer_of(offer(0, "extended", team="Sales", benefits={"vision": False}), letter(1, **terms))
    assert found.values["conditions"] == ["references"]
    assert (found.values["benefits.dental"], found.values["benefits.vision"], found.values["bonus"]) == (
        True,
        False,
        False,
    )
    assert found.values["team"] == "Sales"
    assert "benefits.health" not in found.values
    assert offer_of(letter(1, benefits=None)).values["letter"] == "received"


def test_a_day_to_answer_by_ends_where_the_employer_or_the_sender_is() -> None:
    by = letter(1, respond_by="2026-03-06")
    assert offer_of(by).values["respond_by"] == parse_instant("2026-03-06T23:59:59Z")
    west = offer_of(by, offsets={"time": -300})
    assert (west.values["respond_by"], west.offsets["respond_by"]) == (parse_instant("2026-03-06T23:59:59-05:00"), -300)
    berlin = offer_of(offer(0, "extended", employer={"time_zone": "Europe/Berlin"}), by, offsets={"time": -300})
    assert berlin.values["respond_by"] == parse_instant("2026-03-06T23:59:59+01:00")
    assert offer_of(letter(1, respond_by="2026-03-06T17:00:00Z")).values["respond_by"] == parse_instant(
        "2026-03-06T17:00:00Z"
    )


def test_the_place_of_a_letter_completes_or_replaces_that_of_the_offer() -> None:
    berlin = offer(0, "extended", location={"city": "Berlin", "country": "DE"})
    signed = offer(2, "letter_signed")
    completed = offer_of(berlin, letter(1, location={"city": "BERLIN", "region": "Berlin"}), signed).values
    assert (completed["city"], completed["region"], completed["country"]) == ("BERLIN", "Berlin", "DE")
    replaced = offer_of(berlin, letter(1, location={"city": "Hamburg"}), signed)
    assert (replaced.values["city"], replaced.values["location"]) == ("Hamburg", {"city": "Hamburg"})
    assert "country" not in replaced.values
    assert offer_of(letter(1, location={"region": "Ohio"})).values["region"] == "Ohio"


def test_pay_by_the_hour_is_for_the_hours_of_the_letter() -> None:
    offered = offer(0, "extended", salary=money("30", "hour"))
    assert offer_of(offered, letter(1, hours_per_week=20)).values["salary"].annual == 31200
    found = offer_of(
        offered, letter(1, salary=money("40", "hour"), hours_per_week=20), offer(2, "updated", hours_per_week=10)
    )
    assert (found.values["salary"].annual, found.values["letter_salary"].annual) == (15600, 41600)


REFERENCES = offer(0, "extended", conditions=["references"])
CLEARED = offer(2, "updated", conditions_cleared=True)


@pytest.mark.parametrize(
    ("said", "conditions", "cleared"),
    [
        ([], ["references"], True),
        ([offer(3, "updated", conditions=["references"])], ["references"], True),
        ([offer(3, "updated", conditions=["references", "medical"])], ["medical"], None),
        ([offer(2, "updated", conditions=["medical"])], ["medical"], True),
        (
            [offer(3, "updated", conditions=["medical"]), offer(4, "updated", conditions=["references"])],
            ["references"],
            True,
        ),
        (
            [offer(3, "updated", conditions=["medical"]), offer(4, "updated", conditions_cleared=True)],
            ["medical"],
            True,
        ),
        ([letter(3, conditions=["medical"]), offer(4, "letter_signed")], ["medical"], None),
        ([offer(3, "countered", conditions=["permit"]), offer(4, "accepted")], ["permit"], None),
        ([offer(3, "updated", conditions=[])], [], True),
        ([offer(3, "updated", conditions_cleared=False)], ["references"], False),
    ],
)
def test_a_condition_is_open_if_it_was_first_named_after_the_others_were_cleared(
    said: list[Said], conditions: list[str], cleared: bool | None
) -> None:
    values = offer_of(REFERENCES, CLEARED, *said).values
    assert (values["conditions"], values.get("conditions_cleared")) == (conditions, cleared)
