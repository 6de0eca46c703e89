"""What each tenant chooses of the rulebook: `params` and `disabled` of the tenants file, each with its place there.

No secret is read or needed: workers can use this where only the intake may see the secrets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from signpost.rulebook import Rulebook
from signpost.rulebook.document import Node, composed, placed
from signpost.rulebook.problems import Problems, meant
from signpost.rulebook.rule import sort_of
from signpost.rulebook.terms import Position

MERGE: Final = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class RuleOverrides:
    """One tenant's: rule id -> parameter -> value, and the rules that it does not want."""

    params: Mapping[str, Node]
    disabled: tuple[Node, ...]
    places: Mapping[str, Position]
    """Where each rule of `params` is named."""

    def plain_params(self) -> dict[str, dict[str, Any]]:
        """Without places."""
        return {rule: node.plain() for rule, node in self.params.items()}

    def disabled_rules(self) -> tuple[str, ...]:
        """Without places, in order."""
        return tuple(sorted({node.value for node in self.disabled}))

    def check(self, rulebook: Rulebook, problems: Problems) -> None:
        """Hold them against the rulebook as it is: unknown rules and parameters, values of another type."""
        for node in self.disabled:
            _check_rule(node.value, node.position, rulebook, problems)
        for rule, node in self.params.items():
            if _check_rule(rule, self.places[rule], rulebook, problems):
                _check_params(rule, node, rulebook.rules[rule].params, problems)


def find_overrides(file: Path, problems: Problems) -> dict[str, RuleOverrides]:
    """The choices of every tenant that makes any; what is wrong with their shape is added to `problems`."""
    name = str(file)
    try:
        root = composed(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        problems.add("R001", Position(name, 1, 1), getattr(error, "strerror", None) or "the file is not UTF-8")
        return {}
    except yaml.YAMLError as error:
        said = getattr(error, "problem", None) or "it cannot be read"
        problems.add("R001", _place(name, getattr(error, "problem_mark", None)), f"not valid YAML: {said}")
        return {}
    reader = _OverridesReader(name, problems)
    tenants = dict(reader.members(root, "the file")).get("tenants")
    found = {tenant: reader.choices(tenant, body) for tenant, body in reader.members(tenants, "tenants")}
    return {tenant: choices for tenant, choices in found.items() if choices.params or choices.disabled}


class _OverridesReader:
    """One reading of one file."""

    def __init__(self, name: str, problems: Problems) -> None:
        self._name, self._problems = name, problems

    def members(self, node: yaml.Node | None, what: str) -> Iterator[tuple[str, yaml.Node]]:
        """(key, value) of a mapping, nothing of its values looked at: some of them are secrets."""
        if not isinstance(node, yaml.MappingNode):
            where = _place(self._name, node.start_mark if node else None)
            self._problems.add("R006", where, f"{what} must hold names and values")
            return
        seen: set[str] = set()
        for key, value in node.value:
            at = _place(self._name, key.start_mark)
            if key.tag == MERGE or not isinstance(key, yaml.ScalarNode):
                self._problems.add("R003", at, "a key must be plain text", "merges (<<) are not supported")
            elif key.value in seen:
                self._problems.add("R004", at, f"the key {key.value!r} stands twice here", "keep one")
            else:
                seen.add(key.value)
                yield key.value, value

    def choices(self, tenant: str, body: yaml.Node) -> RuleOverrides:
        """What one tenant's body says of the rulebook."""
        parts = dict(self.members(body, f"tenants.{tenant}"))
        params = self._params(tenant, parts["params"]) if "params" in parts else None
        disabled = self._disabled(tenant, parts["disabled"]) if "disabled" in parts else ()
        return RuleOverrides(params.value if params else {}, disabled, (params.keys if params else None) or {})

    def _params(self, tenant: str, node: yaml.Node) -> Node | None:
        found = placed(node, self._name, self._problems)
        if not isinstance(found.value, dict):
            at = f"tenants.{tenant}.params"
            self._problems.add("R006", found.position, f"{at} must hold rules and their parameters")
            return None
        for rule, values in found.value.items():
            if not isinstance(values.value, dict):
                at = f"tenants.{tenant}.params.{rule}"
                self._problems.add("R006", values.position, f"{at} must hold parameters and their values")
        sound = {rule: values for rule, values in found.value.items() if isinstance(values.value, dict)}
        return Node(sound, found.position, found.keys)

    def _disabled(self, tenant: str, node: yaml.Node) -> tuple[Node, ...]:
        found = placed(node, self._name, self._problems)
        if not isinstance(found.value, list) or not all(isinstance(item.value, str) for item in found.value):
            self._problems.add("R006", found.position, f"tenants.{tenant}.disabled must be a list of rules")
            return ()
        return tuple(found.value)


def _check_rule(rule: str, at: Position, rulebook: Rulebook, problems: Problems) -> bool:
    if rule not in rulebook.rules:
        problems.add("R052", at, f"there is no rule {rule!r}", meant(rule, rulebook.rules))
    return rule in rulebook.rules


def _check_params(rule: str, node: Node, defaults: Mapping[str, Any], problems: Problems) -> None:
    for name, value in node.value.items():
        if name not in defaults:
            known = meant(name, defaults) if defaults else "it has none"
            problems.add("R052", node.key_position(name), f"{rule} has no parameter {name!r}", known)
        elif not _storable(value.plain()) or sort_of(value.plain()) != sort_of(defaults[name]):
            said = f"{rule}.{name} must be {sort_of(defaults[name])}, which {value.plain()!r} is not"
            problems.add("R052", value.position, said, f"by itself it is {defaults[name]}")


def _storable(value: Any) -> bool:
    """Whether it can be part of a version: numbers of 64 bits, whole characters."""
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


def _place(name: str, mark: Any) -> Position:
    return Position(name, mark.line + 1, mark.column + 1) if mark else Position(name, 1, 1)
