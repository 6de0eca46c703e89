"""Checks a rule's texts: their syntax, variables and length, and that employers' texts use no private fields."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from signpost.rulebook.budget import MAX_COST, NESTS
from signpost.rulebook.filters import UNKNOWN_SHAPE
from signpost.rulebook.shapes import record, variables
from signpost.rulebook.templates import Variables, cost_of_text, find_text_problems, names_in
from signpost.rulebook.text_reader import place_in
from signpost.rulebook.typed_rule import Rule
from signpost.rulebook.values import Names
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node

MAX_TITLE_LENGTH = 70
MAX_LENGTHS: Final[Mapping[str, int]] = {
    "title": MAX_TITLE_LENGTH,
    "message": 1200,
    "item": 120,
    "opening": 400,
    "question": 400,
}
"""The most characters of each text, without its variables."""
_PRIVATE = "an employer's text cannot use the candidate's private fields"
_MARKUP = re.compile(r"{[{%#].*?[}%#]}", re.DOTALL)


def check_texts(rule: Rule, node: Node, names: Names) -> None:
    """Report every text that is malformed, uses an unknown variable, or is too long."""
    known = _variables(rule, _texts(node), names)
    cost = 0
    for text in _texts(node):
        found = find_text_problems(text.value, known, rule.attaches)
        for code, message, suggestion in found:
            private = _PRIVATE if code == "R041" and rule.audience == "employer" else ""
            names.problems.add(code, place_in(text, message), message, suggestion or private)
        before, cost = cost, cost + (0 if found else cost_of_text(text.value, known, rule.attaches))
        if before <= MAX_COST < cost:
            message = f"the texts of this rule take more than {MAX_COST} steps with the fullest case"
            names.problems.add("R046", text.position, message, NESTS)
    check_lengths(node, MAX_LENGTHS, names.problems)


def _variables(rule: Rule, texts: Iterable[Node], names: Names) -> Variables:
    """The variables of a rule's texts; those that have a problem of their own fit everywhere."""
    read = {name.rpartition(".")[2] for text in texts for name in names_in(text.value)}
    faulty = {*names.broken, *(f"{name}s" for name in names.broken), *filter(names.may_be_broken, read)}
    broken, shapes = dict.fromkeys(faulty, UNKNOWN_SHAPE), variables(rule)
    if "candidate" in shapes and names.problems.fields:
        candidate = record(rule.vocabulary, "candidate", private=True)
        shapes["candidate"] = replace(candidate, fields={**broken, **candidate.fields})
    return frozenset({**broken, **shapes}.items())


def check_lengths(node: Node, limits: Mapping[str, int], problems: Problems) -> None:
    """Report the texts of these keys that are longer than their limit, without their variables."""
    for key, limit in limits.items():
        for text in (one for one in _texts_of(node, key) if isinstance(one.value, str)):
            length = len(_MARKUP.sub("", text.value))
            if length > limit:
                message = f"the {key} has {length} characters without its variables; at most {limit}"
                problems.add("R042", text.position, message)


def _texts_of(node: Node, key: str) -> Iterator[Node]:
    """The text under a key, or the texts of its list."""
    value = node.value.get(key)
    if value is not None:
        yield from value.value if isinstance(value.value, list) else [value]


def text_cost(rule: Rule) -> int:
    """The steps to render all texts of a valid rule."""
    known = frozenset(variables(rule).items())
    return sum(cost_of_text(source, known, rule.attaches) for source in rule.texts.sources())


def _texts(node: Node) -> list[Node]:
    texts = [node.value[key] for key in ("title", "message")]
    for key in ("steps", "item", "opening", "question"):
        texts += _texts_of(node, key)
    drafts = node.value.get("drafts")
    if drafts is not None and isinstance(drafts.value, dict):
        for draft in drafts.value.values():
            texts += list(draft.value.values()) if isinstance(draft.value, dict) else []
    return [text for text in texts if isinstance(text.value, str)]
