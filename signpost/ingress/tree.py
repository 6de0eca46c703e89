"""Walks the parts of a mapping: expressions, conditions, templates. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def parts_in(value: Any) -> Iterator[Any]:
    """Yield a part of a mapping and every part inside it."""
    yield value
    if is_dataclass(value):
        for member in fields(value):
            yield from parts_in(getattr(value, member.name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from parts_in(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from parts_in(inner)
