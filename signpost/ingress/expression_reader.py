"""Reads the expressions and conditions of a mapping file; collects every problem with its position."""

import re
from collections.abc import Mapping
from typing import Any, Final

from signpost.ingress.amounts import Amount
from signpost.ingress.date_patterns import DatePattern, read_pattern
from signpost.ingress.expressions import (
    Before,
    Coalesce,
    Condition,
    DayStart,
    Expected,
    Expression,
    Extreme,
    Fixed,
    Header,
    ItemWhere,
    Path,
    Text,
    ValueMap,
)
from signpost.ingress.mapping import Place
from signpost.ingress.scope import BODY
from signpost.ingress.written import Written
from signpost.suggestions import meant, nearest
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node

STEP: Final = re.compile(r"[A-Za-z0-9_-]+|\*")
PLACE: Final = re.compile(r"\{([^{}]*)\}")
HEADER: Final = "header:"
NOTHING: Final = Fixed(None)
STATES: Final = ("known", "unknown", "past", "future")
KINDS: Final = {
    "is": ("is",),
    "path": ("path", "words", "default", "format"),
    "before": ("before",),
    "day": ("day",),
    "earliest": ("earliest",),
    "latest": ("latest",),
    "item_of": ("item_of", "where"),
    "amount": ("of", "amount", "currency", "per", "minor_units"),
}
"""The key that identifies a kind of expression -> all keys of that kind."""


