"""Converts JSON values of a case to the types that rules compare. Pure."""

from datetime import date
from typing import Any

from marshmallow import ValidationError

from signpost.case.instant import parse_instant
from signpost.case.money import Money
from signpost.facts.vocabulary import Field


def typed_value(vocabulary: Field, value: Any, hours_per_week: float | None = None) -> Any:
    """A canonical JSON value as a typed value."""
    if vocabulary.type == "instant" and isinstance(value, str):
        return parse_instant(value)
    if vocabulary.type == "date":
        return date.fromisoformat(value)
    if vocabulary.type == "money" and isinstance(value, dict):
        return Money.from_json(value, hours_per_week)
    return value


def own_value(declared: Field, value: Any, hours_per_week: float | None = None) -> Any:
    """The typed value of a declared field; None if the value does not fit its current declaration."""
    if value is None or declared.own is None:
        return None
    try:
        return typed_value(declared, declared.own.canonical(value), hours_per_week)
    except ValidationError:
        return None
