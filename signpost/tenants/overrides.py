"""Rule overrides of tenants: `params`, `disabled` and `rules` of the tenants file, with their positions.

Reads no secret, so that workers can use it although only the intake has the secrets.
"""

import os.path
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signpost.kept_files import copy_of
from signpost.rulebook import Rulebook
from signpost.rulebook.life import NAME as LIFE
from signpost.rulebook.life import life_params
from signpost.rulebook.policy import DEFAULTS as AGENDA_DEFAULTS
from signpost.rulebook.policy import NAME as AGENDA
from signpost.rulebook.rule import describe_type
from signpost.suggestions import meant
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node, read


@dataclass(frozen=True, slots=True)
class RuleOverrides:
    """The overrides of one tenant: rule id -> parameter -> value, disabled rules, and the folder of its own rules."""

    params: Mapping[str, Node]
    disabled: tuple[Node, ...]
    places: Mapping[str, Position]
    """The position of each rule in `params`."""
    rules: Path | None = None
    """A folder that adds rules, sources and fields for this tenant alone."""
    rules_at: Position | None = None
    """Where the file names that folder."""

    def plain_params(self) -> dict[str, dict[str, Any]]:
        """Rule id -> parameter -> value, without positions."""
        return {rule: node.plain() for rule, node in self.params.items()}

    def disabled_rules(self) -> tuple[str, ...]:
        """The ids of disabled rules, sorted, without positions."""
        return tuple(sorted({node.value for node in self.disabled}))

    def check(self, rulebook: Rulebook, problems: Problems) -> None:
        """Report unknown rules and parameters, and values of another type than in the rulebook."""
        for node in self.disabled:
            _check_rule(node.value, node.position, rulebook, problems)
        for rule, node in self.params.items():
            if rule == LIFE:
                _check_params(rule, node, life_params(rulebook.vocabulary.life), problems)
            elif rule == AGENDA:
                _check_params(rule, node, AGENDA_DEFAULTS, problems)
            elif _check_rule(rule, self.places[rule], rulebook, problems):
                _check_params(rule, node, rulebook.rules[rule].params, problems)


def find_overrides(file: Path, problems: Problems, copies: Path | None = None) -> dict[str, RuleOverrides]:
    """The overrides of every tenant that has any; adds problems of their shape to `problems`. `copies`: reads these
    copies of file and folders, see `copy_of`."""
    root = read(copy_of(file, copies), str(file), problems, secret=True)
    if root is None:
        return {}
    tenants = FieldReader(problems).members(root, "the file", None, ("tenants",)).get("tenants")
    return find_overrides_in(tenants, file.parent, problems, copies)


def find_overrides_in(
    tenants: Node | None, folder: Path, problems: Problems, copies: Path | None = None
) -> dict[str, RuleOverrides]:
    """As `find_overrides`, for the file's `tenants`; `folder`: the folder of the file."""
    reader = _OverridesReader(folder, problems, copies)
    bodies = reader.members(tenants, "tenants") if tenants is not None else {}
    overrides = {tenant: reader.overrides(tenant, body) for tenant, body in bodies.items()}
    return {tenant: own for tenant, own in overrides.items() if own.params or own.disabled or own.rules}


def folders_of_tenants(file: Path) -> tuple[Path, ...]:
    """The own folders of tenants, as far as the file can be read; also those that are still missing."""
    overrides = find_overrides(file, Problems()) if file.exists() else {}
    return tuple(sorted({own.rules for own in overrides.values() if own.rules is not None}))


class _OverridesReader(FieldReader):
    """Reads only the overrides of tenants: the rest can be secret."""

    def __init__(self, folder: Path, problems: Problems, copies: Path | None) -> None:
        super().__init__(problems)
        self._folder, self._copies = folder, copies

    def overrides(self, tenant: str, body: Node) -> RuleOverrides:
        """The overrides of one tenant."""
        parts = self.members(body, f"tenants.{tenant}")
        params = self._params(f"tenants.{tenant}.params", parts["params"]) if "params" in parts else {}
        disabled = self._disabled(tenant, parts["disabled"]) if "disabled" in parts else ()
        rules = self._rules(tenant, parts["rules"]) if "rules" in parts else None
        places = (parts["params"].keys if params else None) or {}
        return RuleOverrides(params, disabled, places, rules, parts["rules"].position if rules else None)

    def _rules(self, tenant: str, node: Node) -> Path | None:
        """The tenant's own folder, relative to the folder of the tenants file; also one that is still missing."""
        given = self._folder / _expand_home(node.value) if isinstance(node.value, str) else None
        folder = None if given is None else copy_of(given, self._copies)
        if folder is None or not os.path.isdir(folder):
            message = f"tenants.{tenant}.rules must name a folder of rules"
            self.problems.add("R006", node.position, f"{message}; there is none at {folder}" if folder else message)
            return folder if folder is not None and _is_missing(folder) else None
        return folder

    def _params(self, at: str, node: Node) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            self.problems.add("R006", node.position, f"{at} must be a mapping of rule ids to parameters")
            return {}
        for rule, values in node.value.items():
            if not isinstance(values.value, dict):
                self.problems.add("R006", values.position, f"{at}.{rule} must be a mapping of parameters to values")
        return {rule: values for rule, values in node.value.items() if isinstance(values.value, dict)}

    def _disabled(self, tenant: str, node: Node) -> tuple[Node, ...]:
        if not isinstance(node.value, list) or not all(isinstance(item.value, str) for item in node.value):
            self.problems.add("R006", node.position, f"tenants.{tenant}.disabled must be a list of rule ids")
            return ()
        return tuple(node.value)


def _is_missing(folder: Path) -> bool:
    """Whether there is nothing at a path at which a folder can be made."""
    try:
        os.stat(folder)
    except FileNotFoundError:
        return True
    except (OSError, ValueError):  # a name that no folder can have
        pass
    return False


def _expand_home(name: str) -> Path:
    """The path with `~` replaced; unchanged for an unknown user."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def _check_rule(rule: str, at: Position, rulebook: Rulebook, problems: Problems) -> bool:
    if rule not in rulebook.rules:
        problems.add("R052", at, f"there is no rule {rule!r}", meant(rule, rulebook.rules))
    return rule in rulebook.rules


def _check_params(rule: str, node: Node, defaults: Mapping[str, Any], problems: Problems) -> None:
    for name, value in node.value.items():
        if name not in defaults:
            known = meant(name, defaults) if defaults else "it has no parameters"
            problems.add("R052", node.key_position(name), f"{rule} has no parameter {name!r}", known)
        elif describe_type(value.plain()) != describe_type(defaults[name]):
            message = f"{rule}.{name} must be {describe_type(defaults[name])}, which {value.plain()!r} is not"
            problems.add("R052", value.position, message, f"the default is {defaults[name]}")
