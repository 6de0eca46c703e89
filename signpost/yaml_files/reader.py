"""The strict reader of all YAML files: values with their positions, and no implicit conversions.

It checks shapes and plain types; the reader of each file checks what its fields can contain."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml
from yaml.resolver import Resolver

from signpost.regular_files import read_regular
from signpost.yaml_files.problems import EMPTY, Position, Problems
from signpost.yaml_files.quoting import excerpt, find_missing_quotes, find_tab, hint_for_dashes, quote, shallow_above

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 100
MAX_DIGITS: Final = 18
"""Digits of an integer that fit into 64 bits."""
_CORE: Final = "tag:yaml.org,2002:"
_TRUE_FALSE: Final = {"true": True, "false": False}
_DECIMAL: Final = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_RESOLVER: Final[Any] = Resolver()


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document (str, int, float, bool, None, list of Node, dict of str to Node) and its position."""

    value: Any
    position: Position
    keys: dict[str, Position] | None = None
    lines: Sequence[str] = ()
    """Of a text over several lines, as the file has them; the first is the line of the position."""

    def plain(self) -> Any:
        """The value without positions."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def key_position(self, key: str) -> Position:
        """The position of a key of this mapping."""
        return (self.keys or {}).get(key, self.position)

    def word_position(self, word: str) -> Position:
        """The position of a word of an expression (`{{ word }}`) in a text over several lines; of the text itself if
        none has it."""
        where = re.compile(rf"(?<={{).*?(?<!\w)(?={re.escape(word)}(?!\w))")
        for number, line in enumerate(self.lines):
            if found := where.search(line):
                return replace(self.position, line=self.position.line + number, column=found.end() + 1)
        return self.position

    def part_position(self, part: str) -> Position:
        """The position of some words that follow each other in a text over several lines."""
        text, start = "\n".join(self.lines), self.position.column - 1
        found = re.compile(r"\s+".join(map(re.escape, part.split()))).search(text, start)
        if found is None:
            return self.position
        line, column = text.count("\n", 0, found.start()), found.start() - text.rfind("\n", 0, found.start())
        return replace(self.position, line=self.position.line + line, column=column)


def read(path: Path, name: str, problems: Problems, *, secret: bool = False) -> Node | None:
    """The document in a file, called `name` in problems; None (and a problem) if it cannot be used.

    `secret`: no problem quotes the content of the file.
    """
    data = read_bytes(path, name, problems)
    return None if data is None else parse(data, name, problems, secret=secret)


def read_bytes(path: Path, name: str, problems: Problems) -> bytes | None:
    """The content of a file of at most MAX_BYTES; None (and a problem) if it cannot be read or is larger."""
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError as error:
        problems.add("R001", Position(name, 1, 1), f"the file cannot be read: {error.strerror}")
        return None
    if len(data) > MAX_BYTES:
        problems.add("R001", Position(name, 1, 1), f"the file is larger than {MAX_BYTES} bytes", "split it")
        return None
    return data


def parse(data: bytes, name: str, problems: Problems, *, secret: bool = False) -> Node | None:
    """As `read`, for the content of a file."""
    try:
        return _Document(name, problems, secret).root(_decode(data, name))
    except _Unusable as error:
        problems.add(error.code, error.position, error.message, error.suggestion)
    except yaml.YAMLError as error:
        _report_syntax(error, [] if secret else data.decode().splitlines(), name, problems)
    return None


_ALIGN: Final = "align a key with those above it"
TOO_DEEP: Final = "mapping values are not allowed in this context"
_SYNTAX_HINTS: Final = {
    TOO_DEEP: f"{_ALIGN}; quote a text that contains a colon",
    "did not find expected '-' indicator": _ALIGN,
    "did not find expected key": _ALIGN,
    "could not find expected ':'": "write a colon and a space after each key",
    "did not find expected ',' or '}'": "quote a text that contains a colon; close every { with }",
    "did not find expected node content": 'write the missing value; punctuation, like ",", needs quotes',
    "found character that cannot start any token": "indent with spaces, not tabs; quote a text that starts with @ or `",
}


def _report_syntax(error: yaml.YAMLError, lines: Sequence[str], name: str, problems: Problems) -> None:
    """Report one problem for invalid YAML, with the corrected line if quotes are missing."""
    marks = [mark for mark in (getattr(error, "problem_mark", None), getattr(error, "context_mark", None)) if mark]
    where = Position(name, marks[0].line + 1, marks[0].column + 1) if marks else Position(name, 1, 1)
    reason = getattr(error, "problem", None) or getattr(error, "context", None) or "it cannot be parsed"
    numbers = [mark.line for mark in marks]
    reason, hint = find_tab(lines, *numbers) or find_missing_quotes(lines, *numbers) or (reason, "")
    hint = hint or hint_for_dashes(lines, *numbers) or _SYNTAX_HINTS.get(reason, "")
    if hint == _SYNTAX_HINTS[TOO_DEEP] and (column := shallow_above(lines, where.line - 1)):
        where = Position(name, where.line - 1, column + 1)
    last = problems.found[-1] if problems.found else None
    if last and (last.code, last.position.file, last.position.line) == ("R005", name, where.line):
        problems.found.pop()  # the same missing quotes, reported before the parser failed
    problems.add("R001", where, f"not valid YAML: {reason}", hint)


class _Unusable(Exception):
    """The file cannot be used; `parse` reports why."""

    def __init__(self, code: str, position: Position, message: str, suggestion: str = "") -> None:
        self.code, self.position, self.message, self.suggestion = code, position, message, suggestion


def _decode(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = _position_after(data[: error.start].decode("utf-8-sig", "replace"), name)
        raise _Unusable("R001", where, f"the file is not UTF-8: {error.reason}") from None
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        where = _position_after(text[: unprintable.start()], name)
        raise _Unusable("R001", where, f"not valid YAML: the character U+{ord(unprintable[0]):04X} is not allowed")
    return text


def _position_after(text: str, name: str) -> Position:
    return Position(name, text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1)


class _Document:
    """Reads one file from the parser's events: the nodes that YAML libraries build from them follow aliases and are
    built by unbounded recursion."""

    def __init__(self, name: str, problems: Problems, secret: bool) -> None:
        self._name, self._problems, self._secret = name, problems, secret
        self._events: Iterator[yaml.Event] = iter(())
        self._depth = 0
        self._lines: Sequence[str] = ()

    def root(self, text: str) -> Node:
        self._lines = text.splitlines()
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise _Unusable("R002", Position(self._name, 1, 1), EMPTY)
        root = self._node(next(self._events))
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse(after, "a second document begins here", "write one document, without ---")
        return root

    def _position(self, event: yaml.Event) -> Position:
        mark: Any = event.start_mark
        return Position(self._name, mark.line + 1, mark.column + 1)

    def _lines_of(self, event: yaml.ScalarEvent) -> Sequence[str]:
        marks: Any = event.start_mark, event.end_mark
        start, end = (mark.line for mark in marks)
        return () if start == end else self._lines[start : end + 1]

    def _refuse(self, event: yaml.Event, message: str, suggestion: str) -> NoReturn:
        raise _Unusable("R005", self._position(event), message, suggestion)

    def _trap(self, where: Position, text: str, what: str, suggestion: str) -> None:
        shown = "this value" if self._secret else repr(_clip(text))
        self._problems.add("R005", where, f"YAML reads {shown} as {what}", suggestion)

    def _node(self, event: yaml.Event) -> Node:
        self._check_plain(event)
        where = self._position(event)
        if isinstance(event, yaml.ScalarEvent):
            return Node(self._scalar(event, where), where, lines=self._lines_of(event))
        if excerpt(self._lines, event.start_mark).startswith("{{"):
            return self._template(event, where)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels", "reduce the nesting")
        node = self._mapping(where) if isinstance(event, yaml.MappingStartEvent) else Node(list(self._items()), where)
        self._depth -= 1
        return node

    def _template(self, start: yaml.Event, where: Position) -> Node:
        """`{{ employer }}` without quotes, read as the text that the author means."""
        event, depth = start, 1
        while depth:
            event = next(self._events)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        text = excerpt(self._lines, start.start_mark, event.end_mark)
        self._trap(where, text, "a mapping", "quote it" if self._secret else f"quote it: {quote(text)}")
        return Node(text, where)

    def _check_plain(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, "aliases (*name) are not supported", "write the value out, or quote the text")
        if getattr(event, "anchor", None) is not None:
            self._refuse(event, "anchors (&name) are not supported", "write the value out, or quote the text")
        if getattr(event, "tag", None) is not None:
            self._refuse(event, "tags (!name) are not supported", "remove it, or quote the text")

    def _items(self) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event)

    def _mapping(self, where: Position) -> Node:
        values: dict[str, Node] = {}
        keys: dict[str, Position] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            at, key = self._position(event), self._key(event)
            value = self._node(next(self._events))
            if key is not None and key in values:
                self._report_repeat(key, at, keys[key])
            elif key is not None:
                keys[key], values[key] = at, value
        return Node(values, where, keys)

    def _key(self, event: yaml.Event) -> str | None:
        """The key as text, whatever type YAML gives it; None (and a problem) if it is not a scalar."""
        self._check_plain(event)
        if isinstance(event, yaml.ScalarEvent) and not (event.value == "<<" and event.implicit[0]):
            return str(event.value)
        hint = "write the key as a word; merges (<<) are not supported"
        self._problems.add("R003", self._position(event), "a key must be plain text", hint)
        if not isinstance(event, yaml.ScalarEvent):
            self._node(event)
        return None

    def _report_repeat(self, key: str, at: Position, first: Position) -> None:
        shown = "this key" if self._secret else f"the key {_clip(key)!r}"
        self._problems.add("R004", at, f"{shown} is repeated (first at line {first.line})", "keep one")

    def _scalar(self, event: yaml.ScalarEvent, where: Position) -> Any:
        text: str = event.value
        if not event.implicit[0]:  # in quotes, or a block of text
            return text
        kind: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)).removeprefix(_CORE)
        if kind == "bool" and text not in _TRUE_FALSE:
            self._trap(where, text, "a boolean", f"write true or false, or {self._quoted(text)}")
            return text.lower() in ("yes", "on", "true")
        if kind in ("int", "float"):
            return self._number(text, kind, where)
        return {"bool": _TRUE_FALSE.get(text), "null": None}.get(kind, text)

    def _number(self, text: str, kind: str, where: Position) -> Any:
        if kind == "int" and _DECIMAL.fullmatch(text):
            if sum(map(str.isdigit, text)) <= MAX_DIGITS:
                return int(text)
            self._trap(where, text, "a number of too many digits", f"write at most {MAX_DIGITS} digits, or a text")
            return 0
        if kind == "float" and math.isfinite(value := _float(text)):
            return value
        self._trap(where, text, "a number in another form", f"write {self._quoted(text)}, or a plain number")
        return text

    def _quoted(self, text: str) -> str:
        return "it in quotes" if self._secret else f'"{_clip(text)}" in quotes'


def _float(text: str) -> float:
    """The number, or NaN if it is not in plain form, like `1:30.5`."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _clip(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
