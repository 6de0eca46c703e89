"""`signpost sources new-vendor` on lists of keys and values, and on times and ids about the webhook."""

import json
from pathlib import Path

import pytest

from signpost.cli.sources.new_vendor import make_mapping
from tests.support.own_mappings import call

PAIRS = [
    {"key": "person.ref", "value": "P-9"},
    {"key": "Person ref", "value": "P-8"},
    {"key": "yes", "value": 1},
    {"key": "event", "value": 2},
]


@pytest.mark.parametrize("is_array", [False, True])
def test_each_key_of_a_list_of_keys_and_values_gets_a_name_for_let(is_array: bool) -> None:
    body = {"event": "offer_sent", "candidate": {"id": 5}, "more": {"pairs": PAIRS}}
    text, gives = make_mapping("fresh", "hook.json", json.dumps([body] if is_array else body).encode(), {})
    assert gives == ["offer.extended"]
    where = "item.more.pairs" if is_array else "more.pairs"
    lines = [line.removeprefix("#") for line in text.partition("keys and values.")[2].splitlines()[2:]]
    assert lines == [
        "    let:",
        f"      person_ref: {{item_of: {where}, where: {{key: person.ref}}}}",
        f"      person_ref_: {{item_of: {where}, where: {{key: Person ref}}}}".replace("Person ref", '"Person ref"'),
        f'      "yes": {{item_of: {where}, where: {{key: "yes"}}}}',
        f"      event_: {{item_of: {where}, where: {{key: event}}}}",
    ]


NESTED = {
    "event": "offer_sent",
    "parts": [
        {"for": {"candidate_id": 5}, "fields": PAIRS[:1], "rounds": [{"bits": [{"name": "slot", "val": 1}]}]},
        {"for": {"candidate_id": 5}, "fields": [{"key": "pay", "value": 7}, {"key": "item", "value": 8}]},
        None,
    ],
}


@pytest.mark.parametrize("is_array", [False, True])
def test_lists_of_keys_and_values_inside_other_lists_are_named_through_each(is_array: bool) -> None:
    text, gives = make_mapping("fresh", "hook.json", json.dumps([NESTED] if is_array else NESTED).encode(), {})
    assert gives == ["offer.extended"]
    outer, first = ("item.parts", 'item: "*", ') if is_array else ("parts", "")
    fields, bits = (part.splitlines() for part in text.split("# The items of ")[1:])
    assert fields[0].startswith(f"{outer}.*.fields are keys and values.")
    assert fields[1:8] == [
        "# value then has the path person_ref.value:",
        f"#    each: {{{first}parts_item: {outer}}}  # events of its own for every item;",
        f"#    # for one event of all items, no `each`, and `item_of: {outer}.*.fields.*`: the first with the key",
        "#    let:",
        "#      person_ref: {item_of: parts_item.fields, where: {key: person.ref}}",
        "#      pay: {item_of: parts_item.fields, where: {key: pay}}",
        "#      item_: {item_of: parts_item.fields, where: {key: item}}",
    ]
    assert bits[0].startswith(f"{outer}.*.rounds.*.bits are keys and values.")
    assert f"#    each: {{{first}parts_item: {outer}, rounds_item: parts_item.rounds}}" in bits[2]
    assert bits[-1] == "#      slot: {item_of: rounds_item.bits, where: {name: slot}}"


def test_the_lines_for_lists_inside_lists_find_the_values(tmp_path: Path) -> None:
    pairs = [{"key": "ref", "value": "P-9"}]
    body = {"event": "offer_sent", "parts": [[{"items": [{"items": pairs}], "person": {"id": 1}}]]}
    (tmp_path / "hook.json").write_text(json.dumps(body))
    call(tmp_path, "sources", "new-vendor", "fresh", "--from", str(tmp_path / "hook.json"))
    text = (tmp_path / "vendors" / "fresh.yaml").read_text()
    lines = text.partition("keys and values.")[2].splitlines()[2:]
    named = "\n".join(line.removeprefix("#") for line in lines)
    assert "each: {parts_item: parts, parts_item_1: parts_item, items_item: parts_item_1.items}" in named
    text = text.replace("    subject: parts.0.0.person.id", f"{named}\n    subject: ref.value")
    (tmp_path / "vendors" / "fresh.yaml").write_text(text)
    [found] = json.loads(call(tmp_path, "sources", "check", "fresh", "--json").output)
    assert [one["subject"] for one in found["samples"][0]["events"]] == ["P-9"], found


@pytest.mark.parametrize(
    "pairs", [[], [1], [{"key": "a"}], [{"value": 1}], [{"key": 5, "value": 1}], [{"name": "a\nb", "value": 1}]]
)
def test_another_list_is_none_of_keys_and_values(pairs: list[object]) -> None:
    text, _ = make_mapping("fresh", "hook.json", json.dumps({"event": "offer_sent", "pairs": pairs}).encode(), {})
    assert "keys and values" not in text


def test_the_names_and_values_of_pairs_may_have_other_names() -> None:
    body = {"fields": [{"name": "pay", "val": 5}]}
    text, _ = make_mapping("fresh", "hook.json", json.dumps(body).encode(), {})
    assert "pay: {item_of: fields, where: {name: pay}}" in text
    assert "has the path pay.val:" in text


@pytest.mark.parametrize(
    ("meta", "time", "unit"),
    [
        ({"at": {"epoch": 1795860000}}, "meta.at.epoch", "seconds"),
        ({"sent_at": 1795860000123}, "meta.sent_at", "milliseconds"),
        ({"created": {"ts": "1795860000"}}, "meta.created.ts", "seconds"),
        ({"created": {"note_id": 1795860000}, "count": 1795860000}, "", ""),
    ],
)
def test_times_and_ids_about_the_webhook_are_found(meta: dict[str, object], time: str, unit: str) -> None:
    body = {"offer": {"id": 5}, "candidate": {"id": 5}, "meta": {**meta, "uid": "tb-1001"}}
    text, gives = make_mapping("fresh", "offer_sent.json", json.dumps(body).encode(), {"X-Event": "offer_sent"})
    assert gives == ["offer.extended"]
    assert "occurrence: meta.uid\n" in text
    assert (f"        time: {time}  #" in text) == (f"formats: {{unit: {unit}}}" in text) == bool(time)
