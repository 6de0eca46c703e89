"""The check of a rule's texts: which variables they may name, and what an employer's texts must not."""

import re

from signpost.rulebook.filters import NOTHING_KNOWN
from signpost.rulebook.shapes import variables
from signpost.rulebook.templates import text_problems
from signpost.rulebook.terms import Rule
from signpost.rulebook.values import Names
from signpost.yaml_files.reader import Node

TITLE_LIMIT = 70
MESSAGE_LIMIT = 1200
_PRIVATE = "an employer's text cannot name what the candidate said in private"
_MARKUP = re.compile(r"{[{%#].*?[}%#]}", re.DOTALL)


def check_texts(rule: Rule, node: Node, names: Names) -> None:
    """Report every text that cannot be parsed, names what is not there, or is too long."""
    known = {**dict.fromkeys((*names.unread, *(f"{name}s" for name in names.unread)), NOTHING_KNOWN), **variables(rule)}
    for text in _texts(node):
        for code, message, suggestion in text_problems(text.value, known):
            private = _PRIVATE if code == "R041" and rule.audience == "employer" else ""
            names.problems.add(code, text.position, message, suggestion or private)
    for key, limit in (("title", TITLE_LIMIT), ("message", MESSAGE_LIMIT)):
        length = len(_MARKUP.sub("", str(node.value[key].value)))
        if length > limit:
            names.problems.add(
                "R042",
                node.value[key].position,
                f"the {key} has {length} characters without its variables; at most {limit}",
            )


def _texts(node: Node) -> list[Node]:
    found = [node.value[key] for key in ("title", "message")]
    if "steps" in node.value and isinstance(node.value["steps"].value, list):
        found += node.value["steps"].value
    drafts = node.value.get("drafts")
    if drafts is not None and isinstance(drafts.value, dict):
        for draft in drafts.value.values():
            found += list(draft.value.values()) if isinstance(draft.value, dict) else []
    return [text for text in found if isinstance(text.value, str)]
