"""Checks a rule's texts: their syntax, variables and length, and that employers' texts use no private fields."""

import re

from signpost.rulebook.budget import MAX_COST, NESTS
from signpost.rulebook.filters import UNKNOWN_SHAPE
from signpost.rulebook.shapes import variables
from signpost.rulebook.templates import cost_of_text, find_text_problems
from signpost.rulebook.terms import Rule
from signpost.rulebook.values import Names
from signpost.yaml_files.reader import Node

MAX_TITLE_LENGTH = 70
MAX_MESSAGE_LENGTH = 1200
_PRIVATE = "an employer's text cannot use the candidate's private fields"
_MARKUP = re.compile(r"{[{%#].*?[}%#]}", re.DOTALL)


def check_texts(rule: Rule, node: Node, names: Names) -> None:
    """Report every text that is malformed, uses an unknown variable, or is too long."""
    known = {**dict.fromkeys((*names.broken, *(f"{name}s" for name in names.broken)), UNKNOWN_SHAPE), **variables(rule)}
    cost = 0
    for text in _texts(node):
        found = find_text_problems(text.value, known, rule.attaches)
        for code, message, suggestion in found:
            private = _PRIVATE if code == "R041" and rule.audience == "employer" else ""
            names.problems.add(code, text.position, message, suggestion or private)
        before, cost = cost, cost + (0 if found else cost_of_text(text.value, frozenset(known.items()), rule.attaches))
        if before <= MAX_COST < cost:
            message = f"the texts of this rule take more than {MAX_COST} steps with the fullest case"
            names.problems.add("R046", text.position, message, NESTS)
    for key, limit in (("title", MAX_TITLE_LENGTH), ("message", MAX_MESSAGE_LENGTH)):
        length = len(_MARKUP.sub("", str(node.value[key].value)))
        if length > limit:
            names.problems.add(
                "R042",
                node.value[key].position,
                f"the {key} has {length} characters without its variables; at most {limit}",
            )


def text_cost(rule: Rule) -> int:
    """The steps to render all texts of a valid rule."""
    known = frozenset(variables(rule).items())
    return sum(cost_of_text(source, known, rule.attaches) for source in rule.texts.sources())


def _texts(node: Node) -> list[Node]:
    texts = [node.value[key] for key in ("title", "message")]
    if "steps" in node.value and isinstance(node.value["steps"].value, list):
        texts += node.value["steps"].value
    for key in ("item", "opening", "question"):
        value = node.value.get(key)
        texts += [] if value is None else value.value if isinstance(value.value, list) else [value]
    drafts = node.value.get("drafts")
    if drafts is not None and isinstance(drafts.value, dict):
        for draft in drafts.value.values():
            texts += list(draft.value.values()) if isinstance(draft.value, dict) else []
    return [text for text in texts if isinstance(text.value, str)]
