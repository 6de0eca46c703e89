"""The check of a rule's texts: which variables they may name, and what an employer's texts must not."""

import re
from collections.abc import Iterable, Mapping

from signpost.case.vocabulary import KINDS
from signpost.rulebook.document import Node
from signpost.rulebook.terms import Rule
from signpost.rulebook.texts import text_problems
from signpost.rulebook.values import Names

TITLE_LIMIT = 70
MESSAGE_LIMIT = 1200
_MARKUP = re.compile(r"{[{%#].*?[}%#]}", re.DOTALL)
DERIVED: Mapping[str, tuple[str, ...]] = {"offer": ("letter_differences",)}
"""Variables that the facts of a kind add for texts alone."""


def variables(rule: Rule, names: Names) -> dict[str, Iterable[str] | None]:
    """Every variable that this rule's texts may name, with its attributes (None: a plain value)."""
    employer = rule.audience == "employer"
    own = _fields(rule.about, employer)
    found: dict[str, Iterable[str] | None] = {name: None for name in own if "." not in name}
    found |= dict.fromkeys(DERIVED.get(rule.about, ()))
    for group in {name.partition(".")[0] for name in own if "." in name}:
        found[group] = [name.partition(".")[2] for name in own if name.startswith(f"{group}.")]
    if not employer:
        found["candidate"] = [*_fields("candidate", employer), "present_employer"]
    for name, kind in names.related.items():
        found[name] = [name.partition(".")[0] for name in _fields(kind, employer)]
        found[f"{name}s"] = None
    found |= dict.fromkeys(names.defined)
    found |= {"params": list(names.params), "missing": None, "priority": None, "due": None, "valid_until": None}
    if rule.attaches:
        found[rule.attaches] = None
    return found


def _fields(kind: str, employer: bool) -> list[str]:
    return [name for name, field in KINDS[kind].items() if not (employer and field.private)]


def check_texts(rule: Rule, node: Node, names: Names) -> None:
    """Report every text that cannot be parsed, names what is not there, or is too long."""
    known = variables(rule, names)
    for text in _texts(node):
        for code, message in text_problems(text.value, known):
            hint = (
                "an employer's text cannot name what the candidate said in private"
                if rule.audience == "employer"
                else ""
            )
            names.problems.add(code, text.position, message, hint)
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
