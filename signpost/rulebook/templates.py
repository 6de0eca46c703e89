"""Checking a text without facts: every name, attribute and filter in it must fit what its variables are."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from jinja2 import TemplateError, TemplateSyntaxError, nodes

from signpost.rulebook.filters import EMPTY, FILTERS, NOTHING_KNOWN, OF_FIELDS, ORDERS, WANTS, joined
from signpost.rulebook.shapes import BOOLEAN, NUMBER, PARTS, TEXT, Many, ObjectShape, Plain, Shape
from signpost.rulebook.texts import ENVIRONMENT
from signpost.suggestions import meant

Finding: TypeAlias = tuple[str, str, str]
"""(code, message, suggestion)."""
_LOOP = ObjectShape(
    "loop", dict.fromkeys(("index", "index0", "length"), NUMBER) | dict.fromkeys(("first", "last"), BOOLEAN)
)
_ANSWERS = (nodes.Compare, nodes.Not, nodes.Test)
_CALCULATES = (nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg)
_NUMBERS = (NUMBER, Plain("days"), NOTHING_KNOWN)


def text_problems(source: str, variables: Mapping[str, Shape]) -> list[Finding]:
    """Everything wrong with a text whose variables are these."""
    return list(_findings(source, frozenset(variables.items())))


@lru_cache(maxsize=4096)
def names_in(source: str) -> frozenset[str]:
    """What a text names: `salary`, `candidate`, `candidate.salary_target`, and the names that it gives itself; nothing
    where it cannot be parsed."""
    try:
        tree = ENVIRONMENT.parse(source)
    except TemplateError:
        return frozenset()
    found = {name.name for name in tree.find_all(nodes.Name)}
    parts: list[nodes.Getattr | nodes.Getitem] = [*tree.find_all(nodes.Getattr), *tree.find_all(nodes.Getitem)]
    for node in parts:
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if isinstance(node.node, nodes.Name) and isinstance(key, str):
            found.add(f"{node.node.name}.{key}")
    return frozenset(found)


@lru_cache(maxsize=4096)
def _findings(source: str, variables: frozenset[tuple[str, Shape]]) -> tuple[Finding, ...]:
    """Remembered: a rulebook is loaded once for each set of parameters, with the same texts."""
    try:
        tree = ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        return (("R040", f"line {error.lineno} of the text: {error.message}", ""),)
    checker = _Checker()
    checker.statements(tree.body, dict(variables))
    return tuple(dict.fromkeys(checker.found)) or tuple(_compiled(source))


def _compiled(source: str) -> Iterator[Finding]:
    """What only shows when the text is compiled, an unknown test for example."""
    try:
        ENVIRONMENT.compile(source)
    except TemplateError as error:
        yield ("R040", str(error), "")


class _Checker:
    """Walks through a text; `found`: what is wrong with it."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def statements(self, body: Iterable[nodes.Node], scope: dict[str, Shape]) -> None:
        """A run of statements; what `set` names is known in those that follow."""
        for node in body:
            match node:
                case nodes.Output():
                    self._output(node, scope)
                case nodes.If():
                    self.shape(node.test, scope)
                    for branch in (node.body, node.elif_, node.else_):
                        self.statements(branch, scope)
                case nodes.For():
                    self._loop(node, scope)
                case nodes.Assign() if isinstance(node.target, nodes.Name):
                    scope[node.target.name] = self.shape(node.node, scope)
                case _:
                    self._refuse(node)

    def shape(self, node: nodes.Node, scope: Mapping[str, Shape]) -> Shape:
        """What an expression comes to."""
        match node:
            case nodes.Name():
                return self._name(node.name, scope)
            case nodes.Getattr():
                return self._attribute(self.shape(node.node, scope), node.attr)
            case nodes.Getitem():
                return self._item(node, scope)
            case nodes.Filter() if node.node is not None:
                return self._filter(node, scope)
            case nodes.CondExpr():
                self.shape(node.test, scope)
                return joined(self.shape(one, scope) for one in (node.expr1, node.expr2) if one is not None)
            case nodes.And() | nodes.Or() | nodes.Add():
                return joined((self.shape(node.left, scope), self.shape(node.right, scope)))
            case nodes.List():
                return Many(joined([self.shape(item, scope) for item in node.items])) if node.items else EMPTY
            case nodes.Const():
                return _constant(node.value)
            case nodes.Concat():
                return self._text_of(self._children(node, scope))
        if isinstance(node, _ANSWERS):
            self._children(node, scope)
            return BOOLEAN
        if not isinstance(node, _CALCULATES):
            self._refuse(node)
            return NOTHING_KNOWN
        for shape in self._children(node, scope):
            if shape not in _NUMBERS:
                self._add("R043", f"a text can calculate with numbers, not with {_called(shape)}", "")
        return NUMBER

    def _children(self, node: nodes.Node, scope: Mapping[str, Shape]) -> list[Shape]:
        children = [child.expr if isinstance(child, nodes.Operand) else child for child in node.iter_child_nodes()]
        return [self.shape(child, scope) for child in children]

    def _text_of(self, shapes: Iterable[Shape]) -> Shape:
        for shape in shapes:
            if not isinstance(shape, Plain):
                self._add("R043", f"a text cannot be put together with {_called(shape)}", "name one of its fields")
        return TEXT

    def _output(self, node: nodes.Output, scope: Mapping[str, Shape]) -> None:
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                continue
            shape = self.shape(part, scope)
            inner = shape.item if isinstance(shape, Many) else shape
            if isinstance(inner, ObjectShape) or inner == Plain("range"):
                self._add("R043", f"a text cannot show {_called(shape)} as a whole", "name one of its fields")

    def _loop(self, node: nodes.For, scope: dict[str, Shape]) -> None:
        many = self.shape(node.iter, scope)
        if not isinstance(many, Many) or not isinstance(node.target, nodes.Name):
            if many != NOTHING_KNOWN:
                self._add("R043", f"a loop goes over a list, and this is {_called(many)}", "")
            many = Many(NOTHING_KNOWN)
        inside = {**scope, "loop": _LOOP}
        if isinstance(node.target, nodes.Name):
            inside[node.target.name] = many.item
        if node.test is not None:
            self.shape(node.test, inside)
        self.statements(node.body, inside)
        self.statements(node.else_, scope)

    def _name(self, name: str, scope: Mapping[str, Shape]) -> Shape:
        if name not in scope:
            own = scope.get("candidate")
            known = isinstance(own, ObjectShape) and name in own.fields
            self._add("R041", f"unknown variable {name!r}", f"write candidate.{name}" if known else meant(name, scope))
        return scope.get(name, NOTHING_KNOWN)

    def _attribute(self, shape: Shape, name: str) -> Shape:
        fields = _fields(shape)
        if name not in fields and shape != NOTHING_KNOWN:
            self._add("R041", f"{_called(shape)} has no {name!r}", meant(name, fields) if fields else "")
        return fields.get(name, NOTHING_KNOWN)

    def _item(self, node: nodes.Getitem, scope: Mapping[str, Shape]) -> Shape:
        shape, key = self.shape(node.node, scope), node.arg
        if isinstance(key, nodes.Const) and isinstance(key.value, str):
            return self._attribute(shape, key.value)
        self._children(key, scope) if isinstance(key, nodes.Slice) else self.shape(key, scope)
        if isinstance(shape, Many):
            return shape if isinstance(key, nodes.Slice) else shape.item
        self._add("R043", f"{_called(shape)} has no numbered parts", "name a field")
        return NOTHING_KNOWN

    def _filter(self, node: nodes.Filter, scope: Mapping[str, Shape]) -> Shape:
        shape = self.shape(node.node, scope) if node.node is not None else NOTHING_KNOWN
        given = [self.shape(argument, scope) for argument in node.args]
        given += [self.shape(keyword.value, scope) for keyword in node.kwargs]
        fits = FILTERS.get(node.name)
        if fits is None:
            self._add("R043", f"texts have no filter {node.name!r}", meant(node.name, FILTERS))
        if fits is None or NOTHING_KNOWN in (shape, *given):
            return NOTHING_KNOWN
        if node.name in OF_FIELDS or any(keyword.key == "attribute" for keyword in node.kwargs):
            return self._of_fields(node, shape)
        all_plain = all(isinstance(one, Plain) for one in given) or node.name == "default"
        found = fits(shape, given) if all_plain and not _has_too_much(node) else None
        if found is None:
            self._add("R043", f"the filter {node.name!r} does not fit {_called(shape)}", WANTS.get(node.name, ""))
        return found or NOTHING_KNOWN

    def _of_fields(self, node: nodes.Filter, shape: Shape) -> Shape:
        """`map(attribute='employer')`, `selectattr('start_date', 'defined')`: a field of each of a list."""
        named = [word.value for word in node.kwargs if word.key == "attribute"] or node.args[:1]
        fits = node.name in (*OF_FIELDS, *ORDERS) and isinstance(shape, Many) and not _has_too_much(node)
        if not fits or not isinstance(shape, Many) or not (named and isinstance(named[0], nodes.Const)):
            self._add("R043", f"the filter {node.name!r} does not fit {_called(shape)}", WANTS["map"])
            return NOTHING_KNOWN
        found = self._attribute(shape.item, str(named[0].value))
        return Many(found) if node.name == "map" else shape

    def _refuse(self, node: nodes.Node) -> None:
        what = type(node).__name__.lower()
        self._add("R043", f"a text cannot use {what!r}", "texts know if, for, set, variables and filters")

    def _add(self, code: str, message: str, suggestion: str) -> None:
        self.found.append((code, message, suggestion))


def _has_too_much(node: nodes.Filter) -> bool:
    """Whether a filter is given what nobody can look into: unpacked arguments, or a field by its place alone."""
    by_place = node.args if node.name in ("map", *ORDERS) else None
    return bool(by_place or node.dyn_args or node.dyn_kwargs)


def _fields(shape: Shape) -> Mapping[str, Shape]:
    if isinstance(shape, ObjectShape):
        return shape.fields
    return PARTS.get(shape.type, {}) if isinstance(shape, Plain) else {}


def _called(shape: Shape) -> str:
    if isinstance(shape, Many):
        return "a list"
    return shape.name if isinstance(shape, ObjectShape) else f"a value of type {shape.type}"


def _constant(value: object) -> Shape:
    if isinstance(value, bool) or value is None:
        return BOOLEAN
    return TEXT if isinstance(value, str) else NUMBER
