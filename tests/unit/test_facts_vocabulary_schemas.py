"""What the vocabulary takes from the schemas of events: types, choices and meanings, and the checks of own fields."""

import pytest

from signpost.facts.vocabulary import KINDS, STEPS, Field, _choices, _declared, _instants, _present
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.fields import Integer, Text
from signpost.schemas.meanings import MEANINGS


def test_every_field_says_what_it_means() -> None:
    found = {kind: {name: field.meaning for name, field in fields.items()} for kind, fields in KINDS.items()}
    assert found == {kind: {name: MEANINGS[kind][name] for name in fields} for kind, fields in found.items()}
    assert all(text for texts in found.values() for text in texts.values())


def test_an_event_declares_the_fields_of_its_schema_that_are_no_objects_of_fields() -> None:
    """Those have fields of their own, such as `benefits.dental`."""
    found = {field.name: field for field in _declared("offer.extended", ("offer", "application"))}
    assert found.keys() == EVENT_SCHEMAS["offer.extended"]().fields.keys() - {
        *("offer", "application", "employer", "benefits", "custom")
    }
    assert (found["paid_leave_days"].type, found["title"].type, found["travel_percent"].type) == (
        "days",
        "text",
        "number",
    )
    assert found["workplace"].choices == ("onsite", "hybrid", "remote")
    assert found["title"].choices == ()
    assert not any(field.private for field in found.values())
    assert all(field.private for field in _declared("candidate.preferences", private=True))


def test_the_choices_of_a_field_are_those_of_the_schema() -> None:
    assert _choices("offer.accepted", "by") == ("verbal", "written")
    assert KINDS["offer"]["accepted_by"].choices == ("verbal", "written")


def test_terms_of_the_present_job_are_private_fields_of_the_candidate() -> None:
    found = {field.name: field for field in _present(["salary", "team"])}
    assert {name for name in found if "benefits" not in name} == {"present_salary", "present_team"}
    assert "present_benefits.dental" in found
    assert all(field.private for field in found.values())
    assert found.keys() <= KINDS["candidate"].keys()


def test_instants_are_public_unless_they_are_the_candidates_alone() -> None:
    assert list(_instants("held_at", "met_at")) == [Field("held_at", "instant"), Field("met_at", "instant")]
    assert list(_instants("planned_at", private=True)) == [Field("planned_at", "instant", private=True)]


def test_a_field_is_public_unless_it_is_declared_private() -> None:
    assert not Field("custom.fit", "number").private
    assert all(KINDS["interview"][f"prepared.{step}"].private for step in STEPS)


def test_fields_are_the_same_whatever_checks_their_values() -> None:
    """Two versions of a rulebook have checks of their own."""
    assert Field("custom.fit", "number", own=Integer()) == Field("custom.fit", "number", own=Integer())


@pytest.mark.parametrize("other", ["interview", "candidate"])
def test_the_own_fields_of_a_vocabulary_are_those_that_its_rulebook_declares(other: str) -> None:
    check = Text()
    own = KINDS.with_own({"offer": [Field("visa", "text", own=check)], other: []})
    assert own.own_kinds == {**{kind: {} for kind, _ in KINDS.items()}, "offer": {"visa": check}}
    assert {kind: [*fields] for kind, fields in own.own.items() if fields} == {"offer": ["visa"]}
    assert not any(KINDS.own_kinds.values())
    assert hash(own) == hash(KINDS.with_own({"offer": [Field("visa", "text", own=Text())]}))
    assert hash(own) != hash(KINDS)
