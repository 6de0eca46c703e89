"""Long lists in deliveries: erasures are all read, others up to a bound, with a note."""

import pathlib

from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.receipt import Receipt
from signpost.ingress.receiving import TranslationResult
from signpost.ingress.translate import translate
from tests.support.vendor_bodies import NOW, notes, take, types


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


def test_an_item_without_an_id_leaves_a_note_beside_the_others() -> None:
    offers = [{"id": None, "status": "accepted"}, {"id": 2, "status": "accepted"}]
    candidate = {"id": 7, "job-offers": offers}
    body = {"partner-event": {"id": "p1", "candidate": candidate}}
    result = take("teamtailor-partner", body)
    assert types(result) == ["offer.extended", "offer.accepted"]
    ends = [note.rpartition("the offer of ")[2] for note in notes(result)]
    left_out = "is missing, or no id: the event was left out (first in offer 1 of 2)"
    assert ends == [f"offer.extended {left_out}", f"offer.accepted {left_out}"]
    candidate["job-offers"] = offers[:1]
    result = take("teamtailor-partner", body)
    assert (types(result), notes(result)) == ([], []), "the reason says it"


def test_an_application_that_cannot_be_erased_leaves_a_note() -> None:
    def delete(*applications: object) -> TranslationResult:
        person = {"id": 9, "deleted_application_ids": list(applications)}
        return take("greenhouse", {"action": "delete_candidate", "payload": {"person": person}})

    result = delete(1, None, "2", {"id": 3})
    assert [event.subject for event in result.events] == ["9", "application:1", "application:2"]
    left_out = "the subject of candidate.erased is missing, or no id: the event was left out"
    (note,) = notes(result)
    assert note.endswith(f"{left_out} (first in application 2 of 4)")
    for one in (None, {"id": 3}):
        (note,) = notes(delete(one))
        assert note.endswith(left_out)


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
