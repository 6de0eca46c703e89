"""What an erasure covers: the cases of a candidate, and what belongs to them."""

from signpost.case.erasure import of_case, of_entities, of_person


def test_a_person_is_their_cases_their_applications_and_what_is_known_under_their_keys() -> None:
    """A contact is an event, which is known by its own id."""
    keys, entities = {"c-1", "c-2"}, {("application", "a"), ("offer", "o"), ("contact", "ats e-1")}
    applied, offered = of_case("application:a"), set(of_entities(keys, {("offer", "o")}))
    assert len(offered) == 2, "each key has its own offer of this name"
    assert of_person(keys, entities) == {of_case("c-1"), of_case("c-2"), applied, *offered}
