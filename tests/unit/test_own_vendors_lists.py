"""Lists in an own mapping: of rows like [key, value], and what `sources check` says where something else stands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signpost.cli.sources.new_vendor import make_mapping
from tests.support.own_mappings import HUNTFLOW, call, own_mappings

BODY: dict[str, Any] = {
    "event": {"type": "OFFER_SENT", "id": "e-1", "candidate": {"id": 4}},
    "meta": [["msg", "m-1"], ["ts", "24.11.2026 10:15"], [], 5, {"0": "ts"}],
    "offers": [{"nr": 31, "name": "Data engineer", "tags": {"a": {"tag": "x"}}}],
}
MAPPING = (
    HUNTFLOW[: HUNTFLOW.index("    subject:")]
    + """    each: {offer: offers}
    let: {sent: {item_of: meta, where: {0: ts}}}
    subject: event.candidate.id
    emit:
      - type: offer.extended
        id: "offer-{offer.nr}-{occurrence}"
        time: sent.1
        data: {offer: offer.nr}
        terms: {title: offer.name}
"""
    + HUNTFLOW[HUNTFLOW.index("samples:") :]
)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


def checked(own: Path, text: str, **body: object) -> dict[str, Any]:
    (own / "huntflow.yaml").write_text(text)
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(json.dumps({**BODY, **body}))
    [found] = json.loads(call(own.parent, "sources", "check", str(own / "huntflow.yaml"), "--json").output)
    return dict(found)


def test_an_item_of_a_list_of_keys_and_values_is_found_by_its_key(own: Path) -> None:
    found = checked(own, MAPPING)
    assert (found["problems"], found["unmatched"]) == ([], [])
    assert [event["time"] for event in found["samples"][0]["events"]] == ["2026-11-24T09:15:00Z"]


@pytest.mark.parametrize(
    ("old", "new", "body", "told"),
    [
        ("", "", {"offers": {"31": {"nr": 31}}}, "11:19: 'offers' is an object, and each needs a list"),
        ("", "", {"offers": 5}, "11:19: 'offers' is a number, and each needs a list"),
        ("{offer: offers}", "{offer: offers, tag: offer.tags}", {}, "11:32: 'offer.tags' is an object, and each needs"),
        ("item_of: meta,", "item_of: $.event,", {}, "12:27: '$.event' is an object, and item_of needs a list"),
    ],
)
def test_what_stands_in_place_of_a_list_is_told_alone(
    own: Path, old: str, new: str, body: dict[str, object], told: str
) -> None:
    [line] = checked(own, MAPPING.replace(old, new), **body)["unmatched"]
    assert line.startswith(f"huntflow.yaml:{told}")


def test_a_list_in_one_of_several_samples_is_enough(own: Path) -> None:
    (own / "samples" / "huntflow" / "other.json").write_text(json.dumps({**BODY, "offers": {"31": {}}}))
    more = "samples:\n  - {file: other.json, attested: made up, gives: []}\n"
    assert checked(own, MAPPING.replace("samples:\n", more))["unmatched"] == []


@pytest.mark.parametrize(
    ("path", "hint"), [("nmae", "; did you mean name?"), ("zzz", ""), ("tags.aa", "; did you mean tags.a?")]
)
def test_a_misspelt_member_in_a_condition_on_items_is_named(own: Path, path: str, hint: str) -> None:
    item = f"item_of: offers, where: {{{path}: Data engineer}}"
    [line] = checked(own, MAPPING.replace("item_of: meta, where: {0: ts}", item))["unmatched"]
    assert line.endswith(f": the condition on {path!r} matched nothing in any sample{hint}")


@pytest.mark.parametrize(("key", "path"), [("occurrence", "offer.nr"), ("event", "offer.nr"), ("occurrence", "sent.1")])
def test_a_name_that_has_no_value_yet_is_told(own: Path, key: str, path: str) -> None:
    old = {"occurrence": "occurrence: event.id", "event": "event: event.type"}[key]
    lines = checked(own, MAPPING.replace(old, f"{key}: [{path}, {old.partition(': ')[2]}]"))["unmatched"]
    name = path.partition(".")[0]
    told = f"{key} is read before let and each, so {name!r} is no name there"
    assert [line.partition("; ")[2] for line in lines] == [told]


def test_a_first_mapping_lists_the_path_of_every_value_of_rows() -> None:
    rows = {"meta": [["msg", "m-1"], ["ts", 1795890000123]], "parts": [[{"a": 1}], [{"b": 2}]], "tags": ["x", "y"]}
    text, _ = make_mapping("fresh", "hook.json", json.dumps({**rows, "mixed": [["x"], 5]}).encode(), {})
    paths = [line[4:] for line in text.partition("# The paths of the sample:\n")[2].splitlines()]
    assert paths == [
        "meta.0.0: text",
        "meta.0.1: text",
        "meta.1.0: text",
        "meta.1.1: number",
        "parts.0.0.a: number",
        "parts.0.0.b: number",
        "tags.0: text",
        "mixed.0.0: text",
    ]


def first_mapping_of(body: object) -> tuple[str, list[str]]:
    return make_mapping("loop", "hook.json", json.dumps(body).encode(), {})


@pytest.mark.parametrize(
    ("word", "person", "gives"),
    [
        ("OFFER_SENT", "id", ["offer.extended"]),
        ("PROPOSAL_OUT", "id", []),
        ("offer.sent", "key", ["offer.extended"]),
        ("offer.sent", "login", []),
        ("Sent", "id", []),
    ],
)
def test_a_list_of_events_is_found_in_nested_objects(word: str, person: str, gives: list[str]) -> None:
    entries = [{"op": word, "refs": {"person": {person: "p-1"}}}, {"op": "VISA_ASKED"}]
    text, made = first_mapping_of({"envelope": {"sent": "2026-01-01T00:00:00Z", "entries": entries}})
    assert made == gives
    is_shown = not gives and word != "Sent"
    assert ("    each: {item: envelope.entries}  #" in text) == bool(gives), text
    for line in ("#    each: {item: envelope.entries}", f"#        when: {{item.op: {word}}}", "{item.op: VISA_ASKED}"):
        assert (f"{line}\n" in text) == is_shown, text
    assert ("like {item.kind: hired}" in text) == (word == "Sent")


def test_the_words_of_an_array_of_events_are_shown() -> None:
    text, made = first_mapping_of([{"kind": "proposal out", "id": 5}, {"kind": "seen"}])
    assert made == []
    assert "# The body is a list, whose items this first mapping does not read. If" in text
    assert (
        '#    each: {item: "*"}\n#        when: {item.kind: "proposal out"}\n#        when: {item.kind: seen}\n' in text
    )


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("28.11.2026 19:40 +0100", "DD.MM.YYYY HH:mm Z"),
        ("28.11.2026 19:40 +01:00", "DD.MM.YYYY HH:mm Z"),
        ("28.11.2026 19:40:05+01:00", "DD.MM.YYYY HH:mm:ssZ"),
        ("11/28/2026 7:40 PM -0500", "MM/DD/YYYY h:mm A Z"),
        ("28 November 2026 19:40 Z", "D MMMM YYYY HH:mm Z"),
    ],
)
def test_a_time_with_an_offset_has_a_pattern(text: str, pattern: str) -> None:
    body = {"event": "offer_sent", "candidate": {"id": "p"}, "sent_at": text}
    written, made = first_mapping_of(body)
    assert (f'dates: ["{pattern}"]' in written, "times have no offset" in written) == (True, False), written
    assert made == ["offer.extended"]


@pytest.mark.parametrize("is_inner", [True, False])
def test_an_empty_list_is_told_from_one_that_is_not_there(own: Path, is_inner: bool) -> None:
    loop = "{offer: offers, tag: offer.tags}" if is_inner else "{offer: offers}"
    text = MAPPING.replace("{offer: offers}", loop)
    offers: list[dict[str, Any]] = [{"nr": 1, "tags": []}] if is_inner else []
    [problem] = checked(own, text, offers=offers)["problems"]
    name = "offer.tags" if is_inner else "offers"
    assert f"emits nothing: {name} is an empty list)" in problem


def test_a_member_without_a_name_is_no_kind_of_an_item() -> None:
    text, made = first_mapping_of({"rows": [{"": "OFFER_SENT"}]})
    assert (made, "like {item.kind: hired}" in text, "OFFER_SENT" in text) == ([], True, False)
