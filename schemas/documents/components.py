"""Turns JSON Schemas into components of an OpenAPI or AsyncAPI document."""

from typing import Any

from signpost.schemas.fields import JsonSchema


def component(document: JsonSchema) -> Any:
    """Return a JSON Schema as a component: references point to components; `$schema`, `$id` and `$defs` are removed."""
    return _relocate({key: value for key, value in document.items() if key not in ("$schema", "$id", "$defs")})


def _relocate(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _relocate(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_relocate(inner) for inner in value]
    return value.replace("#/$defs/", "#/components/schemas/") if isinstance(value, str) else value
