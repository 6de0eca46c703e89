"""Converts JSON values of a case to the types that rules compare. Pure."""

from datetime import date
from typing import Any

from marshmallow import ValidationError

from signpost.case.instant import OFFSET, offset_of, parse_instant, parse_offset
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


def offset_in(vocabulary: Field, value: Any) -> int:
    """The offset that the sender wrote of an instant, in minutes; 0 for UTC and for other values."""
    return offset_of(value) if vocabulary.type == "instant" and isinstance(value, str) else 0


def milestone_offset(value: Any) -> int | None:
    """The offset of the time of a milestone, in minutes, from its value in a case; None if it is no milestone."""
    if value is True:
        return 0
    return parse_offset(value) if isinstance(value, str) and OFFSET.fullmatch(value) else None


def own_value(declared: Field, value: Any, hours_per_week: float | None = None) -> Any:
    """The typed value of a declared field; None if the value does not fit its current declaration."""
    if value is None or declared.own is None:
        return None
    try:
        return typed_value(declared, declared.own.canonical(value), hours_per_week)
    except ValidationError:
        return None
