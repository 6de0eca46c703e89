"""Lists and objects as marshmallow fields, and the JSON Schema of a whole schema class."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from schemas.fields import Choice, JsonSchema, Kind, Text, json_type

MAX_ITEMS = 100


class Items(Kind):
    """A list of at most 100 different values of one kind."""

    def __init__(self, item: Kind, **options: Any) -> None:
        super().__init__(**options)
        self.item, self.choices = item, item.choices

    def canonical(self, value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise ValidationError(f"must be an array, is {json_type(value)}")
        if len(value) > MAX_ITEMS:
            raise ValidationError(f"must have at most {MAX_ITEMS} items, has {len(value)}")
        items: list[Any] = []
        problems: dict[int, list[str]] = {}
        for place, item in enumerate(value):
            try:
                items.append(self.item.canonical(item))
                if items[-1] in items[:-1]:
                    problems[place] = ["is repeated"]
            except ValidationError as error:
                problems[place] = [str(message) for message in error.messages]
        if problems:
            raise ValidationError(problems)
        return items

    def json_schema(self) -> JsonSchema:
        return {"type": "array", "items": self.item.json_schema(), "maxItems": MAX_ITEMS, "uniqueItems": True}


class TextList(Items):
    """A list of texts."""

    kind = "texts"

    def __init__(self, **options: Any) -> None:
        super().__init__(Text(), **options)


class ChoiceList(Items):
    """A list of words out of a few."""

    kind = "choices"

    def __init__(self, *choices: str, **options: Any) -> None:
        super().__init__(Choice(*choices), **options)


class Object(Kind):
    """An object with a schema of its own."""

    kind = "object"

    def __init__(self, schema: type[Schema], *, kind: str = "object", **options: Any) -> None:
        super().__init__(**options)
        self.schema: type[Schema] = schema
        self.kind = kind

    def canonical(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError(f"must be an object, is {json_type(value)}")
        loaded: dict[str, Any] = self.schema(unknown=RAISE).load(value)
        return loaded

    def json_schema(self) -> JsonSchema:
        return object_schema(self.schema)


def object_schema(schema: type[Schema]) -> JsonSchema:
    """JSON Schema 2020-12 of an object: every field, which are required, nothing else allowed."""
    declared = {field.data_key or name: field for name, field in schema().fields.items()}
    properties = {name: field_schema(field) for name, field in declared.items() if isinstance(field, Kind)}
    required = [name for name, field in declared.items() if field.required]
    document: JsonSchema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**document, **({"required": required} if required else {})}


def field_schema(field: Kind) -> JsonSchema:
    """JSON Schema of a field, null included where it may be null."""
    said = field.json_schema()
    if not field.allow_none:
        return said
    if isinstance(said.get("type"), str) and "enum" not in said:
        return {**said, "type": [said["type"], "null"]}
    return {"anyOf": [said, {"type": "null"}]}
