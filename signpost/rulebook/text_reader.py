"""Reads the texts of a rule, and where its keys and their items stand. Does not check what texts say."""

import re

from signpost.rulebook.typed_rule import Draft, Texts
from signpost.suggestions import meant
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.quoting import hint_for_mapping
from signpost.yaml_files.reader import Node

WORDS = ("title", "message", "steps", "drafts", "item", "opening", "question")
"""The keys of a rule that hold its words."""
_QUOTED = re.compile(r"'\W*(\w+)")
RULE_KEYS = ("suppresses", "opposes")
"""Keys whose values are ids of other rules."""


def read_texts(node: Node, problems: Problems) -> Texts:
    """The words of a rule that has a title and a message."""
    return Texts(
        read_text(node.value["title"], problems),
        read_text(node.value["message"], problems),
        tuple(read_strings(node, "steps", problems)),
        tuple(_read_drafts(node, problems)),
        read_text(node.value["item"], problems) if "item" in node.value else "",
        read_text(node.value["opening"], problems) if "opening" in node.value else "",
        tuple(_read_questions(node, problems)),
    )


def _read_questions(node: Node, problems: Problems) -> list[str]:
    """One question, or a list of them."""
    one = node.value.get("question")
    is_list = one is not None and isinstance(one.value, list)
    return read_strings(node, "question", problems) if one is None or is_list else [read_text(one, problems)]


def _read_drafts(node: Node, problems: Problems) -> list[Draft]:
    block = node.value.get("drafts")
    if block is None:
        return []
    if not isinstance(block.value, dict):
        problems.add("R006", block.position, "drafts is a mapping of names to {title, body}")
        return []
    drafts = []
    for name, value in block.value.items():
        if not isinstance(value.value, dict) or set(value.value) != {"title", "body"}:
            problems.add("R006", value.position, f"the draft {name} must have a title and a body, and nothing else")
            continue
        drafts.append(Draft(name, *(read_text(value.value[key], problems) for key in ("title", "body"))))
    return drafts


def read_text(node: Node, problems: Problems) -> str:
    """A text that is not empty; "" and a problem for anything else."""
    if not isinstance(node.value, str) or not node.value.strip():
        problems.add("R006", node.position, "a text is expected here", hint_for_mapping(node.plain()))
        return ""
    return node.value


def place_in(text: Node, message: str) -> Position:
    """Where a problem of a text is: at the first name that its message quotes, else at the text."""
    name = _QUOTED.search(message)
    return text.word_position(name[1]) if name else text.position


def read_strings(node: Node, key: str, problems: Problems) -> list[str]:
    """The texts of a list under this key; none if there is no such key."""
    if key not in node.value:
        return []
    if not isinstance(node.value[key].value, list):
        problems.add("R006", node.value[key].position, f"{key} is a list")
        return []
    return [read_text(item, problems) for item in node.value[key].value]


def places_of(node: Node) -> dict[str, Position]:
    """The positions of the keys of a rule and of their items: `due`, `define.NAME`, `drafts.NAME`, `opposes.RULE`."""
    places = dict(node.keys or {})
    for key in ("define", "drafts", *RULE_KEYS):
        block = node.value.get(key)
        if block is not None and isinstance(block.value, dict):
            places |= {f"{key}.{name}": where for name, where in (block.keys or {}).items()}
        elif block is not None and isinstance(block.value, list):
            places |= {f"{key}.{item.value}": item.position for item in block.value}
    return places


def read_word(node: Node, key: str, known: tuple[str, ...], problems: Problems) -> str | None:
    """One of the `known` words; None if the key is missing or, as a problem, if it has another value."""
    if key not in node.value:
        return None
    value = node.value[key].value
    if value not in known:
        problems.add("R013", node.value[key].position, f"{key} cannot be {value!r}", meant(str(value), known))
        return None
    return str(value)
