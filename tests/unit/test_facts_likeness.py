"""Which texts and places mean the same."""

import pytest

from signpost.facts.employer_names import plain
from signpost.facts.likeness import same_place, same_text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Data Analyst \u2013 Berlin", "data analyst - berlin"),
        ("Product Designer", "Product Designer (m/f/d)"),
        ("Product Designer (M/W/D), Berlin", "Product Designer , Berlin"),
        ("Chef de projet H/F", "Chef de projet"),
        ("Engineer (all genders)", "Engineer"),
        ("Z\u00fcrich", "Zurich"),
        ("Sales  Manager ", "Sales Manager"),
        ("Stra\u00dfe", "STRASSE"),
        ("Product-Designer", "Product Designer"),
        ("Sr. Analyst, Data", "Sr Analyst Data"),
        ("Ph.D. Student", "PhD student"),
    ],
)
def test_a_text_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert same_text(one, other)
    assert same_text(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Analyst", "Senior Analyst"),
        ("Engineer (AI/ML)", "Engineer"),
        ("Front-end Developer", "Backend Developer"),
        ("\u304c", "\u304b"),  # a mark makes another letter
        ("Team M", "Team"),
        ("C++ Developer", "C Developer"),
        ("Level 1.5", "Level 15"),
    ],
)
def test_another_text_differs(one: str, other: str) -> None:
    assert not same_text(one, other)


@pytest.mark.parametrize(
    "name",
    ["Acme", " ACME ", "Acme, Inc.", "acme inc", "Acme Ltd", "Acme GmbH & Co. KG", "Acme S.p.A.", "Ac\u0301me Co."],
)
def test_an_employer_is_the_same_without_its_legal_form(name: str) -> None:
    assert plain(name) == "acme"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Acme Labs Inc", "acme labs"),
        ("The Company", "the company"),
        ("Amazon.com Inc.", "amazon.com"),
        ("St. Louis Corp.", "st louis"),
        ("Company Nine", "company nine"),
        ("dept-sa", "dept-sa"),  # an id
        ("acct.se", "acct.se"),
        ("Co", "co"),
    ],
)
def test_other_words_of_an_employer_count(name: str, key: str) -> None:
    assert plain(name) == key


def test_places_agree_in_what_both_state() -> None:
    assert same_place({"city": "Z\u00fcrich", "country": None}, {"city": "Zurich", "country": "CH"})
    assert same_place({"region": "Ohio"}, {"region": "US-OH"})
    assert same_place({"region": "Z\u00fcrich"}, {"region": "Zurich"})
    assert not same_place({"city": "OH"}, {"city": "Ohio"})
    assert same_place({"city": "Berlin"}, {"country": "DE"})
    assert not same_place({"city": "Berlin", "country": "DE"}, {"city": "Berlin", "country": "US"})
