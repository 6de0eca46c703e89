"""The mutants of one module: where each is, what it changes, and the changed tree. Pure."""

import ast
import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.mutants.edits import edits_of

ROOT: Final = Path(__file__).parents[2]
EDGES: Final = ("main",)
"""Functions that put a process together; tests that start processes run them."""
DECLARING: Final = ("Protocol", "Enum", "IntEnum", "StrEnum")
"""Bases of classes that hold no code: shapes and names."""
LOGGERS: Final = ("log", "logger", "logging")
CRASH_POINT: Final = "reach"
"""The call that names a crash point. It does nothing in production; the tests of crashes visit each point."""
Step: TypeAlias = tuple[str, int | None]
"""A field of a node, and a place in it if it is a list."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. `lines` are those that a test must run to notice it, none for code that runs at import."""

    module: str
    within: str
    line: int
    lines: range
    before: str
    after: str
    number: int
    steps: tuple[Step, ...]
    replacement: ast.AST

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What names it in the list of survivors; it has no line, so that it stays while other code moves."""
        return (self.module, self.within, self.before, self.after, self.number)

    def tree(self) -> ast.Module:
        """The syntax tree of the changed module, with the lines of the original."""
        root = ast.parse(source_of(self.module))
        node: Any = root
        for name, index in self.steps[:-1]:
            node = getattr(node, name) if index is None else getattr(node, name)[index]
        name, index = self.steps[-1]
        old = getattr(node, name) if index is None else getattr(node, name)[index]
        if hasattr(old, "lineno"):
            ast.copy_location(self.replacement, old)
        if index is None:
            setattr(node, name, self.replacement)
        else:
            getattr(node, name)[index] = self.replacement
        return ast.fix_missing_locations(root)


@functools.cache
def source_of(module: str) -> str:
    """The text of a module as it was first read: an edit during a run must not change what its mutants mean."""
    return (ROOT / module).read_text(encoding="utf-8")


@functools.cache
def names_at(module: str, line: int) -> frozenset[str]:
    """What the statement at a line of a module, outside functions, defines: SQL, limits, tables, a class."""
    found: set[str] = set()
    for node in ast.parse(source_of(module)).body:
        if not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node, ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return frozenset(found)


@functools.cache
def uses_of(module: str, line: int) -> frozenset[int]:
    """The lines of the module that name what is defined there."""
    names = (node for node in ast.walk(ast.parse(source_of(module))) if isinstance(node, ast.Name))
    defined = names_at(module, line)
    return frozenset(name.lineno for name in names if name.id in defined and isinstance(name.ctx, ast.Load))


def mutants_of(module: str) -> list[Mutant]:
    """All mutants of a module (its path in the project), in the order of the text."""
    tree = ast.parse(source_of(module))
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for place in _walk(tree, _Place((), "", tree, None)):
        if place.within.split(".")[0] in EDGES or _only_logs(place.statement):
            continue
        before = _text(place.node)
        for replacement in edits_of(place.node):
            after = _text(replacement)
            seen[place.within, before, after] += 1
            number = seen[place.within, before, after]
            line = place.line
            lines = range(0) if place.at_import else place.lines()
            found.append(Mutant(module, place.within, line, lines, before, after, number, place.steps, replacement))
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    steps: tuple[Step, ...]
    within: str
    node: ast.AST
    statement: ast.stmt | None
    at_import: bool = True

    @property
    def line(self) -> int:
        at: Any = self.node if hasattr(self.node, "lineno") else self.statement
        return int(at.lineno) if at is not None else 1

    def lines(self) -> range:
        """The lines of the node, and the first of its statement, which a tracer reports for some expressions."""
        node: Any = self.node
        if isinstance(node, ast.If | ast.While):
            return range(node.lineno, (node.test.end_lineno or node.lineno) + 1)
        if isinstance(node, ast.ExceptHandler):
            return range(node.lineno, node.lineno + 1)
        first = self.statement.lineno if isinstance(self.statement, ast.Expr | ast.Return | ast.Assign) else self.line
        return range(min(first, self.line), getattr(node, "end_lineno", self.line) + 1)


def _walk(tree: ast.AST, place: _Place) -> Iterator[_Place]:
    for name, value in ast.iter_fields(tree):
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_ignored(tree, name, child):
                continue
            inner = _enter(place, (name, index), child)
            yield inner
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = _Place(inner.steps, f"{place.within}.{child.name}".lstrip("."), child, child, inner.at_import)
            yield from _walk(child, inner)


def _enter(place: _Place, step: Step, child: ast.AST) -> _Place:
    """The place of a child. The body of a function runs later; its defaults and decorators run at import."""
    at_import = place.at_import and not (isinstance(place.node, ast.FunctionDef | ast.Lambda) and step[0] == "body")
    statement = child if isinstance(child, ast.stmt) else place.statement
    return _Place((*place.steps, step), place.within, child, statement, at_import)


def _is_ignored(parent: ast.AST, name: str, child: ast.AST) -> bool:
    """Annotations, log lines, crash points, messages of errors, text, and how a child process starts: what they say is
    not what this measures; nor is what only a type checker reads."""
    if name in ("annotation", "returns", "decorator_list") or isinstance(child, ast.Assert | ast.JoinedStr):
        return True
    if isinstance(child, ast.AnnAssign) and getattr(child.annotation, "id", "") == "TypeAlias":
        return True
    if isinstance(parent, ast.Raise | ast.ImportFrom) or isinstance(child, ast.Import | ast.ImportFrom):
        return True
    if isinstance(child, ast.If) and any(name in ast.dump(child.test) for name in ("__name__", "TYPE_CHECKING")):
        return True
    if isinstance(child, ast.ClassDef) and any(getattr(base, "id", "") in DECLARING for base in child.bases):
        return True
    return isinstance(child, ast.Expr) and _is_without_effect(child.value)


def _only_logs(statement: ast.stmt | None) -> bool:
    """Whether a condition decides about nothing but log lines and crash points."""
    if not isinstance(statement, ast.If) or statement.orelse:
        return False
    return all(isinstance(inner, ast.Expr) and _is_without_effect(inner.value) for inner in statement.body)


def _is_without_effect(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Name):
        return function.id == CRASH_POINT
    return isinstance(function, ast.Attribute) and getattr(function.value, "id", "") in LOGGERS


def _text(node: ast.AST) -> str:
    """The source of a node in one line; of a compound statement its first line."""
    if isinstance(node, ast.ExceptHandler):
        return (
            ast.unparse(ast.Try([ast.Pass()], [node], [], [])).partition("\n")[2].partition("\n")[2].replace("\n", " ")
        )
    if isinstance(node, ast.comprehension):
        return ast.unparse(node).strip()
    return ast.unparse(ast.fix_missing_locations(node)).partition("\n")[0]
