"""Own fields from vendors: mappings and sources name them, for each item of a list too."""

import json
from pathlib import Path

import pytest

from signpost.case.instant import parse_instant
from signpost.doctor.tellable import own_told_by
from signpost.ingress.checking import try_samples
from signpost.ingress.mapping_reader import MappingError, load_mapping
from signpost.ingress.receipt import Receipt
from signpost.ingress.scope import Trace
from signpost.ingress.translate import translate
from signpost.ingress.unmatched import unmatched
from signpost.ingress.vendors import VENDORS
from signpost.tenants.model import Source
from tests.support.own_folders import own

NOW = parse_instant("2026-03-02T14:00:00Z")


def test_vendors_custom_fields_are_told_as_own_fields(tmp_path: Path) -> None:
    custom = {"probation": {"type": "short_text", "value": "90"}, "shift": {"type": "x", "value": "dusk"}}
    payload = {"id": 7, "application_id": 8, "sent_on": "2026-03-01", "offer_status": "Created"}
    body = {"action": "offer_created", "payload": payload | {"custom_fields": custom}}
    fields = {"custom.probation_period": "probation", "custom.shift": "shift", "custom.needs_visa": "probation"}
    receipt = Receipt("greenhouse/acme", NOW, "d", fields=fields, own=own(path=tmp_path))
    notes: list[str] = []
    documents = translate(VENDORS["greenhouse"], {}, body, receipt, notes)
    emitted = {one["type"]: one["data"].get("custom") for one in documents}
    assert emitted["signpost.offer.updated.v1"] == {"probation_period": 90}
    place = "custom.shift (fields of source acme: shift)"
    assert any(note.startswith(f"{place} was left out: its value cannot be read; ") for note in notes)


PEOPLE = """
title: People
attested: made up
signature: {scheme: body}
event: kind
occurrence: id
events:
  - on: [deal]
    subject: person.id
    emit:
      - type: offer.extended
        each: {person: people}
        id: "{person.id}-{occurrence}"
        data: {offer: person.id}
        terms:
          title: person.role
          CUSTOM: person.deal.days
samples: []
"""


@pytest.mark.parametrize("by", ["mapping", "source"])
def test_own_fields_are_mapped_for_each_item_of_a_list(tmp_path: Path, by: str) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(PEOPLE.replace("CUSTOM", "custom.probation_period" if by == "mapping" else "location"))
    people = [
        {"id": 1, "deal": {"days": 90}},
        {"id": 2},
        {"id": 3, "deal": {"days": "120"}},
        {"id": 4, "deal": {"days": []}},
    ]
    people.append({"id": 5, "deal": {"days": "long"}})
    fields = {"custom.probation_period": "person.deal.days"} if by == "source" else {}
    receipt, notes = Receipt("people/acme", NOW, "d", fields=fields, own=own(path=tmp_path / "own")), list[str]()
    documents = list(translate(load_mapping(file), {}, {"kind": "deal", "id": "e", "people": people}, receipt, notes))
    custom = {one["subject"]: one["data"].get("custom") for one in documents}
    assert custom == {"1": {"probation_period": 90}, "2": None, "3": {"probation_period": 120}, "4": None, "5": None}
    [note] = [one for one in notes if "probation_period" in one]
    place = "people.yaml:17:36: custom.probation_period"
    if by == "source":
        place = "custom.probation_period (fields of source acme: person.deal.days)"
    assert note.startswith(f"{place} was left out: ")
    assert note.endswith(" (first in person 5 of 5)")


def test_a_mapped_own_field_that_no_rulebook_declares_leaves_a_note(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(PEOPLE.replace("CUSTOM", "custom.probation_perod"))
    vendor, receipt = load_mapping(file), Receipt("people/acme", NOW, "d", own=own(path=tmp_path / "own"))

    def notes_about(deal: dict[str, int]) -> list[str]:
        notes: list[str] = []
        body = {"kind": "deal", "id": "e", "people": [{"id": 1, "deal": deal}]}
        assert len(list(translate(vendor, {}, body, receipt, notes))) == 1
        return [one for one in notes if "custom" in one]

    [note] = notes_about({"days": 90})
    assert note.startswith("people.yaml:17:35: custom.probation_perod was left out: no fields.yaml declares it")
    assert note.endswith(" as a field of offer; did you mean probation_period?")
    assert notes_about({}) == [], "no value is left out"


def test_a_sample_with_nothing_but_an_own_field_gives_its_event(tmp_path: Path) -> None:
    """Samples are tried without a rulebook, which could declare the field."""
    text = PEOPLE.replace("CUSTOM", "custom.probation_period").replace("          title: person.role\n", "")
    file = tmp_path / "people.yaml"
    file.write_text(
        text.replace(
            "samples: []",
            "        only_with_terms: true\nsamples: [{file: one.json, attested: made up, gives: [offer.extended]}]",
        )
    )
    (tmp_path / "samples" / "people").mkdir(parents=True)
    sample = {"kind": "deal", "id": "e", "people": [{"id": 1, "deal": {"days": 90}}, {"id": 2}]}
    (tmp_path / "samples" / "people" / "one.json").write_text(json.dumps(sample))
    vendor, trace = load_mapping(file), Trace()
    [tried] = try_samples(vendor, NOW, trace=trace)
    assert (tried.gave, tried.problem) == (("offer.extended",), "")
    assert list(unmatched(vendor, trace)) == []
    source = Source("s", "acme", "people", ("x" * 16,), fields={"custom.shift": "shift", "title": "role"})
    assert own_told_by(vendor, source) == {"probation_period", "shift"}


def test_a_mapping_gives_own_fields_only_to_events_that_take_them(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    text = PEOPLE.replace("CUSTOM", "custom.probation_period").replace("offer.extended", "offer.accepted")
    file.write_text(text.replace("title: person.role", "by: person.by"))
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    [problem] = caught.value.problems
    assert str(problem).startswith(
        "people.yaml:17:11: R020 offer.accepted has no field 'custom.probation_period' (events with fields of your own"
    )
