"""Reads the members, texts and lists of a document; every problem is noted with its place."""

from collections.abc import Iterable

from signpost.suggestions import meant
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node


class FieldReader:
    """Reads nodes of one file, and goes on after a problem with what fits."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def members(
        self, node: Node, what: str, allowed: Iterable[str] | None = None, required: Iterable[str] = ()
    ) -> dict[str, Node]:
        """The members of a mapping; those that may not stand there are noted and left out."""
        if not isinstance(node.value, dict):
            self.problems.add("R006", node.position, f"{what} must hold names and values")
            return {}
        known = None if allowed is None else tuple(allowed)
        for name in node.value:
            if known is not None and name not in known:
                self.problems.add("R010", node.key_position(name), f"{what} has no {name!r}", meant(name, known))
        for name in required:
            if name not in node.value:
                self.problems.add("R011", node.position, f"{what} must say {name!r}")
        return {name: inner for name, inner in node.value.items() if known is None or name in known}

    def text(self, node: Node | None, what: str) -> str:
        """A text; "" where there is none."""
        if node is None:
            return ""
        if not isinstance(node.value, str):
            self.problems.add("R006", node.position, f"{what} must be a text")
            return ""
        return node.value

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        """A list of texts, or one text."""
        if node is None:
            return ()
        nodes = node.value if isinstance(node.value, list) else [node]
        return tuple(text for inner in nodes if (text := self.text(inner, what)))
