"""The filters that texts can use: which values each accepts and returns. The filters themselves are in `texts`."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from signpost.rulebook.shapes import NUMBER, TEXT, Many, ObjectShape, Plain, Shape

UNKNOWN_SHAPE = Plain("something")
"""A value with a reported problem; no further problem is reported for it."""
MIXED = ObjectShape("a mixture of things", {})
"""One of several values of different shapes."""
EMPTY = Many(ObjectShape("nothing", {}))
"""An empty list."""
Fits: TypeAlias = Callable[[Shape, list[Shape]], Shape | None]


def join_shapes(shapes: Iterable[Shape]) -> Shape:
    """The shape of a value that has one of several shapes."""
    distinct = list(dict.fromkeys(shapes))
    if UNKNOWN_SHAPE in distinct:
        return UNKNOWN_SHAPE
    filled = [shape for shape in distinct if shape != EMPTY] or distinct
    if len(filled) == 1:
        return filled[0]
    return TEXT if all(isinstance(shape, Plain) for shape in filled) else MIXED


def _text(shape: Shape, arguments: list[Shape]) -> Shape | None:
    return TEXT if isinstance(shape, Plain) else None


def _same_list(shape: Shape, arguments: list[Shape]) -> Shape | None:
    return shape if isinstance(shape, Many) else None


def _each(shape: Shape, arguments: list[Shape]) -> Shape | None:
    return shape if isinstance(shape, Many) else TEXT if isinstance(shape, Plain) else None


def _from(*types: str) -> Fits:
    """A filter from values of these types, with arguments of the same types, to a text."""
    return lambda shape, arguments: (
        TEXT if all(isinstance(value, Plain) and value.type in types for value in (shape, *arguments)) else None
    )


def _words_of(shape: Shape, arguments: list[Shape]) -> Shape | None:
    return TEXT if isinstance(shape, Many) and isinstance(shape.item, Plain) else None


def _one_of(shape: Shape, arguments: list[Shape]) -> Shape | None:
    return shape.item if isinstance(shape, Many) else None


def _count(shape: Shape, arguments: list[Shape]) -> Shape | None:
    return NUMBER if isinstance(shape, Many) or shape == TEXT else None


OF_FIELDS = ("map", "selectattr", "rejectattr")
"""Filters that take a field of each item of a list."""
ORDERS = ("sort", "unique")
"""Filters that can take such a field."""
FILTERS: Mapping[str, Fits] = {
    "day": _from("instant", "date"),
    "deadline": _from("instant", "date"),
    "short_deadline": _from("instant", "date"),
    "listed": _words_of,
    "words": _each,
    "requirements": _each,
    "sentence": _text,
    "shortfall": _from("money"),
    "monthly": _from("money"),
    "length": _count,
    "first": _one_of,
    "last": _one_of,
    "join": _words_of,
    "default": lambda shape, arguments: join_shapes((shape, *arguments)),
    **dict.fromkeys(("reverse", "list", *ORDERS, *OF_FIELDS), _same_list),
    **dict.fromkeys(("lower", "upper", "capitalize", "title", "trim", "replace"), _text),
    **dict.fromkeys(("round", "int", "abs"), lambda shape, arguments: NUMBER if shape == NUMBER else None),
}
"""Filter -> the shape of its result for a value and arguments; None if they do not fit."""
FILTER_HINTS = {
    "day": "it takes an instant or a date",
    "deadline": "it takes an instant or a date",
    "short_deadline": "it takes an instant or a date",
    "listed": "it takes a list of words",
    "join": "it takes a list of words",
    "shortfall": "it takes two amounts of money",
    "monthly": "it takes an amount of money",
    "map": "it takes a list, and names a field of each item: map(attribute='employer')",
    "length": "it takes a list",
}
