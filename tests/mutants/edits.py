"""The small edits that one node of a syntax tree allows. Pure."""

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Final

NEGATED: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
"""Orders move their boundary; equality, identity and membership turn around."""
SWAPPED: Final[Mapping[type[ast.operator], ast.operator]] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.FloorDiv(),
    ast.FloorDiv: ast.Mult(),
    ast.BitOr: ast.BitAnd(),
    ast.BitAnd: ast.BitOr(),
}
OTHER_CALL: Final = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
CONDITIONS: Final = ("where", "and_", "or_", "filter")
"""Calls of SQLAlchemy whose arguments restrict a query."""
WHOLE: Final = ("order_by", "with_for_update")
"""Methods of a query that may be left out."""


def edits_of(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that may replace this one."""
    edits = _EDITS.get(type(node))
    if edits is not None:
        yield from edits(node)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        edited = copy.deepcopy(node)
        edited.ops[index] = NEGATED[type(operator)]()
        yield edited


def _bool_op(node: ast.BoolOp) -> Iterator[ast.AST]:
    edited = copy.deepcopy(node)
    edited.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield edited
    for index in range(len(node.values)):
        kept = [value for place, value in enumerate(node.values) if place != index]
        yield kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept)


def _unary(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield node.operand


def _bin_op(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in SWAPPED:
        yield ast.BinOp(node.left, SWAPPED[type(node.op)], node.right)


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)


def _return(node: ast.Return) -> Iterator[ast.AST]:
    if node.value is not None and not isinstance(node.value, ast.Constant):
        yield ast.Return(ast.Constant(None))


def _dropped(_node: ast.AST) -> Iterator[ast.AST]:
    yield ast.Pass()


def _assign(node: ast.Assign) -> Iterator[ast.AST]:
    """Only of attributes and items: without a local name the code merely breaks."""
    if all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
        yield ast.Pass()


def _ann_assign(node: ast.AnnAssign) -> Iterator[ast.AST]:
    if isinstance(node.target, ast.Attribute):
        yield ast.Pass()


def _expression(node: ast.Expr) -> Iterator[ast.AST]:
    if isinstance(node.value, ast.Call | ast.Await):
        yield ast.Pass()


def _branch(node: ast.If | ast.IfExp) -> Iterator[ast.AST]:
    for value in (True, False):
        edited = copy.copy(node)
        edited.test = ast.Constant(value)
        yield edited


def _while(node: ast.While) -> Iterator[ast.AST]:
    edited = copy.copy(node)
    edited.test = ast.Constant(False)
    yield edited


def _comprehension(node: ast.comprehension) -> Iterator[ast.AST]:
    for index in range(len(node.ifs)):
        edited = copy.copy(node)
        edited.ifs = [value for place, value in enumerate(node.ifs) if place != index]
        yield edited


def _handler(node: ast.ExceptHandler) -> Iterator[ast.AST]:
    if not (len(node.body) == 1 and isinstance(node.body[0], ast.Raise)):
        yield ast.ExceptHandler(node.type, node.name, [ast.Raise()])


def _call(node: ast.Call) -> Iterator[ast.AST]:
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield ast.Call(node.func, node.args, node.keywords[:index] + node.keywords[index + 1 :])
    if isinstance(node.func, ast.Name) and node.func.id in OTHER_CALL:
        keywords = [] if node.func.id == "sorted" else node.keywords
        yield ast.Call(ast.Name(OTHER_CALL[node.func.id], ast.Load()), node.args, keywords)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in CONDITIONS:
        for index in range(len(node.args)):
            yield ast.Call(node.func, node.args[:index] + node.args[index + 1 :], node.keywords)
    if name in WHOLE and isinstance(node.func, ast.Attribute):
        yield node.func.value


_EDITS: Final[Mapping[type[ast.AST], Callable[..., Iterator[ast.AST]]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _bool_op,
    ast.UnaryOp: _unary,
    ast.BinOp: _bin_op,
    ast.Constant: _constant,
    ast.Return: _return,
    ast.Assign: _assign,
    ast.AnnAssign: _ann_assign,
    ast.AugAssign: _dropped,
    ast.Delete: _dropped,
    ast.Raise: _dropped,
    ast.Break: _dropped,
    ast.Continue: _dropped,
    ast.Expr: _expression,
    ast.If: _branch,
    ast.IfExp: _branch,
    ast.While: _while,
    ast.comprehension: _comprehension,
    ast.ExceptHandler: _handler,
    ast.Call: _call,
}
