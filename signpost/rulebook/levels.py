"""Parses priorities: from which moment, or under which conditions, each level of a rule applies."""

import itertools
import re
from dataclasses import replace
from typing import Final

from signpost.names import PRIORITIES
from signpost.rulebook.conditions import parse_condition, relations_of
from signpost.rulebook.terms import Condition, Moment, Reached, Ref, Relation
from signpost.rulebook.typed_rule import Level
from signpost.rulebook.values import Names
from signpost.suggestions import meant, nearest
from signpost.yaml_files.reader import Node

START: Final = "from the start"
ALWAYS: Final = ("at once", "at the beginning", "from beginning", "from now", "from the beginning")
"""Other words for START; none can be the name of a field."""
_BOUND = re.compile(r"(?:(.+ (?:before|after)) )?(?:the )?([a-z_]+)'s ([a-z_]+)")


def read_levels(node: Node, when: Condition, names: Names) -> tuple[Level, ...]:
    """The levels of a `priority` value, lowest first. `when`: the rule's condition, whose relations a level can
    name."""
    if isinstance(node.value, str):
        node = Node({node.value: Node(START, node.position)}, node.position, {node.value: node.position})
    if not isinstance(node.value, dict) or not node.value:
        names.problems.add(
            "R006",
            node.position,
            "priority must be one priority, or a mapping of priorities to when each starts",
        )
        return ()
    levels, before = [], len(names.problems.found)
    for word, value in node.value.items():
        if word not in PRIORITIES:
            names.problems.add(
                "R013", node.key_position(word), f"there is no priority {word!r}", meant(word, PRIORITIES)
            )
            continue
        levels.append(Level(word, _level(value, when, names), node.key_position(word)))
    if len(names.problems.found) == before and not names.broken:
        _check_levels(levels, node, names)
    return tuple(levels)


def _level(node: Node, when: Condition, names: Names) -> Condition:
    if isinstance(node.value, dict):
        return parse_condition(node, names)
    text = str(node.value)
    if text == START:
        return ()
    if _means_start(text):
        names.problems.add("R022", node.position, f"{text!r} is not when a priority starts", f"did you mean `{START}`?")
        return ()
    match = _BOUND.fullmatch(text)
    if match and any(relation.name == match[2] for relation in relations_of(when)):
        return _bound_level(match, node, when, names)
    if text.startswith("after "):
        moment = names.moment(text.removeprefix("after "), node.position)
        return (Reached(node.position, replace(moment, end=True), True),) if moment else ()
    moment = names.moment(text, node.position)
    return (Reached(node.position, moment, True),) if moment else ()


def _means_start(text: str) -> bool:
    """Whether a text that names no moment stands for START: `from start`, `at once`."""
    words = text.lower().split()
    is_phrase = len(words) > 1 and "_" not in text and not {"before", "after"} & {*words}
    return text.lower() in ALWAYS or (is_phrase and bool(nearest(text.lower(), [START])))


def _bound_level(match: re.Match[str], node: Node, when: Condition, names: Names) -> Condition:
    """`24h after other's accepted_at`: applies from the earliest such moment among the related entities."""
    relation = next(relation for relation in relations_of(when) if relation.name == match[2])
    moment = names.inside(relation.kind).moment(f"{match[1] or ''} {match[3]}".strip(), node.position)
    if moment is None:
        return ()
    where = (*relation.where, Reached(node.position, moment, True))
    return (Relation(node.position, relation.name, relation.kind, 1, relation.other, False, where),)


def _check_levels(levels: list[Level], node: Node, names: Names) -> None:
    if levels and levels[0].when:
        names.problems.add(
            "R031",
            node.position,
            f"the first priority must apply {START}",
            f"write for example normal: {START}",
        )
    for before, level in itertools.pairwise(levels):
        if PRIORITIES.index(level.priority) <= PRIORITIES.index(before.priority):
            names.problems.add(
                "R030",
                level.position,
                f"{level.priority} after {before.priority} is not an escalation",
                "order the priorities from low to urgent",
            )
        if not level.when or level.when == before.when or _begins_before(level, before):
            names.problems.add(
                "R030",
                before.position,
                f"{before.priority} is never reached: {level.priority} applies whenever it does",
            )


def _begins_before(level: Level, before: Level) -> bool:
    """Whether both start at a fixed distance from the same moment, and the higher one no later than the lower."""
    moments = [_only_moment(level.when), _only_moment(before.when)]
    if moments[0] is None or moments[1] is None or moments[0].base != moments[1].base:
        return False
    starts = [_distance(moment) for moment in moments if moment]
    return None not in starts and starts[0] <= starts[1]  # type: ignore[operator]


def _only_moment(condition: Condition) -> Moment | None:
    if len(condition) == 1 and isinstance(condition[0], Reached) and condition[0].reached:
        return condition[0].moment
    return None


def _distance(moment: Moment) -> int | None:
    offset = moment.offset
    return None if isinstance(offset, Ref) or offset.business_days else moment.sign * offset.total
