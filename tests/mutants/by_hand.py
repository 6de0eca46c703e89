"""Changes that `edits` does not make, such as other SQL or two statements in another order: a list written by hand."""

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final, TypeAlias

import yaml

from tests.mutants.mutants import Mutant, source_of

FILE: Final = Path(__file__).with_name("by_hand.yaml")


@dataclass(frozen=True)
class HandMade:
    """One change: `before` in the text of a module becomes `after`, which has no more lines. `loses`: what a user would
    lose. Otherwise like `mutants.Mutant`."""

    module: str
    before: str
    after: str
    loses: str
    number: int = 1

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What names it in the list of survivors."""
        return (self.module, self.within, self.before, self.after, self.number)

    @property
    def line(self) -> int:
        """Its first line."""
        return source_of(self.module).partition(self.before)[0].count("\n") + 1

    @property
    def within(self) -> str:
        """The functions around it, from the outside; "" at import."""
        return self._around[0]

    @property
    def lines(self) -> range:
        """The lines that a test must run to notice it, none for code that runs at import."""
        return range(self.line, self.line + self.before.count("\n") + 1) if self._around[1] else range(0)

    def tree(self) -> ast.Module:
        """The syntax tree of the changed module; what follows the change keeps its lines. A change of several lines
        begins with a whole one."""
        text = source_of(self.module)
        missing = self.before.count("\n") - self.after.count("\n")
        if text.count(self.before) != 1 or missing < 0:
            raise ValueError(f"{self.module}: {self.before!r} must be there once, and become no longer")
        return ast.parse(text.replace(self.before, "\n" * missing + self.after))

    @cached_property
    def _around(self) -> tuple[str, bool]:
        names, in_function = [], False
        for node in _definitions(self.module):
            is_function = isinstance(node, ast.FunctionDef)
            if self._is_in(node, is_function):
                names.append(node.name)
                in_function |= is_function
        return ".".join(names), in_function

    def _is_in(self, node: ast.FunctionDef | ast.ClassDef, is_function: bool) -> bool:
        first = node.body[0].lineno if is_function else node.lineno
        return first <= self.line <= (node.end_lineno or first)


AnyMutant: TypeAlias = Mutant | HandMade


def load_by_hand(module: str, file: Path = FILE) -> list[HandMade]:
    """The changes of one module: `{module: [{from, to, loses}]}`."""
    return [HandMade(module, one["from"], one["to"], one["loses"]) for one in _document(file).get(module, ())]


def modules_by_hand(file: Path = FILE) -> list[str]:
    """The modules of the list."""
    return list(_document(file))


@cache
def _document(file: Path) -> dict[str, list[dict[str, str]]]:
    document: dict[str, list[dict[str, str]]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


@cache
def _definitions(module: str) -> list[ast.FunctionDef | ast.ClassDef]:
    nodes = ast.walk(ast.parse(source_of(module)))
    return [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)]
