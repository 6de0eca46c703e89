"""Reads the members, texts and lists of a YAML document and reports every problem with its position.

What a particular file can contain is decided by its own reader."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from signpost.suggestions import IS_MISSING, is_misspelt, meant, stand_in
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node


class FieldReader:
    """Reads the nodes of one file; after a problem it continues with the valid rest."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def members(
        self,
        node: Node,
        what: str,
        allowed: Iterable[str] | None = None,
        required: Iterable[str] = (),
        hints: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Node]:
        """The members of a mapping; members that are not allowed are reported and left out. `hints`: required name ->
        what to write if it is missing. A required name that is misspelt is reported once, as what it is not."""
        if not isinstance(node.value, dict):
            self.problems.add("R006", node.position, f"{what} must be a mapping")
            return {}
        known = None if allowed is None else tuple(allowed)
        if known and len(known) == 1 and self._lacks_its_head(node, what, known[0]):
            return {}
        stands_for = stand_in(node.value, known or node.value, required)
        for name in node.value:
            if known is not None and name not in known:
                hint = IS_MISSING.format(stands_for[name]) if name in stands_for else meant(name, known)
                self.problems.add("R010", node.key_position(name), f"{what} has no {name!r}", hint)
        for name in required:
            told = name in stands_for.values() or is_misspelt(name, node.value, known or ())
            if name not in node.value and not told:
                self.problems.add("R011", node.position, f"{what} must have {name!r}", hints.get(name, ""))
        return {name: inner for name, inner in node.value.items() if known is None or name in known}

    def _lacks_its_head(self, node: Node, what: str, head: str) -> bool:
        """Whether a mapping has what belongs under its only key, and not that key; reported once, not for each."""
        if not node.value or head in node.value or is_misspelt(head, node.value, (head,)):
            return False
        where = node.key_position(next(iter(node.value)))
        self.problems.add("R011", where, f"{what} must have {head!r}", f"put {', '.join(node.value)} under {head}:")
        return True

    def text(self, node: Node | None, what: str) -> str:
        """A text; "" if the node is missing or not a text."""
        if node is None:
            return ""
        if not isinstance(node.value, str):
            self.problems.add("R006", node.position, f"{what} must be a text", self.hint_at_text(node))
            return ""
        return node.value

    def hint_at_text(self, node: Node) -> str:
        """How to write a text that YAML reads as something else; "" in files that may hold secrets."""
        return ""

    def flag(self, node: Node | None) -> bool:
        """True or false; a missing node is false."""
        if node is not None and not isinstance(node.value, bool):
            self.problems.add("R006", node.position, "this must be true or false")
        return node is not None and node.value is True

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        """A list of texts, or one text."""
        if node is None:
            return ()
        nodes = node.value if isinstance(node.value, list) else [node]
        return tuple(text for inner in nodes if (text := self.text(inner, what)))
