"""Which rules the facts of a tenant's sources leave without a chance: never one that could hold."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from signpost.doctor.tellable import Told, impossible_rules, tellable, told_by
from signpost.facts.vocabulary import KINDS
from signpost.ingress.vendors import VENDORS
from signpost.rulebook import Rulebook, load
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.documents.event_examples import EVENT_DATA
from signpost.tenants.model import Source
from tests.support.rulebooks import RULES, every_term

EVERYTHING: Told = {
    name: [field.data_key or key for key, field in EVENT_SCHEMAS[name]().fields.items()] for name in EVENT_DATA
}


@cache
def shipped() -> Rulebook:
    return load(RULES)


def impossible(told: Told) -> Mapping[str, str]:
    return impossible_rules(shipped(), tellable([told], (), shipped().vocabulary))


def told(**events: str) -> Told:
    """Events by their types with one underscore for the point, and the members of their data."""
    return {name.replace("_", ".", 1): members.split() for name, members in events.items()}


def test_who_tells_everything_leaves_no_fact_and_no_rule_without_a_chance() -> None:
    known = tellable([EVERYTHING], (), KINDS)
    untold = {kind: set(fields) - known.fields[kind] for kind, fields in KINDS.items()}
    assert not any(untold.values()), untold
    assert impossible_rules(shipped(), known) == {}


def test_every_kind_of_term_can_hold_if_all_is_told_and_own_fields_are_filled(tmp_path: Path) -> None:
    rulebook = every_term(tmp_path)
    known = tellable([EVERYTHING], (), rulebook.vocabulary)
    found = impossible_rules(rulebook, known)
    assert found["offer-own-days"] == "offer.probation_period"
    assert "offer-own-unknown" not in found
    for kind, fields in rulebook.vocabulary.own.items():
        known.fields[kind] |= set(fields)
    assert impossible_rules(rulebook, known) == {}


def test_without_any_event_only_what_needs_nothing_can_hold() -> None:
    assert set(impossible({}).values()) >= {"offer", "interview", "application", "candidate.employed"}


def test_a_stage_needs_the_event_that_leads_to_it() -> None:
    only_open = impossible(told(offer_extended="offer employer"))
    assert only_open["review-letter"] == "offer.letter received"
    assert "review-letter" not in impossible(told(offer_extended="offer employer", offer_letter_received="offer"))


@pytest.mark.parametrize("vendor", ["greenhouse", "ashby", "recruitee"])
def test_a_vendor_leaves_the_rules_that_its_mapping_can_feed(vendor: str) -> None:
    source = Source("s", "acme", vendor, ("x" * 16,), employer={"id": "g"})
    found = impossible(told_by(VENDORS[vendor], source))
    assert "candidate.employed" in found.values()
    assert ("offer" in found.values()) is (vendor == "recruitee")
    assert 0 < len(found) < len(shipped().rules)


def test_a_custom_field_of_a_source_tells_its_term() -> None:
    source = Source("s", "acme", "greenhouse", ("x" * 16,))
    before = impossible(told_by(VENDORS["greenhouse"], source))
    mapped = Source("s", "acme", "greenhouse", ("x" * 16,), fields={"workplace": "Workplace", "custom.car": "Car"})
    after = impossible(told_by(VENDORS["greenhouse"], mapped))
    assert "offer.workplace" in before.values()
    assert "offer.workplace" not in after.values()
