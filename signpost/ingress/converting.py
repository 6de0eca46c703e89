"""Converts what a vendor sends to the kind of a field, as far as it can be read as one. Pure."""

from decimal import Decimal, InvalidOperation
from typing import Any

from signpost.ingress.formats import day, deadline, decimal_text, rfc3339
from signpost.ingress.scope import DeliveryScope, as_boolean, as_text
from signpost.schemas.fields import Id, Kind, Number
from signpost.schemas.formats import Deadline


def convert(kind: Kind, value: Any, scope: DeliveryScope) -> Any:
    """Return the value converted to the kind of the field; None or unchanged if it cannot be converted."""
    if isinstance(kind, Id):
        return as_text(value) or None
    if isinstance(kind, Deadline):
        return deadline(value, scope.formats)
    if kind.kind == "instant":
        return rfc3339(value, scope.formats)
    if kind.kind == "date":
        return day(value, scope.formats)
    return _from_text(kind, value, scope) if isinstance(value, str) else value


def _from_text(kind: Kind, text: str, scope: DeliveryScope) -> Any:
    """The number, boolean or choice that a text states without doubt; else the text."""
    if isinstance(kind, Number):
        return _number(decimal_text(text, scope.formats))
    if kind.kind == "boolean":
        return as_boolean(text)
    word = text.strip().casefold()
    return next((one for one in kind.choices if one.casefold() == word), text) if kind.kind == "choice" else text


def _number(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text