class ExpressionReader(FieldReader):
    """Reads the nodes of one file; `words` holds its word tables by name, `places` what can find nothing, `word_places`
    their values."""

    def __init__(self, problems: Problems) -> None:
        super().__init__(problems)
        self.words: dict[str, Mapping[str, Any]] = {}
        self.places: list[Place] = []
        self.word_places: list[Place] = []

    def hint_at_text(self, node: Node) -> str:
        """How to write a number, a truth value or punctuation as a text."""
        if isinstance(node.value, bool):
            return f'write "{str(node.value).lower()}" in quotes'
        if isinstance(node.value, int):
            return f'write "{node.value}" in quotes'
        return 'it is empty; punctuation, like ",", needs quotes' if node.value is None else ""

    def expression(self, node: Node) -> Expression:
        """Read a path, a template with {paths}, a list (its first known item counts), or one of KINDS."""
        if isinstance(node.value, str):
            return self._text_or_path(node)
        if isinstance(node.value, list):
            return Coalesce(tuple(self.expression(inner) for inner in node.value))
        kind = next((name for name in KINDS if isinstance(node.value, dict) and name in node.value), None)
        if kind is None:
            near = [nearest(name, KINDS) for name in node.value] if isinstance(node.value, dict) else []
            hint = "write a path, a text with {paths}, a list of these, or one of " + ", ".join(KINDS)
            hint = next((f"did you mean {name}?" for name in near if name), hint)
            self.problems.add("R022", node.position, "this is not an expression", hint)
            return NOTHING
        return self._special(kind, self.members(node, f"an expression with {kind!r}", KINDS[kind]))

    def expressions(self, node: Node | None, what: str) -> dict[str, Expression]:
        """Read names and their expressions."""
        return (
            {} if node is None else {name: self.expression(inner) for name, inner in self.members(node, what).items()}
        )

    def template(self, node: Node) -> Text:
        """Read a text with {paths}."""
        text = self.text(node, "an id")
        parts = PLACE.split(text)
        return Text(
            tuple(part if index % 2 == 0 else self._placed(node, part) for index, part in enumerate(parts) if part)
        )

    def condition(self, node: Node | None) -> Condition:
        """Read expectations that must all hold, or a list of such alternatives."""
        if node is None:
            return ()
        if isinstance(node.value, str):
            self.problems.add("R006", node.position, "a condition must be a mapping", _as_mapping(node.value))
            return ()
        nodes = node.value if isinstance(node.value, list) else [node]
        return tuple(
            tuple(self._expected(branch, name, inner) for name, inner in self.members(branch, "a condition").items())
            for branch in nodes
        )

    def _expected(self, at: Node, name: str, node: Node) -> Expected:
        expected = self._read_expected(at, name, node)
        self.places.append(Place(expected, f"the condition on {name!r}", at.key_position(name)))
        return expected

    def _read_expected(self, at: Node, name: str, node: Node) -> Expected:
        what = self._path(at, name)
        if isinstance(node.value, dict):
            members = self.members(node, "an expectation", ("not", "has"))
            how = next(iter(members), "has")
            return what, {"not": "not in", "has": "has"}[how], self._literals(members[how]) if members else ()
        if isinstance(node.value, str) and node.value in STATES:
            return what, node.value, ()
        return what, "in", self._literals(node)

    def _literals(self, node: Node) -> tuple[Any, ...]:
        plain = node.plain()
        return tuple(plain) if isinstance(plain, list) else (plain,)

    def _text_or_path(self, node: Node) -> Expression:
        return self.template(node) if "{" in node.value else self._placed(node, node.value)

    def _placed(self, node: Node, text: str) -> Expression:
        found = self._path(node, text)
        self.places.append(Place(found, f"the path {text!r}", node.position))
        return found

    def _path(self, node: Node, text: str) -> Expression:
        if text.startswith(HEADER):
            return Header(text.removeprefix(HEADER).lower())
        steps = tuple(text.split("."))
        if not all(STEP.fullmatch(step) for step in steps[steps[0] == BODY :]) or steps == (BODY,):
            self.problems.add(
                "R022",
                node.position,
                f"{text!r} is not a path",
                "write names separated by dots, like payload.offer.id",
            )
        return Path(steps)

    def _special(self, kind: str, members: Mapping[str, Node]) -> Expression:
        node = members[kind]
        if kind == "is":
            return Fixed(node.plain())
        if kind == "before":
            return Before(self.expression(node))
        if kind == "day":
            return DayStart(self.expression(node))
        if kind == "item_of":
            return ItemWhere(self.expression(node), self.condition(members.get("where")))
        if kind == "amount":
            return self._amount(members)
        if kind == "path":
            return self._value_map(members)
        nodes = node.value if isinstance(node.value, list) else [node]
        return Extreme(tuple(self.expression(inner) for inner in nodes), latest=kind == "latest")

    def _value_map(self, members: Mapping[str, Node]) -> Expression:
        expression, table = self.expression(members["path"]), members.get("words")
        default = members["default"].plain() if "default" in members else None
        if "format" in members:
            pattern = self.pattern(members["format"])
            if table is not None or "default" in members:
                self.problems.add("R021", members["format"].position, "a format has no words and no default")
            return expression if pattern is None else Written(expression, pattern)
        if table is None:
            return Coalesce((expression, Fixed(default)))
        name = table.value if isinstance(table.value, str) else ""
        return ValueMap(expression, self.table(table), default, name, members["path"].position)

    def pattern(self, node: Node) -> DatePattern | None:
        """Read how a day or a time is written, like DD.MM.YYYY."""
        text = self.text(node, "a format")
        try:
            return read_pattern(text) if isinstance(node.value, str) else None
        except ValueError as error:
            self.problems.add("R021", node.position, f"{node.value!r} is no format of days or times", str(error))
            return None

    def table(self, node: Node) -> Mapping[str, Any]:
        """Read a word table, or resolve the name of one."""
        if isinstance(node.value, str):
            if node.value not in self.words:
                self.problems.add(
                    "R023", node.position, f"there is no word table {node.value!r}", meant(node.value, self.words)
                )
            return self.words.get(node.value, {})
        members = self.members(node, "a word table")
        table = {name.casefold(): inner.plain() for name, inner in members.items()}
        self.word_places += [Place(table, name, inner.position) for name, inner in members.items()]
        return table

    def _amount(self, members: Mapping[str, Node]) -> Amount:
        of = members.get("of")
        nodes = [] if of is None else of.value if isinstance(of.value, list) else [of]
        parts = {
            name: self.expression(members[name]) if name in members else NOTHING
            for name in ("amount", "currency", "per")
        }
        objects = tuple(self.expression(inner) for inner in nodes)
        minor_units = self.flag(members.get("minor_units"))
        return Amount(objects, parts["amount"], parts["currency"], parts["per"], minor_units)


def _as_mapping(text: str) -> str:
    """How to write a comparison like `a.b == "x"`; of another text, an example."""
    path, equals, word = text.partition("==" if "==" in text else "=")
    word = word.strip().strip("\"'")
    return f"write {{{path.strip()}: {word}}}" if equals and path.strip() and word else "write it like {item.op: x}"
