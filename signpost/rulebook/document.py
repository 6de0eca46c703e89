"""YAML with positions: reads a rule file into nodes that know their line and column, and refuses YAML's traps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from signpost.rulebook.problems import Problems
from signpost.rulebook.terms import Position

DEEPEST = 100
_TRUE_FALSE = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document (str, int, float, bool, None, list of Node, dict of str to Node) and where it stands."""

    value: Any
    position: Position
    keys: dict[str, Position] | None = None

    def plain(self) -> Any:
        """The value without positions."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def key_position(self, key: str) -> Position:
        """Where a key of this mapping stands."""
        return (self.keys or {}).get(key, self.position)


def read(path: Path, name: str, problems: Problems) -> Node | None:
    """The document in a file, or None where it is no YAML at all; every trap found is reported."""
    try:
        root = composed(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        problems.add("R001", Position(name, 1, 1), f"the file is not UTF-8: {error.reason} at byte {error.start}")
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Position(name, mark.line + 1, mark.column + 1) if mark else Position(name, 1, 1)
        problems.add("R001", where, f"not valid YAML: {error.problem or error.context}")
        return None
    except yaml.YAMLError as error:
        problems.add("R001", Position(name, 1, 1), f"not valid YAML: {error}")
        return None
    if root is None:
        problems.add("R002", Position(name, 1, 1), "the file is empty", "write a rule, or remove the file")
        return None
    return placed(root, name, problems)


def composed(text: str) -> yaml.Node | None:
    """The document as YAML's own nodes. Raises YAMLError, also for what is nested so deep that libyaml would overrun
    its stack and take the process with it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {DEEPEST} levels", problem_mark=mark)
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    return node


def placed(node: yaml.Node, name: str, problems: Problems) -> Node:
    """A composed part of a document, for those who do not read the whole of it; every trap found is reported."""
    return _DocumentReader(name, problems).node(node)


class _DocumentReader:
    def __init__(self, name: str, problems: Problems) -> None:
        self.name = name
        self.problems = problems

    def position(self, node: yaml.Node) -> Position:
        return Position(self.name, node.start_mark.line + 1, node.start_mark.column + 1)

    def node(self, node: yaml.Node) -> Node:
        where = self.position(node)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.node(item) for item in node.value], where)
        return Node(self.scalar(node, where), where)

    def mapping(self, node: yaml.MappingNode, where: Position) -> Node:
        values: dict[str, Node] = {}
        keys: dict[str, Position] = {}
        for key_node, value_node in node.value:
            at = self.position(key_node)
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == "tag:yaml.org,2002:merge":
                self.problems.add(
                    "R003", at, "a key must be plain text", "write the key as a word; merges (<<) are not supported"
                )
                continue
            key = key_node.value
            if key in values:
                self.problems.add(
                    "R004", at, f"the key {key!r} stands twice here (first at line {keys[key].line})", "keep one"
                )
                continue
            keys[key], values[key] = at, self.node(value_node)
        return Node(values, where, keys)

    def scalar(self, node: yaml.Node, where: Position) -> Any:
        text: str = node.value
        if getattr(node, "style", None) or not node.tag.startswith("tag:yaml.org,2002:"):
            return text
        tag = node.tag.rpartition(":")[2]
        if tag == "bool":
            if text in _TRUE_FALSE:
                return _TRUE_FALSE[text]
            self.problems.add(
                "R005", where, f"YAML reads {text!r} as a truth value", f'write true or false, or "{text}" in quotes'
            )
            return text.lower() in ("yes", "on", "true")
        if tag == "int":
            return self.number(text, where, int)
        if tag == "float":
            return self.number(text, where, float)
        if tag == "null":
            return None
        return text

    def number(self, text: str, where: Position, make: type[int] | type[float]) -> Any:
        try:
            return make(text)
        except ValueError:
            self.problems.add(
                "R005",
                where,
                f"YAML reads {text!r} as a number in another base",
                f'write "{text}" in quotes, or a plain number',
            )
            return text
