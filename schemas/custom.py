"""`data.custom`: the fields that a rulebook declares beside ours. The schema is open; `check_custom` knows what is
declared."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from marshmallow import ValidationError

from signpost.case.fold import CUSTOM
from signpost.printable import shorten
from signpost.schemas.fields import MAX_ID, JsonSchema, Kind, as_decimal, check_text, json_type
from signpost.schemas.problems import Hints, Problem, pointer, problems_of
from signpost.schemas.texts import free_text

OwnKinds: TypeAlias = Mapping[str, Mapping[str, Kind]]
"""Kind of entity -> name of a declared field -> what checks its values."""
NONE_DECLARED: Final[OwnKinds] = {}
NO_FIELDS: Final = (
    "is not declared: the rules in force declare no field in fields.yaml; if yours do, start the intake with"
    " SIGNPOST_RULES=ours:DIR"
)
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
MAX_FIELDS: Final = 50
MAX_NUMBER: Final = 10**15
MAX_LIST: Final = 300
"""Characters of a list of names in a message."""
_DESCRIPTION: Final = (
    "Values of the fields that the rulebook declares in fields.yaml, by name; null takes a value back. "
    "A name that is not declared, or a value of another type, is refused."
)


_EVENTS: Final = {
    "offer": "offer.extended or offer.updated",
    "interview": "interview.scheduled or interview.rescheduled",
    "application": "application.submitted",
    "candidate": "candidate.preferences",
}
"""Kind of entity -> the events that can state a declared field of it."""


class Custom(Kind):
    """An object of at most 50 values by name: texts, numbers, booleans, null, or objects of these."""

    kind = "custom"

    def __init__(self) -> None:
        super().__init__(nullable=False)

    def canonical(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError(f"must be an object of names and values, is {json_type(value)}")
        if len(value) > MAX_FIELDS:
            raise ValidationError(f"must have at most {MAX_FIELDS} fields, has {len(value)}")
        found: dict[str, Any] = {}
        problems: dict[str, Any] = {}
        for name, inner in value.items():
            try:
                found[_name(name)] = _plain(inner, nested=True)
            except ValidationError as error:
                problems[name] = error.messages
        if problems:
            raise ValidationError(problems)
        return found

    def json_schema(self) -> JsonSchema:
        return {
            "type": "object",
            "description": _DESCRIPTION,
            "propertyNames": {"pattern": f"^{NAME.pattern}$"},
            "maxProperties": MAX_FIELDS,
        }


def check_custom(
    sent: Mapping[str, Any], own: OwnKinds, about: str, problems: list[Problem], hints: Hints | None = None
) -> dict[str, Any]:
    """The canonical values of the fields that are declared of the kind `about`. Undeclared names and values of another
    type are added to `problems`."""
    at, hints, declared = pointer("data", CUSTOM), hints or Hints(), own.get(about, {})
    found: dict[str, Any] = {}
    for name, value in sent.items():
        if name not in declared:
            problems.append(Problem(at + pointer(name), _undeclared(name, own, about, hints)))
            continue
        try:
            found[name] = None if value is None else declared[name].canonical(value)
        except ValidationError as error:
            problems += problems_of(None, {name: error.messages}, at)
    return found


def _undeclared(name: str, own: OwnKinds, about: str, hints: Hints) -> str:
    """Why an event cannot have this name, and what it can have."""
    if not any(own.values()):
        return NO_FIELDS
    declared = own.get(about, {})
    hint = (
        _hint_for_misplaced(name, own)
        or hints.did_you_mean(name, declared)
        or f"; declared: {shorten(', '.join(sorted(declared)), MAX_LIST) or 'none'}"
    )
    return f"is not declared for this event in fields.yaml{hint}"


def _hint_for_misplaced(name: str, own: OwnKinds) -> str:
    """With which event to send a name that is declared of another kind; "" if it is not declared at all."""
    found = [kind for kind, fields in own.items() if name in fields]
    return f"; it is a field of the {found[0]}: send it with {_EVENTS[found[0]]}" if found else ""


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValidationError("is no field name: lower-case letters, digits and underscores, at most 64")
    return name


def _plain(value: Any, *, nested: bool) -> Any:
    """A value that every database and every JSON reader can hold."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return free_text(value)
    if nested and isinstance(value, Mapping) and all(len(name) <= MAX_ID for name in value):
        return {check_text(name): _plain(inner, nested=False) for name, inner in value.items()}
    number = as_decimal(value)
    if abs(number) >= MAX_NUMBER:
        raise ValidationError("must lie between -10^15 and 10^15")
    return int(number) if number == number.to_integral_value() else float(number)
