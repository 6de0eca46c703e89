"""Loads data by a schema as marshmallow does, about ten times faster for valid data.

Only for schemas of `Kind` fields without hooks. Invalid data goes through marshmallow, which reports every problem.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError

from signpost.schemas.fields import Kind


class SchemaLoader:
    """Loads data by a table of the fields of a schema."""

    def __init__(self, schema: type[Schema]) -> None:
        self.schema = schema()
        declared = {
            field.data_key or name: (field.attribute or name, field) for name, field in self.schema.fields.items()
        }
        self.fields: dict[str, tuple[str, Kind]] = {
            key: (name, field) for key, (name, field) in declared.items() if isinstance(field, Kind)
        }
        self.required = frozenset(key for key, (_, field) in self.fields.items() if field.required)
        self.any_of: tuple[str, ...] = getattr(schema.Meta, "any_of", ())

    def load(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the canonical data. Raises ValidationError with the messages of every invalid field."""
        loaded = self._load_valid(data)
        if loaded is None:
            validated: dict[str, Any] = self.schema.load(data)
            return validated
        return loaded

    def _load_valid(self, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the canonical data, or None if any of it is invalid."""
        loaded: dict[str, Any] = {}
        for key, value in data.items():
            known = self.fields.get(key)
            if known is None:
                return None
            name, field = known
            if value is None and field.allow_none:
                loaded[name] = None
                continue
            try:
                loaded[name] = field.canonical(value)
            except ValidationError:
                return None
        if not self.required <= data.keys():
            return None
        if self.any_of and all(loaded.get(name) is None for name in self.any_of):
            return None
        return loaded


@cache
def schema_loader(schema: type[Schema]) -> SchemaLoader:
    """Return the cached loader of a schema."""
    return SchemaLoader(schema)
