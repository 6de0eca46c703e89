"""Parses phrases, the values of fields in conditions ("at least 50", "within wait", "later than this one's"), into
terms."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from signpost.facts.vocabulary import Field
from signpost.rulebook.terms import (
    Among,
    Compare,
    Condition,
    Known,
    Lists,
    Moment,
    OneOf,
    Order,
    Reached,
    Ref,
    Same,
    Term,
)
from signpost.rulebook.values import MOMENTS, MONEY_HINT, Names
from signpost.suggestions import in_words, meant, nearest
from signpost.yaml_files.problems import Position
from signpost.yaml_files.reader import Node

_AMOUNTS = ("number", "days", "money")
_OPERATORS = {"at least": ">=", "at most": "<=", "above": ">", "below": "<", "more than": ">", "less than": "<"}
_ORDERS = {
    "before": "<",
    "earlier than": "<",
    "after": ">",
    "later than": ">",
    "at or before": "<=",
    "at or after": ">=",
}
_AMOUNT = re.compile(rf"({'|'.join(_OPERATORS)}) (.+)")
_PLAIN_AMOUNT = re.compile(rf"({'|'.join(_OPERATORS)}) \W*([A-Z]{{3}} ?)?\d.*")
_ORDER = re.compile(rf"({'|'.join(sorted(_ORDERS, key=len, reverse=True))}) (.+)")
_AGO = re.compile(r"(at least|less than) (.+) ago")
_OR = re.compile(r"(?<!\bat) or ")
_WITHIN = re.compile(r"within (.+)")
_LIST = re.compile(r"(includes anything beyond|includes|only) (.+)")
_SAME = re.compile(r"(same as|differs from) (.+)")
_AMONG = re.compile(r"among (.+)")


def condition_on(ref: Ref, field: Field, node: Node, names: Names) -> Condition:
    """The terms of one `field: value` line; an invalid phrase is reported and gives no term."""
    if isinstance(node.value, list):
        return _literals(ref, field, node, names)
    if isinstance(node.value, dict) or node.value is None:
        hint = "write unknown, known or a value" if node.value is None else _hint_for_mapping(node.plain())
        names.problems.add("R021", node.position, f"{field.name} needs a value or a phrase", hint)
        return ()
    if not isinstance(node.value, str):
        return _literal_terms(ref, field, [node.value], node.position, names)
    terms: list[Term] = []
    for part in (text.strip() for text in node.value.split(" and ")):
        where, suggestion = node.part_position(part), _suggest_instead_of_or(field, part)
        if suggestion:
            names.problems.add("R022", where, f"{part!r}: a condition cannot use `or`", suggestion)
        else:
            terms += _phrase(ref, field, part, where, names)
    return tuple(terms)


def _hint_for_mapping(value: dict[str, object]) -> str:
    """How to write the condition that a mapping means: `above 2` for `{above: 2}`."""
    [(key, operand), *more] = value.items() or [("", "")]
    words = f"{key} {operand}" if key in _OPERATORS else in_words(f"{key} {operand}")
    return f"write {words}" if words and not more else "for example known, unknown, or a word"


def _suggest_instead_of_or(field: Field, text: str) -> str:
    """How to write alternatives joined by `or`; "" if `or` is allowed, as in a text."""
    parts = [part.strip() for part in _OR.split(text)]
    if len(parts) < 2 or text.startswith(("not ", "includes ", "only ")):
        return ""
    if all(part in field.choices for part in parts) and field.type == "choice":
        return f"write {field.name}: {to_yaml(parts)}"
    if field.type == "text" and not {"known", "unknown"} & set(parts):
        return ""
    return f"write any of: [{', '.join(f'{{{field.name}: {part}}}' for part in parts)}]"


def to_yaml(value: object) -> str:
    """A plain value as YAML."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"[{', '.join(map(to_yaml, value))}]" if isinstance(value, list) else str(value)


def _literals(ref: Ref, field: Field, node: Node, names: Names) -> Condition:
    values = [item.value for item in node.value]
    if not values:
        names.problems.add("R002", node.position, f"the list of values for {field.name} is empty")
        return ()
    word = next((one for one in ("unknown", "known") if one in values and one not in field.choices), None)
    if word:
        lines = [f"{field.name}: {to_yaml(value)}" for value in node.plain()]
        hint = f"any of: [{', '.join(f'{{{line}}}' for line in lines)}]" if len(lines) > 1 else lines[0]
        names.problems.add("R021", node.position, f"a list cannot contain {word}", f"write {hint}")
        return ()
    return _literal_terms(ref, field, values, node.position, names)


def _literal_terms(
    ref: Ref, field: Field, values: list[object], where: Position, names: Names, *, negated: bool = False
) -> Condition:
    fits = _LITERALS.get(field.type)
    if fits is None:
        names.problems.add(
            "R021",
            where,
            f"{field.name} is of type {field.type} and cannot be compared with a plain value",
            HINTS[field.type],
        )
        return ()
    for value in values:
        if not fits(field, value):
            hint = meant(str(value), field.choices) if field.choices else HINTS.get(field.type, "")
            if field.type == "boolean" and negated:
                either = f"any of: [{{{field.name}: false}}, {{{field.name}: unknown}}]"
                hint = f"a boolean takes no `not`: write false or, if it may be unknown, {either}"
            names.problems.add("R021", where, f"{value!r} does not fit {field.name} ({field.type})", hint)
            return ()
    return (OneOf(where, ref, tuple(values), negated),)


_LITERALS: dict[str, Callable[[Field, object], bool]] = {
    "choice": lambda field, value: value in field.choices,
    "text": lambda field, value: isinstance(value, str),
    "boolean": lambda field, value: isinstance(value, bool),
    "number": lambda field, value: isinstance(value, int | float) and not isinstance(value, bool),
    "days": lambda field, value: isinstance(value, int) and not isinstance(value, bool),
}
_UNKNOWN = ("unknown", "missing", "empty", "null", "none", "unset", "blank", "absent")
_OPPOSITES = {
    **dict.fromkeys(_UNKNOWN, "unknown"),
    **{f"not {word}": "known" for word in _UNKNOWN},
    **dict.fromkeys(("known", "set", "given", "present", "stated"), "known"),
    **{f"not {word}": "unknown" for word in ("known", "set", "given", "present", "stated")},
}
_KNOWN_WORDS = {f"{before}{word}": meaning for word, meaning in _OPPOSITES.items() for before in ("", "is ")}
"""Other words for `known` and `unknown`, and which of them they mean."""
HINTS = {
    "boolean": "write true, false, known or unknown",
    "number": "write a number, or at least / at most / above / below",
    "days": "write a number, or at least / at most / above / below",
    "money": MONEY_HINT,
    "instant": "write passed, ahead, within N, at least N ago, before or after another instant",
    "date": "write passed, ahead, within N, at least N ago, before or after another date",
    "choices": "write includes, only, includes anything beyond, empty or not empty",
    "texts": "write empty or not empty",
    "object": "write known, unknown, same as or differs from",
    "range": "write known or unknown",
    "text": "write a text, known, unknown, same as, differs from, or among a list",
    "choice": "write one of the choices",
}


def _phrase(ref: Ref, field: Field, text: str, where: Position, names: Names) -> Iterator[Term]:
    if text in ("known", "unknown"):
        yield Known(where, ref, text == "known")
    elif word := _word_meant(field, text):
        message = f"{text!r} is not a valid condition on {field.name} ({field.type})"
        names.problems.add("R022", where, message, f"did you mean {word}?")
    elif compared := _comparison_meant(field, text):
        message = f"{text!r} is not a valid condition on {field.name} ({field.type})"
        names.problems.add("R022", where, message, f"write {compared}")
    elif field.name == "stage" and text == "upcoming":
        yield Reached(where, Moment(replace(ref, name="upcoming_until", type="instant"), end=True), False)
    elif match := _SAME.fullmatch(text):
        other = names.reference(match[2], where)
        if other is not None and other.type != field.type:
            names.problems.add("R021", where, f"{match[2]!r} has type {other.type}, {field.name} has type {field.type}")
        elif other is not None:
            yield Same(where, ref, other, match[1] == "same as")
    elif field.type == "text" and (match := _AMONG.fullmatch(text)):
        listed = names.reference(match[1], where)
        if listed is not None and listed.type != "texts":
            names.problems.add("R021", where, f"{match[1]!r} has type {listed.type}, not texts")
        elif listed is not None:
            yield Among(where, ref, listed)
    elif field.type in MOMENTS:
        yield from _moment_phrase(ref, field, text, where, names)
    elif field.type == "money" and _PLAIN_AMOUNT.fullmatch(text):
        yield from _literal_terms(ref, field, [text], where, names)
    elif field.type in _AMOUNTS and (match := _AMOUNT.fullmatch(text)):
        operand = names.amount(match[2], field.type, where)
        if operand is not None:
            yield Compare(where, ref, _OPERATORS[match[1]], operand)
    elif field.type in ("choices", "texts"):
        yield from _list_phrase(ref, field, text, where, names)
    elif text.startswith("not "):
        words: list[object] = [word.strip() for word in text.removeprefix("not ").split(" or ")]
        yield from _literal_terms(ref, field, words, where, names, negated=True)
    else:
        yield from _literal_terms(ref, field, [text], where, names)


