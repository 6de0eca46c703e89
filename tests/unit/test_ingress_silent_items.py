"""Items of an array that emit nothing: one of an unknown kind is told, one that is left out on purpose is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.receiving import TranslationResult, WebhookRequest, read
from signpost.ingress.vendors import VENDORS
from signpost.tenants.model import Source
from tests.support.vendor_bodies import NOW, notes, take, types

MAPPING = """
title: Talks
attested: made up
signature: {scheme: body, header: X-Talks}
event: {is: msgs}
occurrence: digest
events:
  - on: [msgs]
    each: {item: msgs}
    subject: item.who
    emit:
      - type: offer.extended
        when: {item.op: "offer:sent"}
        id: "offer-{item.id}-{occurrence}"
        time: item.at
        data: {offer: item.id}
      - type: interview.scheduled
        when: {item.op: "talk:set", item.state: booked}
        id: "talk-{item.id}-{occurrence}"
        time: item.at
        data: {interview: item.id}
ignored: {"talk:typing": says nothing}
samples: []
"""
SENT = {"op": "offer:sent"}
MOVED = "its conditions (when) do not hold: item.op 'talk:moved' is none of their words"


def receive(folder: Path, *items: dict[str, Any], mapping: str = MAPPING) -> TranslationResult:
    (folder / "talks.yaml").write_text(mapping)
    known = {"id": 7, "who": "p-1", "at": "2026-11-25T20:00:00Z"}
    raw = json.dumps({"msgs": [known | item for item in items]}).encode()
    vendor = load_mapping(folder / "talks.yaml")
    return read(WebhookRequest(vendor, Source("talks", "t", "talks", ("s",)), (b"s",), {}, raw, NOW))


def test_an_item_of_an_unknown_kind_is_noted_beside_others(tmp_path: Path) -> None:
    result = receive(tmp_path, SENT, {"op": "talk:moved"}, {"op": "talk:moved"}, {"op": "offer:seen"})
    assert (types(result), result.kind) == (["offer.extended"], "translated")
    assert notes(result) == [
        f"item 2 of 4 emits nothing: {MOVED}",
        f"item 4 of 4 emits nothing: {MOVED.replace('talk:moved', 'offer:seen')}",
    ]
    assert [one.partition(" is ")[0] for one in result.unknown_items] == [
        "item.op 'talk:moved'",
        "item.op 'offer:seen'",
    ]


@pytest.mark.parametrize("others", [[], [{"op": "talk:typing"}], [{"op": "talk:moved"}]])
def test_where_nothing_else_is_emitted_the_reason_says_it(tmp_path: Path, others: list[dict[str, Any]]) -> None:
    result = receive(tmp_path, *others, {"op": "talk:moved"})
    assert (result.reason, notes(result), len(result.unknown_items)) == (f"emits nothing: {MOVED}", [], 1)


def test_an_item_of_an_unknown_kind_is_noted_beside_one_that_lacks_its_id(tmp_path: Path) -> None:
    result = receive(tmp_path, SENT | {"who": None}, {"op": "talk:moved"})
    assert "the subject of offer.extended is missing" in result.reason
    assert notes(result) == [f"item 2 of 2 emits nothing: {MOVED}"]


@pytest.mark.parametrize("item", [{"op": "talk:typing"}, {"op": "offer:SENT", "who": ""}, {"op": None}, {}])
def test_an_item_that_is_known_leaves_no_note_of_its_kind(tmp_path: Path, item: dict[str, Any]) -> None:
    result = receive(tmp_path, SENT, item)
    assert result.unknown_items == ()
    assert not [note for note in notes(result) if "none of their words" in note]


@pytest.mark.parametrize("gate", ['{item.op: ["offer:sent", "talk:set"]}', "{item.who: unknown}"])
def test_what_a_condition_beside_on_leaves_out_is_left_out_on_purpose(tmp_path: Path, gate: str) -> None:
    mapping = MAPPING.replace("    subject:", f"    when: {gate}\n    subject:")
    assert receive(tmp_path, SENT, {"op": "talk:moved"}, mapping=mapping).unknown_items == ()


def test_a_state_beside_a_known_kind_is_told_too(tmp_path: Path) -> None:
    result = receive(tmp_path, SENT, {"op": "talk:set", "state": "moved"})
    assert result.unknown_items == ("item.state 'moved' is none of their words",)


@pytest.mark.parametrize(
    ("old", "kind"),
    [("op", "Ada Lovelace"), ("op", "ada@example.com"), ("op", "x" * 41), ("name", "ada"), ("answers.op", "ada")],
)
def test_a_word_that_may_be_personal_is_not_told(tmp_path: Path, old: str, kind: str) -> None:
    item: dict[str, Any] = {"answers": {"op": kind}} if "." in old else {old: kind}
    mapping = MAPPING.replace("item.op", f"item.{old}")
    result = receive(tmp_path, {"op": "offer:sent", "name": "offer:sent"}, item, mapping=mapping)
    assert result.unknown_items == (f"item.{old} is none of their words",)


def test_words_of_a_list_with_one_event_alone_are_no_kinds(tmp_path: Path) -> None:
    mapping = MAPPING[: MAPPING.index("      - type: interview")] + "samples: []\n"
    result = receive(tmp_path, SENT, {"op": "ada"}, mapping=mapping)
    assert result.unknown_items == ("item.op is none of their words",)


def test_an_offer_of_a_shipped_mapping_that_is_open_is_no_unknown_kind() -> None:
    offers = [{"id": 1, "status": "accepted"}, {"id": 2, "status": "open"}]
    result = take("teamtailor-partner", {"partner-event": {"id": "p", "candidate": {"id": 7, "job-offers": offers}}})
    assert (types(result), notes(result)) == (["offer.extended", "offer.accepted"], [])


@pytest.mark.parametrize("name", VENDORS)
def test_no_sample_of_a_shipped_mapping_has_an_unknown_item(name: str) -> None:
    vendor = VENDORS[name]
    for sample in vendor.samples if not vendor.speaks_ours else ():
        headers = {key.lower(): value for key, value in sample.headers.items()}
        assert take(name, sample.body(), headers).unknown_items == ()
