"""Puts what would change an answer beside the condition that it concerns. Pure."""

from collections.abc import Iterator
from typing import Any


def with_what_if(explanation: dict[str, Any]) -> dict[str, Any]:
    """The explanation, with the changes and arrivals of each of its conditions as `would`; `elsewhere` has the rest,
    which concern its validity or its relations."""
    left = dict(enumerate(explanation["if_changed"]))
    reasons = [_with_changes(reason, left) for reason in explanation["because"]]
    arrivals = [_arrival_words(one) for one in explanation["if_there_were"]]
    return {**explanation, "reasons": reasons, "elsewhere": [*(one["words"] for one in left.values()), *arrivals]}


def _with_changes(reason: dict[str, Any], left: dict[int, dict[str, Any]]) -> dict[str, Any]:
    facts = set(_facts(reason))
    mine = [number for number, one in left.items() if one["fact"] in facts]
    return {**reason, "would": [left.pop(number)["words"] for number in mine]}


def _facts(reason: dict[str, Any]) -> Iterator[str]:
    """The facts that a condition reads, with those of its parts."""
    yield from (fact["fact"] for fact in reason["seen"])
    for part in reason["parts"]:
        yield from _facts(part)


def _arrival_words(arrival: dict[str, Any]) -> str:
    such = f" with {', '.join(arrival['such_that'])}" if arrival["such_that"] else ""
    return f"if there were {arrival['entity']}{such}"
