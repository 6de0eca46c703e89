"""Lists and objects as marshmallow fields, and the JSON Schema of a whole schema class."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from signpost.schemas.fields import Choice, JsonSchema, Kind, Line, json_type
from signpost.schemas.reading import schema_loader

MAX_ITEMS = 100


class Items(Kind):
    """A list of values of one kind; by default at most 100 and all distinct."""

    def __init__(
        self, item: Kind, *, min_items: int = 0, max_items: int = MAX_ITEMS, distinct: bool = True, **options: Any
    ) -> None:
        super().__init__(**options)
        self.item, self.choices = item, item.choices
        self.min_items, self.max_items, self.distinct = min_items, max_items, distinct

    def canonical(self, value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise ValidationError(f"must be an array, is {json_type(value)}")
        if len(value) > self.max_items:
            raise ValidationError(f"must have at most {self.max_items} items, has {len(value)}")
        if len(value) < self.min_items:
            raise ValidationError(f"must have at least {self.min_items} items, has {len(value)}")
        items: list[Any] = []
        problems: dict[int, Any] = {}
        for index, item in enumerate(value):
            try:
                items.append(self.item.canonical(item))
                if self.distinct and items[-1] in items[:-1]:
                    problems[index] = ["is repeated"]
            except ValidationError as error:
                problems[index] = error.messages
        if problems:
            raise ValidationError(problems)
        return items

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "array", "items": self.item.json_schema(), "maxItems": self.max_items}
        least = {"minItems": self.min_items} if self.min_items else {}
        return {**schema, **least, **({"uniqueItems": True} if self.distinct else {})}


class TextList(Items):
    """A list of texts, each on one line."""

    kind = "texts"

    def __init__(self, **options: Any) -> None:
        super().__init__(Line(), **options)


class ChoiceList(Items):
    """A list of choices."""

    kind = "choices"

    def __init__(self, *choices: str, **options: Any) -> None:
        super().__init__(Choice(*choices), **options)


class Object(Kind):
    """An object with its own schema."""

    kind = "object"

    def __init__(self, schema: type[Schema], *, kind: str = "object", **options: Any) -> None:
        super().__init__(**options)
        self.schema: type[Schema] = schema
        self.kind = kind

    def canonical(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError(f"must be an object, is {json_type(value)}")
        return schema_loader(self.schema).load(value)

    def json_schema(self) -> JsonSchema:
        return object_schema(self.schema)


def object_schema(schema: type[Schema]) -> JsonSchema:
    """Return the JSON Schema 2020-12 of an object: its fields, which are required, and whether others are allowed."""
    declared = {field.data_key or name: field for name, field in schema().fields.items()}
    closed = schema.Meta.unknown == RAISE
    any_of = getattr(schema.Meta, "any_of", ())
    properties = {name: field_schema(field) for name, field in declared.items() if isinstance(field, Kind)}
    required = [name for name, field in declared.items() if field.required]
    document: JsonSchema = {"type": "object", "properties": properties}
    return {
        **document,
        **({"required": required} if required else {}),
        **({"additionalProperties": False} if closed else {}),
        **({"anyOf": [_require_value(name) for name in any_of]} if any_of else {}),
    }


def _require_value(name: str) -> JsonSchema:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def field_schema(field: Kind) -> JsonSchema:
    """Return the JSON Schema of a field, including null if the field is nullable."""
    schema = field.json_schema()
    if not field.allow_none:
        return schema
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema
