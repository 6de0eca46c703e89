"""The filters that texts may use: what each takes, and what it makes of it."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from signpost.rulebook.shapes import NUMBER, TEXT, Many, ObjectShape, Plain, Shape

NOTHING_KNOWN = Plain("something")
"""What is wrong already: no more is said of it."""
MIXED = ObjectShape("a mixture of things", {})
"""One of several things that have nothing in common."""
EMPTY = Many(ObjectShape("nothing", {}))
"""A list of nothing."""
Fits: TypeAlias = Callable[[Shape, list[Shape]], Shape | None]


def joined(shapes: Iterable[Shape]) -> Shape:
    """What is one of several things."""
    found = list(dict.fromkeys(shapes))
    if NOTHING_KNOWN in found:
        return NOTHING_KNOWN
    filled = [shape for shape in found if shape != EMPTY] or found
    if len(filled) == 1:
        return filled[0]
    return TEXT if all(isinstance(shape, Plain) for shape in filled) else MIXED


def _text(shape: Shape, given: list[Shape]) -> Shape | None:
    return TEXT if isinstance(shape, Plain) else None


def _same_list(shape: Shape, given: list[Shape]) -> Shape | None:
    return shape if isinstance(shape, Many) else None


def _each(shape: Shape, given: list[Shape]) -> Shape | None:
    return shape if isinstance(shape, Many) else TEXT if isinstance(shape, Plain) else None


def _from(*types: str) -> Fits:
    """Text from a value of one of these types, and from further values of them."""
    return lambda shape, given: (
        TEXT if all(isinstance(one, Plain) and one.type in types for one in (shape, *given)) else None
    )


def _words_of(shape: Shape, given: list[Shape]) -> Shape | None:
    return TEXT if isinstance(shape, Many) and isinstance(shape.item, Plain) else None


def _one_of(shape: Shape, given: list[Shape]) -> Shape | None:
    return shape.item if isinstance(shape, Many) else None


def _count(shape: Shape, given: list[Shape]) -> Shape | None:
    return NUMBER if isinstance(shape, Many) or shape == TEXT else None


OF_FIELDS = ("map", "selectattr", "rejectattr")
"""Filters that take a field of each of a list."""
ORDERS = ("sort", "unique")
"""Filters that may take one."""
FILTERS: Mapping[str, Fits] = {
    "day": _from("instant", "date"),
    "listed": _words_of,
    "words": _each,
    "sentence": _text,
    "shortfall": _from("money"),
    "monthly": _from("money"),
    "length": _count,
    "first": _one_of,
    "last": _one_of,
    "join": _words_of,
    "default": lambda shape, given: joined((shape, *given)),
    **dict.fromkeys(("reverse", "list", *ORDERS, *OF_FIELDS), _same_list),
    **dict.fromkeys(("lower", "upper", "capitalize", "title", "trim", "replace"), _text),
    **dict.fromkeys(("round", "int", "abs"), lambda shape, given: NUMBER if shape == NUMBER else None),
}
"""The filters that texts may use, and what each makes of what; None: it does not fit."""
WANTS = {
    "day": "it takes an instant or a date",
    "listed": "it takes a list of words",
    "join": "it takes a list of words",
    "shortfall": "it takes two amounts of money",
    "monthly": "it takes an amount of money",
    "map": "it takes a list, and names a field of each: map(attribute='employer')",
    "length": "it takes a list",
}
