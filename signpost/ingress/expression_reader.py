"""Reads forms and conditions of a mapping file; every problem is noted with its place."""

import re
from collections.abc import Mapping
from typing import Any, Final

from signpost.ingress.expressions import (
    Amount,
    Before,
    Coalesce,
    Condition,
    Expected,
    Expression,
    Extreme,
    Fixed,
    Header,
    Path,
    Text,
    ValueMap,
)
from signpost.suggestions import meant
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node

STEP: Final = re.compile(r"[A-Za-z0-9_-]+|\*")
PLACE: Final = re.compile(r"\{([^{}]*)\}")
HEADER: Final = "header:"
NOTHING: Final = Fixed(None)
WAYS: Final = ("known", "unknown", "past", "future")
KINDS: Final = {
    "is": ("is",),
    "path": ("path", "words", "default"),
    "before": ("before",),
    "earliest": ("earliest",),
    "latest": ("latest",),
    "amount": ("of", "amount", "currency", "per"),
}
"""The key that tells forms apart -> the keys of such a form."""


class ExpressionReader(FieldReader):
    """Reads nodes of one file; `words` are its tables by name."""

    def __init__(self, problems: Problems) -> None:
        super().__init__(problems)
        self.words: dict[str, Mapping[str, Any]] = {}

    def expression(self, node: Node) -> Expression:
        """A path, a text with {paths}, a list of forms of which the first that is known counts, or a special form."""
        if isinstance(node.value, str):
            return self._text_or_path(node)
        if isinstance(node.value, list):
            return Coalesce(tuple(self.expression(inner) for inner in node.value))
        kind = next((name for name in KINDS if isinstance(node.value, dict) and name in node.value), None)
        if kind is None:
            hint = "a path, a text with {paths}, a list of these, or one of " + ", ".join(KINDS)
            self.problems.add("R022", node.position, "this is no form", hint)
            return NOTHING
        return self._special(kind, self.members(node, f"a form of {kind}", KINDS[kind]))

    def expressions(self, node: Node | None, what: str) -> dict[str, Expression]:
        """Names and their forms."""
        return (
            {} if node is None else {name: self.expression(inner) for name, inner in self.members(node, what).items()}
        )

    def template(self, node: Node) -> Text:
        """A text with {paths}."""
        text = self.text(node, "an id")
        parts = PLACE.split(text)
        return Text(tuple(part if at % 2 == 0 else self._path(node, part) for at, part in enumerate(parts) if part))

    def condition(self, node: Node | None) -> Condition:
        """Expectations that must all hold, or a list of alternatives."""
        if node is None:
            return ()
        nodes = node.value if isinstance(node.value, list) else [node]
        return tuple(
            tuple(self._expected(node, name, inner) for name, inner in self.members(one, "a condition").items())
            for one in nodes
        )

    def _expected(self, at: Node, name: str, node: Node) -> Expected:
        what = self._path(at, name)
        if isinstance(node.value, dict):
            said = self.members(node, "an expectation", ("not", "has"))
            how = next(iter(said), "has")
            return what, {"not": "not in", "has": "has"}[how], self._literals(said[how]) if said else ()
        if isinstance(node.value, str) and node.value in WAYS:
            return what, node.value, ()
        return what, "in", self._literals(node)

    def _literals(self, node: Node) -> tuple[Any, ...]:
        plain = node.plain()
        return tuple(plain) if isinstance(plain, list) else (plain,)

    def _text_or_path(self, node: Node) -> Expression:
        return self.template(node) if "{" in node.value else self._path(node, node.value)

    def _path(self, node: Node, text: str) -> Expression:
        if text.startswith(HEADER):
            return Header(text.removeprefix(HEADER).lower())
        steps = tuple(text.split("."))
        if not all(STEP.fullmatch(step) for step in steps):
            self.problems.add(
                "R022",
                node.position,
                f"{text!r} is no path",
                "write names with dots between them, like payload.offer.id",
            )
        return Path(steps)

    def _special(self, kind: str, said: Mapping[str, Node]) -> Expression:
        node = said[kind]
        if kind == "is":
            return Fixed(node.plain())
        if kind == "before":
            return Before(self.expression(node))
        if kind == "amount":
            return self._amount(said)
        if kind == "path":
            return self._words(said)
        return Extreme(self.expression(node), latest=kind == "latest")

    def _words(self, said: Mapping[str, Node]) -> Expression:
        expression, table = self.expression(said["path"]), said.get("words")
        default = said["default"].plain() if "default" in said else None
        if table is None:
            return Coalesce((expression, Fixed(default)))
        return ValueMap(expression, self.table(table), default)

    def table(self, node: Node) -> Mapping[str, Any]:
        """A table of words, or the name of one."""
        if isinstance(node.value, str):
            if node.value not in self.words:
                self.problems.add(
                    "R023", node.position, f"no table of words {node.value!r}", meant(node.value, self.words)
                )
            return self.words.get(node.value, {})
        return {name.casefold(): inner.plain() for name, inner in self.members(node, "a table of words").items()}

    def _amount(self, said: Mapping[str, Node]) -> Amount:
        of = said.get("of")
        nodes = [] if of is None else of.value if isinstance(of.value, list) else [of]
        parts = {
            name: self.expression(said[name]) if name in said else NOTHING for name in ("amount", "currency", "per")
        }
        return Amount(
            tuple(self.expression(inner) for inner in nodes), parts["amount"], parts["currency"], parts["per"]
        )
