"""The comparison of schemas sees every kind of break, and no break in what may be added."""

from typing import Any

import pytest

from signpost.schemas.documents.generate import APIS, documents
from tests.support.compatibility import narrowed, widened

THEN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 128},
        "by": {"type": "string", "enum": ["verbal", "written"]},
        "pay": {"anyOf": [{"$ref": "#/$defs/money"}, {"type": "null"}]},
        "days": {"type": ["integer", "null"], "minimum": 0},
        "notes": {"type": "array", "items": {"type": "string"}, "maxItems": 100},
        "any": {},
    },
    "required": ["id"],
    "additionalProperties": False,
    "$defs": {"money": {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}},
}


def changed(*path: str, to: Any) -> dict[str, Any]:
    """The schema with one thing put in place, or taken out where `to` is None."""

    def put(schema: dict[str, Any], steps: tuple[str, ...]) -> dict[str, Any]:
        first, *rest = steps
        if rest:
            return {**schema, first: put(schema[first], tuple(rest))}
        kept = {name: value for name, value in schema.items() if name != first}
        return kept if to is None else {**kept, first: to}

    return put(THEN, path)


def field(name: str, **said: Any) -> dict[str, Any]:
    return changed("properties", name, to={**THEN["properties"][name], **said})


@pytest.mark.parametrize(
    ("now", "place"),
    [
        (changed("properties", "by", to=None), "/by"),
        (changed("required", to=["id", "by"]), "/by"),
        (field("by", enum=["verbal"]), "/by"),
        (field("id", maxLength=64), "/id"),
        (field("id", minLength=2), "/id"),
        (field("id", pattern="^a"), "/id"),
        (field("id", format="uuid"), "/id"),
        (field("id", type="integer"), "/id"),
        (field("days", type="integer"), "/days"),
        (field("days", maximum=9), "/days"),
        (field("notes", items={"type": "integer"}), "/notes/[]"),
        (field("notes", maxItems=5), "/notes"),
        (field("notes", uniqueItems=True), "/notes"),
        (field("any", type="string"), "/any"),
        (changed("properties", "any", to=False), "/any"),
        (field("pay", anyOf=[{"$ref": "#/$defs/money"}]), "/pay"),
        (changed("$defs", "money", "required", to=["amount", "per"]), "/pay"),
        (field("id", **{"if": {}}), "/id"),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_what_senders_would_suffer_from_is_seen(now: dict[str, Any], place: str) -> None:
    assert [found for found in narrowed(THEN, now) if found.startswith(place)]


@pytest.mark.parametrize(
    "now",
    [
        THEN,
        changed("properties", "new", to={"type": "string"}),
        changed("required", to=[]),
        field("by", enum=["verbal", "written", "email"]),
        field("id", maxLength=256),
        field("id", type=["string", "null"]),
        field("days", type=["number", "null"]),
        field("notes", maxItems=None, items={}) | {"title": "Another title"},
        field("pay", anyOf=[{"$ref": "#/$defs/money"}, {"type": "null"}, {"const": False}]),
        changed("additionalProperties", to=None),
    ],
)
def test_what_senders_do_not_notice_is_no_break(now: dict[str, Any]) -> None:
    for schema in now["properties"].values():
        if schema.get("maxItems", 0) is None:
            del schema["maxItems"]
    assert narrowed(THEN, now) == []


@pytest.mark.parametrize(
    ("now", "place"),
    [
        (changed("properties", "by", to=None), "/by"),
        (changed("required", to=[]), "/id"),
        (field("by", enum=["verbal", "written", "email"]), "/by"),
        (field("id", type=["string", "null"]), "/id"),
        (field("id", maxLength=256), "/id"),
        (field("days", minimum=-1), "/days"),
        (field("notes", items={"type": "number"}), "/notes/[]"),
        (field("pay", anyOf=[{"$ref": "#/$defs/money"}, {"type": "null"}, {"const": False}]), "/pay"),
        (changed("$defs", "money", "required", to=[]), "/pay"),
    ],
)
def test_what_readers_would_suffer_from_is_seen(now: dict[str, Any], place: str) -> None:
    assert [found for found in widened(THEN, now) if found.startswith(place)]


@pytest.mark.parametrize(
    "now",
    [
        THEN,
        changed("properties", "new", to={"type": "string"}),
        changed("additionalProperties", to=None),
        changed("required", to=["id", "days"]),
        field("by", enum=["verbal"]),
        field("id", maxLength=64),
        field("days", type="integer"),
    ],
)
def test_what_readers_do_not_notice_is_no_break(now: dict[str, Any]) -> None:
    assert widened(THEN, now) == []


def test_a_schema_may_contain_itself() -> None:
    tree = {"$defs": {"t": {"type": "object", "properties": {"parts": {"items": {"$ref": "#/$defs/t"}}}}}}
    shut = {
        "$defs": {"t": {"type": "object", "properties": {"parts": {"items": {"$ref": "#/$defs/t"}, "maxItems": 1}}}}
    }
    root = {"$ref": "#/$defs/t"}
    assert narrowed({**root, **tree}, {**root, **tree}) == []
    assert narrowed({**root, **tree}, {**root, **shut}) == ["/parts: maxItems none became 1"]


@pytest.mark.parametrize("path", sorted(set(documents()) - set(APIS)))
def test_every_keyword_that_we_generate_is_known(path: str) -> None:
    document = documents()[path]
    assert narrowed(document, document) == widened(document, document) == []
