"""Which names of employers are the same, as people and systems write them."""

import pytest

from signpost.facts.employer_names import plain


@pytest.mark.parametrize(
    ("name", "same"),
    [("Crème Brûlée", "creme brulee"), ("Acme, Inc.", "ACME"), ("Acme S.A.", "acme"), ("A  b", "a b")],
)
def test_a_name_is_the_same_without_accents_and_legal_form(name: str, same: str) -> None:
    assert plain(name) == plain(same) == same.casefold()


@pytest.mark.parametrize("name", ["x.com", "e.on", "acme,inc", "inc"])
def test_a_name_or_id_of_one_word_keeps_its_points_and_commas(name: str) -> None:
    assert plain(name) == name
