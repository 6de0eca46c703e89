"""The kinds of expectations and the checks of their values: names, priorities and instants."""

import re
from collections.abc import Callable, Mapping

from signpost.case.instant import parse_instant
from signpost.names import PRIORITIES
from signpost.suggestions import meant
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node

SHAPES: Mapping[str, type] = {
    "includes": list,
    "excludes": list,
    "exactly": list,
    "priority": dict,
    "due": dict,
    "because": dict,
}
"""Kind of expectation -> list of advice, or mapping of advice to its expected value."""
ADVICE = re.compile(r"[^@]+@(?:offer|interview|application|candidate)/.+")


def rule_of(advice: str) -> str:
    """The rule of `RULE@KIND/ID`."""
    return advice.partition("@")[0]


def check_value(kind: str, node: Node, problems: Problems) -> bool:
    """Report every problem of an expectation's value; returns whether it is valid."""
    before, fits = len(problems.found), isinstance(node.value, SHAPES[kind])
    if not fits:
        problems.add("R006", node.position, f"{kind} is a {'mapping' if SHAPES[kind] is dict else 'list'}")
    elif SHAPES[kind] is list:
        for item in node.value:
            _check_advice(item.value, item, problems)
    else:
        for advice, value in node.value.items():
            _check_advice(advice, Node(advice, node.key_position(advice)), problems)
            _CHECKS[kind](value, problems)
    return len(problems.found) == before


def _check_advice(advice: object, node: Node, problems: Problems) -> None:
    if not isinstance(advice, str) or not ADVICE.fullmatch(advice):
        problems.add(
            "R021",
            node.position,
            f"{node.plain()!r} names no advice",
            "write RULE@KIND/ID, like send-thank-you@interview/i-7",
        )


def _check_priority(node: Node, problems: Problems) -> None:
    if node.value not in PRIORITIES:
        problems.add("R013", node.position, f"there is no priority {node.value!r}", meant(str(node.value), PRIORITIES))


def _check_due(node: Node, problems: Problems) -> None:
    try:
        if node.value is not None:
            parse_instant(str(node.value))
    except ValueError:
        hint = "write an instant with its UTC offset, like 2026-03-06T17:00:00-05:00, or null for none"
        problems.add("R021", node.position, f"{node.value!r} is no instant", hint)


def _check_ids(node: Node, problems: Problems) -> None:
    if not isinstance(node.value, list) or any(isinstance(item.value, list | dict | None) for item in node.value):
        problems.add("R006", node.position, "the ids behind advice are a list")


_CHECKS: Mapping[str, Callable[[Node, Problems], None]] = {
    "priority": _check_priority,
    "due": _check_due,
    "because": _check_ids,
}
