"""Reads `sources.yaml`: the articles and norms behind the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from signpost.rulebook.typed_rule import ArticleSource
from signpost.suggestions import meant
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node

FILE = "sources.yaml"
NORM_KEYS = {"claim", "source", "quality", "place", "reviewed"}
NO_SOURCE = ArticleSource("", "")


@dataclass(slots=True)
class Sources:
    """Articles (id -> title) and norms (id -> claim, source, quality A/B/C, place, date of review)."""

    articles: dict[str, str] = field(default_factory=dict)
    norms: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    broken: bool = False
    """A file is missing or unreadable, so references to articles and norms cannot be checked."""
    places: dict[str, Position] = field(default_factory=dict)
    """The position of `articles.NAME` and `norms.NAME`."""

    def source(self, rule: Node, problems: Problems) -> ArticleSource:
        """The article and norms that a rule's `source` and `norms` name; reports unknown ones."""
        node = rule.value["source"]
        if self.broken:
            return NO_SOURCE
        if not isinstance(node.value, str) or node.value not in self.articles:
            problems.add(
                "R014", node.position, f"there is no article {node.value!r}", meant(str(node.value), self.articles)
            )
            return NO_SOURCE
        norms = rule.value.get("norms")
        named = norms.value if norms is not None and isinstance(norms.value, list) else []
        for item in named:
            if not self._is_norm(item):
                problems.add(
                    "R014", item.position, f"there is no norm {item.value!r}", meant(str(item.value), self.norms)
                )
        known = tuple({"id": item.value, **self.norms[item.value]} for item in named if self._is_norm(item))
        return ArticleSource(node.value, self.articles[node.value], known)

    def _is_norm(self, item: Node) -> bool:
        return isinstance(item.value, str) and item.value in self.norms


def read_sources(root: Node | None, problems: Problems, sources: Sources) -> None:
    """Add the content of a `sources.yaml` to `sources`."""
    if root is None or not isinstance(root.value, dict):
        if root is not None:
            problems.add("R006", root.position, f"{FILE} must be a mapping", "it has articles and norms")
        sources.broken = True
        return
    for key, node in root.value.items():
        if key not in ("articles", "norms") or not isinstance(node.value, dict):
            problems.add("R010", root.key_position(key), f"{FILE} has no section {key!r}", "it has articles and norms")
            continue
        for name, item in node.value.items():
            where = node.key_position(name)
            first = sources.places.setdefault(f"{key}.{name}", where)
            if first != where:
                problems.add("R012", where, f"the {key[:-1]} {name} is declared already at {first}", "keep one")
            elif key == "articles":
                sources.articles[name] = str(item.value)
            else:
                sources.norms[name] = _norm(name, item, problems)


def _norm(name: str, node: Node, problems: Problems) -> Mapping[str, Any]:
    if not isinstance(node.value, dict) or set(node.value) != NORM_KEYS:
        problems.add("R011", node.position, f"the norm {name} must have exactly: {', '.join(sorted(NORM_KEYS))}")
        return {}
    if node.value["quality"].value not in ("A", "B", "C"):
        problems.add("R021", node.value["quality"].position, "quality must be A, B or C")
    if review_day(node) is None:
        problems.add("R015", node.value["reviewed"].position, "reviewed must be a date", "write it as 2026-11-22")
    return dict(node.plain())


def review_day(norm: Node) -> date | None:
    """The date of the last review of a norm; None if it is not a date."""
    try:
        return date.fromisoformat(str(norm.value["reviewed"].value))
    except ValueError:
        return None
