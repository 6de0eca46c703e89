"""Bounds a text by its syntax tree: the size of every value and the work to render it, for the fullest case.

Only for trees that `templates` accepts: it knows no other nodes and filters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from signpost.case.limits import MAX_ENTITIES
from signpost.rulebook.shapes import PARTS, Many, ObjectShape, Shape
from signpost.rulebook.text_values import MAX_CHARS

MAX_COST: Final = 30_000
"""Steps to render all texts of a rule once, with the fullest case: six times what the largest shipped rule takes, and
at most about 10 ms."""
MAX_VALUE_CHARS: Final = 200_000
MAX_DIGITS: Final = 100
MAX_ROUND: Final = 9
MAX_TEXTS_IN_LIST: Final = 100
"""Of one field of an event; `schemas` refuses more."""
ATTACHED_CHARS: Final = 50_000
CHARS_PER_STEP: Final = 64
NUMBER_CHARS: Final = 20
_CHARS: Final = {"number": NUMBER_CHARS, "days": NUMBER_CHARS, "object": 4 * MAX_CHARS}
GROWS: Final = "write the value where it is shown, instead of building it from itself"
NESTS: Final = "loop once, without a loop or a list filter inside"


class TextTooLarge(Exception):
    """A text beyond its budget: what it does, and what to write instead."""

    def __init__(self, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.message, self.suggestion = message, suggestion


@dataclass(frozen=True, slots=True)
class Size:
    """The largest size of a value: `chars` when shown, of each item if it is a list of `items`."""

    chars: int
    items: int = 0
    shape: Shape | None = None

    @property
    def total(self) -> int:
        """All characters."""
        return self.chars * max(self.items, 1)


def cost_of(tree: nodes.Template, variables: Mapping[str, Shape], attached: str | None) -> int:
    """The steps to render a text. Raises TextTooLarge. `attached`: the variable that is as long as a document."""
    names = {name.name for name in tree.find_all(nodes.Name)} & variables.keys()
    sizes = {name: _size_of(variables[name]) for name in names}
    if attached in sizes:
        sizes[attached] = Size(ATTACHED_CHARS)
    meter = _Meter()
    meter.statements(tree.body, sizes)
    return meter.cost


class _Meter:
    """Walks a tree; `cost`: the steps so far. `_weight`: how often the loops around a node run it."""

    def __init__(self) -> None:
        self.cost = 0
        self._weight = 1

    def statements(self, body: Iterable[nodes.Node], scope: dict[str, Size]) -> None:
        for node in body:
            match node:
                case nodes.Output():
                    for part in node.nodes:
                        self._spend(len(part.data)) if isinstance(part, nodes.TemplateData) else self.size(part, scope)
                case nodes.If():
                    self.size(node.test, scope)
                    for branch in (node.body, node.elif_, node.else_):
                        self.statements(branch, scope)
                case nodes.For():
                    self._loop(node, scope)
                case nodes.Assign() if isinstance(node.target, nodes.Name):
                    name, size = node.target.name, self.size(node.node, scope)
                    # Of two branches only one runs, so the larger size counts
                    scope[name] = _join((scope[name], size)) if name in scope else size

    def size(self, node: nodes.Node, scope: Mapping[str, Size]) -> Size:
        """The size of an expression; adds its cost. Raises TextTooLarge."""
        size = self._size(node, scope)
        self._spend(size.total)
        if size.total > MAX_VALUE_CHARS:
            raise TextTooLarge(f"a value can become longer than {MAX_VALUE_CHARS} characters", GROWS)
        return size

    def _spend(self, chars: int) -> None:
        self.cost += self._weight * (1 + chars // CHARS_PER_STEP)
        if self.cost > MAX_COST:
            raise TextTooLarge(f"the text takes more than {MAX_COST} steps with the fullest case", NESTS)

    def _loop(self, node: nodes.For, scope: dict[str, Size]) -> None:
        items = self.size(node.iter, scope)
        inside = {**scope, "loop": Size(NUMBER_CHARS)}
        if isinstance(node.target, nodes.Name):
            inside[node.target.name] = _item_of(items)
        before, self._weight = self._weight, self._weight * max(items.items, 1)
        if node.test is not None:
            self.size(node.test, inside)
        self.statements(node.body, inside)
        self._weight = before
        self.statements(node.else_, scope)

    def _size(self, node: nodes.Node, scope: Mapping[str, Size]) -> Size:
        match node:
            case nodes.Name():
                return scope.get(node.name, Size(MAX_CHARS))
            case nodes.Const():
                return Size(len(str(node.value)))
            case nodes.Getattr():
                return _field_of(self.size(node.node, scope), node.attr)
            case nodes.Getitem():
                return self._item(node, scope)
            case nodes.Filter() if node.node is not None:
                return self._filter(node, self.size(node.node, scope), scope)
        parts = [self.size(child, scope) for child in map(_operand, node.iter_child_nodes())]
        match node:
            case nodes.CondExpr() | nodes.And() | nodes.Or():
                return _join(parts)
            case nodes.List():
                return _list_of(parts)
            case nodes.Add() if any(part.items for part in parts):
                return Size(_join(parts).chars, sum(part.items for part in parts), _join(parts).shape)
            case nodes.Add() | nodes.Concat():
                return Size(sum(part.total for part in parts))
            case nodes.Mul():
                return _product(parts)
        return Size(NUMBER_CHARS)

    def _item(self, node: nodes.Getitem, scope: Mapping[str, Size]) -> Size:
        size = self.size(node.node, scope)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return _field_of(size, node.arg.value)
        for child in node.arg.iter_child_nodes():
            self.size(child, scope)
        return size if isinstance(node.arg, nodes.Slice) else _item_of(size)

    def _filter(self, node: nodes.Filter, size: Size, scope: Mapping[str, Size]) -> Size:
        arguments = [self.size(argument, scope) for argument in node.args]
        arguments += [self.size(word.value, scope) for word in node.kwargs]
        self._spend(size.items * CHARS_PER_STEP)
        match node.name:
            case "map":
                field = _field_of(_item_of(size), _attribute_of(node))
                return Size(field.total, size.items, Many(field.shape) if field.shape else None)
            case "join" | "listed":
                return Size((size.chars + sum(argument.total for argument in arguments) + 5) * max(size.items, 1))
            case "first" | "last":
                return _item_of(size)
            case "replace":
                return _replaced(node, size, arguments)
            case "default":
                return _join((size, *arguments))
            case "round":
                _check_round(node)
                return Size(NUMBER_CHARS)
        return size


def _attribute_of(node: nodes.Filter) -> str:
    values = [word.value for word in node.kwargs if word.key == "attribute"]
    return str(values[0].value) if values and isinstance(values[0], nodes.Const) else ""


def _operand(node: nodes.Node) -> nodes.Node:
    return node.expr if isinstance(node, nodes.Operand) else node


def _size_of(shape: Shape | None) -> Size:
    """The largest value of a shape."""
    if isinstance(shape, Many):
        item = shape.item
        kind = item.name.rpartition(" ")[2] if isinstance(item, ObjectShape) else ""
        return Size(_size_of(item).total, MAX_ENTITIES.get(kind, MAX_TEXTS_IN_LIST), shape)
    return Size(_CHARS.get(getattr(shape, "type", ""), MAX_CHARS), shape=shape)


def _field_of(size: Size, name: str) -> Size:
    shape = size.shape
    fields = shape.fields if isinstance(shape, ObjectShape) else PARTS.get(getattr(shape, "type", ""), {})
    return _size_of(fields.get(name))


def _item_of(size: Size) -> Size:
    item = size.shape.item if isinstance(size.shape, Many) else None
    return _size_of(item) if isinstance(item, Many) else Size(size.chars, shape=item)


def _join(sizes: Iterable[Size]) -> Size:
    """The size of a value that is one of several."""
    known = list(sizes)
    return Size(
        max((size.chars for size in known), default=0),
        max((size.items for size in known), default=0),
        next((size.shape for size in known if size.shape is not None), None),
    )


def _list_of(parts: list[Size]) -> Size:
    if any(part.items for part in parts):
        raise TextTooLarge("a text cannot make a list of lists", "add the lists: a + b")
    return Size(_join(parts).chars, len(parts), Many(shape) if (shape := _join(parts).shape) else None)


def _product(parts: list[Size]) -> Size:
    digits = sum(part.total for part in parts)
    if digits > MAX_DIGITS:
        raise TextTooLarge(f"a number can have more than {MAX_DIGITS} digits", "multiply fewer numbers")
    return Size(digits)


def _replaced(node: nodes.Filter, size: Size, arguments: list[Size]) -> Size:
    """`replace('old', 'new')`; an unknown or empty old text can be between all characters."""
    old = node.args[0].value if node.args and isinstance(node.args[0], nodes.Const) else ""
    new = max((argument.total for argument in arguments[1:]), default=0)
    if not old:
        return Size((size.total + 1) * (new + 1))
    return Size(size.total * max(new, len(str(old))) // len(str(old)) + new)


def _check_round(node: nodes.Filter) -> None:
    precision = [*node.args[:1], *(word.value for word in node.kwargs if word.key == "precision")]
    if not all(isinstance(part, nodes.Const) and part.value in range(MAX_ROUND + 1) for part in precision):
        raise TextTooLarge(f"a text can round to 0 to {MAX_ROUND} decimals", "write a number, like round(1)")
