"""Reads `implies`: the events that advice implies when the person has done it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from marshmallow import ValidationError

from signpost.rulebook.typed_rule import Implied
from signpost.schemas import EVENT_SCHEMAS
from signpost.suggestions import meant
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node

IMPLIABLE: Final = tuple(
    name for name in EVENT_SCHEMAS if not name.startswith(("advice.", "candidate.merged", "candidate.erased"))
)
SUBJECT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "offer": ("offer", "contact"),
    "interview": ("interview",),
    "application": ("application", "contact"),
    "candidate": (),
}
"""Kind of subject -> the kinds of events that name it by its id."""
ALWAYS: Final = ("candidate", "employment")
"""Kinds of events that name no entity."""


def read_implied(rule: Node, about: str, problems: Problems) -> tuple[Implied, ...]:
    """The events that a rule's `implies` maps to their data, in canonical form; reports what is no event about its
    subject."""
    block = rule.value.get("implies")
    if block is None:
        return ()
    if not isinstance(block.value, dict):
        problems.add("R006", block.position, "implies is a mapping of events to their data")
        return ()
    return tuple(_implied(block, about, problems))


def _implied(block: Node, about: str, problems: Problems) -> Iterator[Implied]:
    for type_, node in block.value.items():
        where = block.key_position(type_)
        kind = type_.partition(".")[0]
        if type_ not in IMPLIABLE:
            problems.add("R059", where, f"there is no event {type_!r} to imply", meant(type_, IMPLIABLE))
        elif kind not in (*SUBJECT_FIELDS[about], *ALWAYS):
            problems.add("R059", where, f"{type_} is not about the {about}", "imply an event about the rule's subject")
        else:
            data = node.plain() if isinstance(node.value, dict) else {}
            try:
                loaded = EVENT_SCHEMAS[type_]().load({**data, **subject_of(type_, about, "subject")})
            except ValidationError as error:
                problems.add("R059", node.position, f"{type_}: {error.messages}")
                continue
            yield Implied(type_, {key: value for key, value in loaded.items() if key in data})


def subject_of(type_: str, about: str, id: str) -> dict[str, Any]:
    """The member of an event's data that names the subject of a rule."""
    return {} if type_.partition(".")[0] in ALWAYS else {about: id}
