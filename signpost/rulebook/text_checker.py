"""Checks the syntax tree of a text: every name, attribute and filter must fit the shapes of the variables."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from jinja2 import nodes

from signpost.rulebook.filters import EMPTY, FILTER_HINTS, FILTERS, OF_FIELDS, ORDERS, UNKNOWN_SHAPE, join_shapes
from signpost.rulebook.shapes import BOOLEAN, NUMBER, PARTS, TEXT, Many, ObjectShape, Plain, Shape
from signpost.suggestions import meant

Finding: TypeAlias = tuple[str, str, str]
"""(code, message, suggestion)."""
_LOOP = ObjectShape(
    "loop", dict.fromkeys(("index", "index0", "length"), NUMBER) | dict.fromkeys(("first", "last"), BOOLEAN)
)
_BRACES = re.compile(r"\{\s*([A-Za-z_]\w*)((?:\.\w+)*\s*(?:\|[^{}]*)?)\}{1,2}|\{ +%[^{}]*\}|% *\}|\}\}")
"""A name in single braces (and what follows it), or what is left of those of a variable or a statement."""
_ANSWERS = (nodes.Compare, nodes.Not, nodes.Test)
_CALCULATES = (nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg)
_NO_ELSE = ("an `if` within {{ }} without `else` shows `unknown` where it is not true", "add else ''")
_NUMBERS = (NUMBER, Plain("days"), UNKNOWN_SHAPE)


class TextChecker:
    """Walks the syntax tree of a text; `found`: its problems."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.can_fail_to_compile = False
        """Of what a text can use, only a test and a loop's own variable have rules that the walk does not check."""

    def statements(self, body: Iterable[nodes.Node], scope: dict[str, Shape]) -> None:
        """Check statements in order; `set` adds variables to `scope`."""
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
        """The shape of an expression."""
        match node:
            case nodes.Name():
                return self._name(node.name, scope)
            case nodes.Getattr() if (
                isinstance(node.node, nodes.Name) and node.node.name not in scope and node.attr in scope
            ):
                self._add("R041", f"unknown variable {node.node.name!r}", f"write {node.attr} alone")
                return scope[node.attr]
            case nodes.Getattr():
                return self._attribute(self.shape(node.node, scope), node.attr, scope)
            case nodes.Getitem():
                return self._item(node, scope)
            case nodes.Filter() if node.node is not None:
                return self._filter(node, scope)
            case nodes.CondExpr():
                if node.expr2 is None:
                    self._add("R043", *_NO_ELSE)
                self.shape(node.test, scope)
                return join_shapes(self.shape(branch, scope) for branch in (node.expr1, node.expr2) if branch)
            case nodes.And() | nodes.Or() | nodes.Add():
                return join_shapes((self.shape(node.left, scope), self.shape(node.right, scope)))
            case nodes.List():
                return Many(join_shapes([self.shape(item, scope) for item in node.items])) if node.items else EMPTY
            case nodes.Const():
                return _constant(node.value)
            case nodes.Concat():
                return self._text_of(self._children(node, scope))
        if isinstance(node, _ANSWERS):
            self.can_fail_to_compile |= isinstance(node, nodes.Test)
            self._children(node, scope)
            return BOOLEAN
        if not isinstance(node, _CALCULATES):
            self._refuse(node)
            return UNKNOWN_SHAPE
        for shape in self._children(node, scope):
            if shape not in _NUMBERS:
                self._add("R043", f"a text can calculate with numbers, not with {_describe(shape)}", "")
        return NUMBER

    def _children(self, node: nodes.Node, scope: Mapping[str, Shape]) -> list[Shape]:
        children = [child.expr if isinstance(child, nodes.Operand) else child for child in node.iter_child_nodes()]
        return [self.shape(child, scope) for child in children]

    def _text_of(self, shapes: Iterable[Shape]) -> Shape:
        for shape in shapes:
            if not isinstance(shape, Plain):
                self._add("R043", f"a text cannot be concatenated with {_describe(shape)}", "name one of its fields")
        return TEXT

    def _output(self, node: nodes.Output, scope: Mapping[str, Shape]) -> None:
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                self._literal(part.data, scope)
                continue
            shape = self.shape(part, scope)
            inner = shape.item if isinstance(shape, Many) else shape
            if isinstance(inner, ObjectShape) or inner == Plain("range"):
                self._add("R043", f"a text cannot show {_describe(shape)} as a whole", "name one of its fields")

    def _literal(self, text: str, scope: Mapping[str, Shape]) -> None:
        """Report braces that are shown as they stand, though a variable or a statement is meant."""
        for match in _BRACES.finditer(text):
            message = f"{match[0]!r} is shown as it stands"
            if match[1] is None:
                self._add("R047", message, "write {% if ... %}" if "%" in match[0] else "write {{ ... }}")
                break
            if match[1] in scope:
                self._add("R047", message, f"write {{{{ {(match[1] + match[2]).strip()} }}}}")

    def _loop(self, node: nodes.For, scope: dict[str, Shape]) -> None:
        self.can_fail_to_compile = True
        items = self.shape(node.iter, scope)
        if not isinstance(items, Many) or not isinstance(node.target, nodes.Name):
            if items != UNKNOWN_SHAPE:
                self._add("R043", f"a loop needs a list, not {_describe(items)}", "")
            items = Many(UNKNOWN_SHAPE)
        inside = {**scope, "loop": _LOOP}
        if isinstance(node.target, nodes.Name):
            inside[node.target.name] = items.item
        if node.test is not None:
            self.shape(node.test, inside)
        self.statements(node.body, inside)
        self.statements(node.else_, scope)

    def _name(self, name: str, scope: Mapping[str, Shape]) -> Shape:
        if name not in scope:
            own = scope.get("candidate")
            known = isinstance(own, ObjectShape) and name in own.fields
            self._add("R041", f"unknown variable {name!r}", f"write candidate.{name}" if known else meant(name, scope))
        return scope.get(name, UNKNOWN_SHAPE)

    def _attribute(self, shape: Shape, name: str, scope: Mapping[str, Shape]) -> Shape:
        fields = _fields(shape)
        if name not in fields and shape != UNKNOWN_SHAPE:
            is_subjects = shape is scope.get("candidate") and name in scope
            hint = f"write {name} alone" if is_subjects else meant(name, fields) if fields else ""
            self._add("R041", f"{_describe(shape)} has no {name!r}", hint)
        return fields.get(name, UNKNOWN_SHAPE)

    def _item(self, node: nodes.Getitem, scope: Mapping[str, Shape]) -> Shape:
        shape, key = self.shape(node.node, scope), node.arg
        if isinstance(key, nodes.Const) and isinstance(key.value, str):
            return self._attribute(shape, key.value, scope)
        self._children(key, scope) if isinstance(key, nodes.Slice) else self.shape(key, scope)
        if isinstance(shape, Many):
            return shape if isinstance(key, nodes.Slice) else shape.item
        self._add("R043", f"{_describe(shape)} cannot be indexed by number", "name a field")
        return UNKNOWN_SHAPE

    def _filter(self, node: nodes.Filter, scope: Mapping[str, Shape]) -> Shape:
        shape = self.shape(node.node, scope) if node.node is not None else UNKNOWN_SHAPE
        arguments = [self.shape(argument, scope) for argument in node.args]
        arguments += [self.shape(keyword.value, scope) for keyword in node.kwargs]
        fits = FILTERS.get(node.name)
        if fits is None:
            self._add("R043", f"texts have no filter {node.name!r}", meant(node.name, FILTERS))
        if fits is None or UNKNOWN_SHAPE in (shape, *arguments):
            return UNKNOWN_SHAPE
        if node.name in OF_FIELDS or any(keyword.key == "attribute" for keyword in node.kwargs):
            return self._of_fields(node, shape, scope)
        all_plain = all(isinstance(argument, Plain) for argument in arguments) or node.name == "default"
        result = fits(shape, arguments) if all_plain and not _has_opaque_arguments(node) else None
        if result is None:
            self._add(
                "R043", f"the filter {node.name!r} does not fit {_describe(shape)}", FILTER_HINTS.get(node.name, "")
            )
        return result or UNKNOWN_SHAPE

    def _of_fields(self, node: nodes.Filter, shape: Shape, scope: Mapping[str, Shape]) -> Shape:
        """`map(attribute='employer')`, `selectattr('start_date', 'defined')`: a field of each item of a list."""
        named = [word.value for word in node.kwargs if word.key == "attribute"] or node.args[:1]
        fits = node.name in (*OF_FIELDS, *ORDERS) and isinstance(shape, Many) and not _has_opaque_arguments(node)
        if not fits or not isinstance(shape, Many) or not (named and isinstance(named[0], nodes.Const)):
            self._add("R043", f"the filter {node.name!r} does not fit {_describe(shape)}", FILTER_HINTS["map"])
            return UNKNOWN_SHAPE
        values = self._attribute(shape.item, str(named[0].value), scope)
        return Many(values) if node.name == "map" else shape

    def _refuse(self, node: nodes.Node) -> None:
        what = type(node).__name__.lower()
        self._add("R043", f"a text cannot use {what!r}", "texts can use if, for, set, variables and filters")

    def _add(self, code: str, message: str, suggestion: str) -> None:
        self.found.append((code, message, suggestion))


def _has_opaque_arguments(node: nodes.Filter) -> bool:
    """Whether a filter has arguments that cannot be checked: unpacked ones, or a positional field."""
    positional = node.args if node.name in ("map", *ORDERS) else None
    return bool(positional or node.dyn_args or node.dyn_kwargs)


def _fields(shape: Shape) -> Mapping[str, Shape]:
    if isinstance(shape, ObjectShape):
        return shape.fields
    return PARTS.get(shape.type, {}) if isinstance(shape, Plain) else {}


def _describe(shape: Shape) -> str:
    if isinstance(shape, Many):
        return "a list"
    return shape.name if isinstance(shape, ObjectShape) else f"a value of type {shape.type}"


def _constant(value: object) -> Shape:
    if isinstance(value, bool) or value is None:
        return BOOLEAN
    return TEXT if isinstance(value, str) else NUMBER
