"""Converts what a vendor sends to the kind of a field, as far as it can be read as one. Pure."""

from decimal import Decimal, InvalidOperation
from typing import Any

from signpost.ingress.formats import day, deadline, rfc3339
from signpost.ingress.scope import DeliveryScope, as_text
from signpost.schemas.fields import Deadline, Id, Kind, Number


def number(value: Any, kind: Kind) -> Any:
    """A number that a vendor's custom field holds as text."""
    if not isinstance(kind, Number) or not isinstance(value, str):
        return value
    try:
        return Decimal(value)
    except InvalidOperation:
        return value


def convert(kind: Kind, value: Any, scope: DeliveryScope) -> Any:
    """Return the value converted to the kind of the field; None or unchanged if it cannot be converted."""
    if isinstance(kind, Id):
        return as_text(value) or None
    if isinstance(kind, Deadline):
        return deadline(value, scope.formats)
    if kind.kind == "instant":
        return rfc3339(value, scope.formats)
    return day(value, scope.formats) if kind.kind == "date" else value
