"""Long lists in deliveries: erasures are all read, others up to a bound, with a note."""

import pathlib

from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.receipt import Receipt
from signpost.ingress.receiving import TranslationResult
from signpost.ingress.translate import translate
from tests.support.vendor_bodies import NOW, notes, take


def test_a_candidate_is_erased_with_every_application() -> None:
    def deleted(count: int) -> TranslationResult:
        person = {"id": 4242, "deleted_application_ids": list(range(50_000, 50_000 + count))}
        return take("greenhouse", {"action": "delete_candidate", "payload": {"person": person}})

    result = deleted(1200)
    assert (len(result.events), notes(result)) == (1201, [])
    assert len({event.subject for event in result.events}) == 1201
    cut = deleted(5001)
    assert len(cut.events) == 5001
    assert notes(cut) == ["'application' has 5001 items: those after the first 5000 were left out"]


def test_a_list_that_is_too_long_leaves_a_note() -> None:
    offers = [{"id": number, "status": "accepted"} for number in range(1002)]
    candidate = {"id": 7, "job-offers": offers}
    result = take("teamtailor-partner", {"partner-event": {"id": "p1", "candidate": candidate}})
    assert len(result.events) == 2000
    assert "'offer' has 1002 items: those after the first 1000 were left out" in notes(result)


def test_a_list_of_candidates_to_erase_is_longer_than_others_wherever_its_loop_stands(tmp_path: pathlib.Path) -> None:
    mapping = """
title: Erasing
attested: made up
signature: {scheme: "standard-webhooks"}
event: kind
events:
  - on: erased
    each: {person: people}
    subject: person
    emit:
      - type: candidate.erased
        id: "erased-{person}"
  - on: hired
    each: {person: people}
    subject: person
    emit:
      - type: offer.accepted
        id: "hired-{person}"
        data: {offer: person}
samples: []
"""
    (tmp_path / "erasing.yaml").write_text(mapping)
    vendor, people = load_mapping(tmp_path / "erasing.yaml"), [f"p{number}" for number in range(1200)]

    def count(kind: str) -> int:
        return len(translate(vendor, {}, {"kind": kind, "people": people}, Receipt("erasing/acme", NOW, "d")))

    assert count("erased") == 1200
    assert count("hired") == 1000