def _word_meant(field: Field, text: str) -> str:
    """`known` or `unknown` where the text is another word for it; "" for what the field can be compared with."""
    text = text.lower()
    words = text.removeprefix("is ").removeprefix("not ")
    if text in field.choices or words in field.choices or (field.type in ("choices", "texts") and words == "empty"):
        return ""
    if field.type == "text":  # which can be any other text
        return _KNOWN_WORDS.get(text, "") if text.removeprefix("is ").endswith("known") else ""
    near = nearest(text, ("known", "unknown", *field.choices)) if " " not in text else ""
    return _KNOWN_WORDS.get(text) or (near if near not in field.choices and len(text) >= len("known") else "")


def _comparison_meant(field: Field, text: str) -> str:
    """The words for a comparison by sign, where the field can be compared so; "" for any other text."""
    return in_words(text) if field.type in _AMOUNTS or text.startswith("=") else ""


def _moment_phrase(ref: Ref, field: Field, text: str, where: Position, names: Names) -> Iterator[Term]:
    """Dates are whole days: a date has passed when its day is over, and `within` counts from the start of the day."""
    if text in ("passed", "ahead"):
        yield Reached(where, Moment(ref, end=True), text == "passed")
    elif match := _AGO.fullmatch(text):
        offset = names.duration(match[2], where)
        if offset is not None:
            yield Reached(where, Moment(ref, offset, 1), match[1] == "at least")
    elif match := _WITHIN.fullmatch(text):
        offset = names.duration(match[1], where)
        if offset is not None:
            yield Reached(where, Moment(ref, offset, -1), True)
            yield Reached(where, Moment(ref, end=True), False)
    elif match := _ORDER.fullmatch(text):
        yield from _order(ref, _ORDERS[match[1]], match[2], where, names)
    else:
        names.problems.add(
            "R022", where, f"{text!r} is not a valid condition on {field.name} ({field.type})", HINTS[field.type]
        )


def _order(ref: Ref, operator: str, text: str, where: Position, names: Names) -> Iterator[Term]:
    """`later than this one's` compares with the subject's field of the same name."""
    right = names.moment(f"{text} {ref.name}" if text.endswith("this one's") else text, where)
    if right is not None:
        yield Order(where, Moment(ref), operator, right)


def _list_phrase(ref: Ref, field: Field, text: str, where: Position, names: Names) -> Iterator[Term]:
    if text in ("empty", "not empty"):
        yield Lists(where, ref, "empty" if text == "empty" else "some")
        return
    match = _LIST.fullmatch(text)
    if not match or field.type != "choices":
        names.problems.add(
            "R022", where, f"{text!r} is not a valid condition on {field.name} ({field.type})", HINTS[field.type]
        )
        return
    words = tuple(word.strip() for word in re.split(r",| or ", match[2]))
    for word in words:
        if word not in field.choices:
            names.problems.add("R021", where, f"{word!r} does not fit {field.name}", meant(word, field.choices))
            return
    yield Lists(where, ref, {"includes anything beyond": "beyond"}.get(match[1], match[1]), words)
