"""Says why a term was left out of an event, and which place of the mapping is about it. Pure."""

from collections.abc import Iterator, Mapping, Set
from typing import Any

from marshmallow import ValidationError

from signpost.case.fold import CUSTOM
from signpost.ingress.amounts import Amount
from signpost.ingress.common_dates import pattern_hint
from signpost.ingress.date_patterns import NO_DAY, NO_TIME
from signpost.ingress.expressions import Expression
from signpost.ingress.formats import amount_hint, digits_hint, why_no_time, why_not_written
from signpost.ingress.mapping import Vendor
from signpost.ingress.scope import DeliveryScope
from signpost.ingress.tree import parts_in
from signpost.printable import escape, shorten
from signpost.schemas.fields import Kind, Number
from signpost.schemas.money import Money
from signpost.schemas.problems import Hints, problems_of
from signpost.suggestions import did_you_mean


def position_of(vendor: Vendor, expression: Expression | None) -> str:
    """Return where the mapping has the first path of an expression, as "FILE:LINE:COLUMN: "; "" if it has none."""
    parts = {id(part) for part in parts_in(expression)}
    return next((f"{place.position}: " for place in vendor.places if id(place.part) in parts), "")


def misfit(expression: Expression | None, scope: DeliveryScope) -> Any:
    """Return what the vendor states in place of an amount; None if nothing is, or if no amount is expected."""
    return next((found for one in _amounts(expression) if (found := one.misfit(scope)) is not None), None)


def states_period(expression: Expression, scope: DeliveryScope) -> bool:
    """Return whether the delivery states a period beside an amount that an expression finds."""
    return next((one.states_period(scope) for one in _amounts(expression) if one.value(scope) is not None), False)


def _amounts(expression: Expression | None) -> Iterator[Amount]:
    return (part for part in parts_in(expression) if isinstance(part, Amount))


def why_left_out(name: str, kind: Kind, value: Any, scope: DeliveryScope) -> str:
    """Return why a value of the vendor is none of a field. The value itself is personal: only samples show it."""
    text = f"{name} was left out: its value cannot be read"
    shown = "" if scope.trace is None else escape(shorten(repr(value)))
    if kind.kind == "instant" and shown:
        return f"{text}: it is {why_no_time(value, scope.formats)}"
    hint = _time_hint(value, scope) if kind.kind in ("instant", "date") else _amount_hint(kind, value, scope)
    return f"{text}{f': it is {shown}' if shown else ''}{hint or why_unfit(kind, value, quotes=bool(shown))}"


def _time_hint(value: Any, scope: DeliveryScope) -> str:
    """Why a value is no day or time, as far as the formats of the mapping say so. Who reads the note of a delivery may
    be unable to change them."""
    why = why_not_written(value, scope.formats) if scope.trace is not None or scope.formats.patterns else ""
    is_other = scope.trace is not None and why not in ("", NO_DAY, NO_TIME)
    more = pattern_hint(value, scope.formats.patterns) if is_other else ""
    return digits_hint(value, scope.formats) or (f"; {why}{more}" if why else "")


def _amount_hint(kind: Kind, value: Any, scope: DeliveryScope) -> str:
    if not isinstance(kind, Number | Money):
        return ""
    return amount_hint(value.get("amount") if isinstance(value, Mapping) else value, scope.formats)


def why_undeclared(name: str, about: str, declared: Set[str]) -> str:
    """Return that no rulebook of the tenant declares an own field of `about`, such as "offer"."""
    hint = did_you_mean(name, declared)
    return f"{CUSTOM}.{name} was left out: no fields.yaml declares it as a field of {about}{hint}"


def why_unchecked(name: str) -> str:
    """Return that a sample is tried without the rulebook that declares an own field."""
    why = "the rules of SIGNPOST_RULES declare no field of your own; if `rules` of the tenant do, it is emitted"
    return f"{CUSTOM}.{name} was left out here: {why}"


def why_unfit(kind: Kind, value: Any, *, quotes: bool) -> str:
    """Return what a field accepts that does not accept a value; "" if it does. `quotes`: whether the text may repeat
    the value."""
    try:
        kind.canonical(value)
    except ValidationError as error:
        return "".join(f"; {one.pointer} {one.message}".replace("  ", " ") for one in _problems(error, quotes)[:1])
    return ""


def _problems(error: ValidationError, quotes: bool) -> list[Any]:
    found = error.messages if isinstance(error.messages, dict) else {"_schema": error.messages}
    return list(problems_of(None, found, "", Hints(quotes=quotes)))
