"""What messages suggest for a misspelt name, or for one that is not written to its end."""

from signpost.suggestions import did_you_mean, is_misspelt, meant, nearest, stand_in

RULES = ["ask-benefits", "ask-visa-sponsorship", "ask-why"]


def test_the_only_name_that_begins_so_comes_first() -> None:
    assert did_you_mean("ask-visa", RULES) == "; did you mean ask-visa-sponsorship?"
    assert nearest("ask-v", RULES) == "ask-visa-sponsorship"
    assert meant("ask-visa", RULES) == "did you mean ask-visa-sponsorship or ask-benefits?"


def test_the_beginning_of_several_names_or_of_few_letters_stands_for_none() -> None:
    assert nearest("benefits", ["benefits_of_health_cover", "benefits_of_retirement_plans"]) == ""
    assert nearest("as", ["ask-visa-sponsorship"]) == ""


def test_a_key_that_is_not_written_to_its_end_is_misspelt_and_not_missing() -> None:
    assert is_misspelt("visible_to_everybody", ["vis"], ["type", "visible_to_everybody"])
    assert not is_misspelt("type", ["vis"], ["type", "visible_to_everybody"])


def test_the_only_unknown_word_stands_for_the_only_missing_name() -> None:
    known, required = ["when", "act", "title"], ["when", "title"]
    assert stand_in(["if", "title"], known, required) == {"if": "when"}
    for words in (["if", "title", "note"], ["if"], ["acts", "title"], ["if", "when", "title"], ["title"]):
        assert stand_in(words, known, required) == {}, words
