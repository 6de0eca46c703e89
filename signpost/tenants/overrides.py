"""What each tenant chooses of the rulebook: `params`, `disabled` and `rules` of the tenants file, each with its place.

No secret is read or needed: workers can use this where only the intake may see the secrets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from signpost.rulebook import Rulebook
from signpost.rulebook.rule import describe_type
from signpost.suggestions import meant
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node, read


@dataclass(frozen=True, slots=True)
class RuleOverrides:
    """One tenant's: rule id -> parameter -> value, the rules that it does not want, and the folder of its own."""

    params: Mapping[str, Node]
    disabled: tuple[Node, ...]
    places: Mapping[str, Position]
    """Where each rule of `params` is named."""
    rules: Path | None = None
    """A folder that adds rules, sources and fields for this tenant alone."""

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
    root = read(file, str(file), problems, secret=True)
    if root is None:
        return {}
    tenants = FieldReader(problems).members(root, "the file", None, ("tenants",)).get("tenants")
    return find_overrides_in(tenants, file.parent, problems)


def find_overrides_in(tenants: Node | None, folder: Path, problems: Problems) -> dict[str, RuleOverrides]:
    """As `find_overrides`, of the file's `tenants`; `folder` is where the file lies."""
    reader = _OverridesReader(folder, problems)
    bodies = reader.members(tenants, "tenants") if tenants is not None else {}
    found = {tenant: reader.choices(tenant, body) for tenant, body in bodies.items()}
    return {tenant: choices for tenant, choices in found.items() if choices.params or choices.disabled or choices.rules}


def folders_of_tenants(file: Path) -> tuple[Path, ...]:
    """The folders that tenants have of their own, as far as the file can be read."""
    choices = find_overrides(file, Problems()) if file.exists() else {}
    return tuple(sorted({one.rules for one in choices.values() if one.rules is not None}))


class _OverridesReader(FieldReader):
    """Reads tenants' bodies, and of those only what is said of the rulebook: the rest may be secret."""

    def __init__(self, folder: Path, problems: Problems) -> None:
        super().__init__(problems)
        self._folder = folder

    def choices(self, tenant: str, body: Node) -> RuleOverrides:
        """What one tenant's body says of the rulebook."""
        parts = self.members(body, f"tenants.{tenant}")
        params = self._params(f"tenants.{tenant}.params", parts["params"]) if "params" in parts else {}
        disabled = self._disabled(tenant, parts["disabled"]) if "disabled" in parts else ()
        rules = self._rules(tenant, parts["rules"]) if "rules" in parts else None
        return RuleOverrides(params, disabled, (parts["params"].keys if params else None) or {}, rules)

    def _rules(self, tenant: str, node: Node) -> Path | None:
        """The tenant's own folder, relative to that of the tenants file."""
        folder = self._folder / Path(node.value).expanduser() if isinstance(node.value, str) else None
        if folder is None or not folder.is_dir():
            message = f"tenants.{tenant}.rules must name a folder of rules"
            self.problems.add("R006", node.position, f"{message}; there is none at {folder}" if folder else message)
            return None
        return folder

    def _params(self, at: str, node: Node) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            self.problems.add("R006", node.position, f"{at} must hold rules and their parameters")
            return {}
        for rule, values in node.value.items():
            if not isinstance(values.value, dict):
                self.problems.add("R006", values.position, f"{at}.{rule} must hold parameters and their values")
        return {rule: values for rule, values in node.value.items() if isinstance(values.value, dict)}

    def _disabled(self, tenant: str, node: Node) -> tuple[Node, ...]:
        if not isinstance(node.value, list) or not all(isinstance(item.value, str) for item in node.value):
            self.problems.add("R006", node.position, f"tenants.{tenant}.disabled must be a list of rules")
            return ()
        return tuple(node.value)


def _check_rule(rule: str, at: Position, rulebook: Rulebook, problems: Problems) -> bool:
    if rule not in rulebook.rules:
        problems.add("R052", at, f"there is no rule {rule!r}", meant(rule, rulebook.rules))
    return rule in rulebook.rules


def _check_params(rule: str, node: Node, defaults: Mapping[str, Any], problems: Problems) -> None:
    for name, value in node.value.items():
        if name not in defaults:
            known = meant(name, defaults) if defaults else "it has none"
            problems.add("R052", node.key_position(name), f"{rule} has no parameter {name!r}", known)
        elif not _storable(value.plain()) or describe_type(value.plain()) != describe_type(defaults[name]):
            said = f"{rule}.{name} must be {describe_type(defaults[name])}, which {value.plain()!r} is not"
            problems.add("R052", value.position, said, f"by itself it is {defaults[name]}")


def _storable(value: Any) -> bool:
    """Whether it can be part of a version: numbers of 64 bits, whole characters."""
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True
