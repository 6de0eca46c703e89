"""Reads the `policy` of `agenda.yaml`, and what a tenant sets of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from signpost.facts.policy import MAX_CARDS, PARSERS, POLICY, Policy
from signpost.rulebook.folders import Folders, folders_of
from signpost.rulebook.values import is_number
from signpost.schemas.policy import NONE, POLICY_FIELDS, Wait, parse_wait
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node

NAME: Final = "agenda"
"""The name under which tenants override its parameters."""
DEFAULTS: Final[Mapping[str, Any]] = {
    "max_cards": POLICY.max_cards,
    "quiet_hours": NONE,
    "digest": NONE,
    "settling_time": "60s",
    "endings_wait": "6h",
    "last_chance": "24h",
    "topics_off": NONE,
}
"""The parameters as they are written."""
_TOPICS: Final = f'topics separated by commas, or "{NONE}"'


def read_policy(blocks: list[Node], folders: Folders, overrides: Mapping[str, Any], problems: Problems) -> Policy:
    """The policy that the folders set, then what a tenant sets. Adds all problems to `problems`."""
    policy, reader = POLICY, FieldReader(problems)
    for block in blocks:
        for name, node in reader.members(block, "policy", DEFAULTS).items():
            policy = _with_param(policy, name, node.plain(), node.position, problems)
    where = Position(str(folders_of(folders)[0]), 1, 1)
    for name, value in overrides.items():
        if name not in DEFAULTS:
            hint = f"it has {', '.join(DEFAULTS)}"
            problems.add("R052", where, f"{NAME} has no parameter {name!r} to override", hint)
        else:
            policy = _with_param(policy, name, value, where, problems)
    return policy


def _with_param(policy: Policy, name: str, value: Any, where: Position, problems: Problems) -> Policy:
    try:
        return replace(policy, **{name: _parse(name, value)})
    except (ValueError, TypeError):
        problems.add("R021", where, f"{NAME}.{name} cannot be {value!r}", f"write {_format_of(name)}")
        return policy


def _parse(name: str, value: Any) -> Any:
    if name == "max_cards":
        if not is_number(value) or not 1 <= value <= MAX_CARDS or value != int(value):
            raise ValueError
        return int(value)
    if not isinstance(value, str):
        raise TypeError
    if name == "topics_off":
        return frozenset() if value == NONE else frozenset(part.strip() for part in value.split(","))
    return parse_wait(value) if name in ("endings_wait", "last_chance") else PARSERS[name](value)


def _format_of(name: str) -> str:
    if name == "max_cards":
        return f"a whole number from 1 to {MAX_CARDS}"
    return _TOPICS if name == "topics_off" else POLICY_FIELDS.get(name, Wait).format
