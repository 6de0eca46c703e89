"""The JSON Schema of a field's value in a condition, by the field's type. Pure."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from signpost.facts.vocabulary import Field
from signpost.rulebook.phrases import HINTS

JsonSchema: TypeAlias = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
"""The newest draft that all common editors support; it allows no keys beside a `$ref`."""

_OPERAND = "(?:(?! and | or ).)+"
_NAME = f"(?![0-9]){_OPERAND}"
"""A duration by name, since durations are declared in `params`."""
ANY = ("known", "unknown", f"same as {_OPERAND}", f"differs from {_OPERAND}")
_AMOUNTS = (*ANY, f"(?:at least|at most|above|below|more than|less than) {_OPERAND}")
_MOMENTS = (
    *ANY,
    "passed",
    "ahead",
    f"within {_NAME}",
    f"(?:at least|less than) {_NAME} ago",
    f"(?:before|earlier than|after|later than|at or before|at or after) {_OPERAND}",
)
_EMPTY = (*ANY, "empty", "not empty")
_TEXTS = {"type": "string", "not": {"pattern": "^(?:un)?known or | or (?:un)?known$"}}


def value_schema(field: Field) -> JsonSchema:
    """The values and phrases that a condition on this field can have, with its meaning as the hint."""
    what = f"{field.type}: {', '.join(field.choices)}" if field.choices else field.type
    meaning = f"{field.meaning} ({what}{'; private' if field.private else ''})"
    return {"description": f"{meaning}\n\nknown, unknown; {HINTS[field.type]}", "anyOf": _alternatives(field)}


def moment_schema() -> JsonSchema:
    """The condition on a defined instant or date."""
    return phrases(_MOMENTS)


def phrases(alternatives: Iterable[str]) -> JsonSchema:
    """One of these phrases, or several joined by `and`."""
    one = f"(?:{'|'.join(alternatives)})"
    return {"type": "string", "pattern": f"^{one}(?: and {one})*$"}


def _alternatives(field: Field) -> list[JsonSchema]:
    match field.type:
        case "choice":
            return _choice(field)
        case "boolean":
            return _value_or_list({"type": "boolean"}, {"enum": ["known", "unknown"]}, phrases(ANY))
        case "number" | "days":
            return _value_or_list({"type": "integer" if field.type == "days" else "number"}, phrases(_AMOUNTS))
        case "text":
            return _value_or_list(_TEXTS)
        case "money":
            return [phrases(_AMOUNTS)]
        case "instant" | "date":
            return [phrases(_MOMENTS)]
        case "choices":
            word = f"(?:{'|'.join(field.choices)})"
            return [phrases((*_EMPTY, f"(?:includes anything beyond|includes|only) {word}(?:(?:, ?| or ){word})*"))]
        case "texts":
            return [phrases(_EMPTY)]
    return [phrases(ANY)]


def _choice(field: Field) -> list[JsonSchema]:
    """The choices come first, for completion."""
    words = [*field.choices, *(["upcoming"] if field.name == "stage" else [])]
    one = f"(?:{'|'.join(field.choices)})"
    plain = {"enum": [*words, "known", "unknown"]}
    return [plain, phrases((*ANY, *words, f"not {one}(?: or {one})*")), _list({"enum": list(field.choices)})]


def _value_or_list(value: JsonSchema, *others: JsonSchema) -> list[JsonSchema]:
    return [value, *others, _list(value)]


def _list(item: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": item, "minItems": 1}
