"""`signpost sources new-vendor` on lists of keys and values, and on times and ids about the webhook."""

import json

import pytest

from signpost.cli.sources.new_vendor import make_mapping

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
