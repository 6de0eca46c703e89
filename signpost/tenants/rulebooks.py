"""Builds the rulebook and engine of each tenant: shared and own rules, with its parameters, without disabled rules.

Workers and intake both use it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

import orjson

from signpost.kept_files import copy_of
from signpost.rulebook import Problem, Rulebook, RulebookError, find_problems
from signpost.rulebook.folders import Folders, folders_of
from signpost.tenants.overrides import RuleOverrides, find_overrides
from signpost.yaml_files.problems import Problems, in_folder

Engine_co = TypeVar("Engine_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Rulebooks:
    """`own`: the rulebooks of tenants with overrides; all others have `default`."""

    default: Rulebook
    own: Mapping[str, Rulebook]

    def of(self, tenant: str) -> Rulebook:
        """The rulebook that a tenant's cases are evaluated with."""
        return self.own.get(tenant, self.default)

    def is_same(self, other: "Rulebooks") -> bool:
        """Whether every tenant has the same rulebook version in both."""
        mine, theirs = ({name: rulebook.version for name, rulebook in each.own.items()} for each in (self, other))
        return self.default.version == other.default.version and mine == theirs

    @property
    def versions(self) -> list[str]:
        """The versions in use, sorted."""
        return sorted({self.default.version, *(rulebook.version for rulebook in self.own.values())})

    def announced_as(self, tenant: str) -> str:
        """What a process announces for a tenant: the version, with the tenant if it has its own. Two tenants may change
        to each other's version, so versions alone have no order."""
        return f"{self.own[tenant].version} {tenant}" if tenant in self.own else self.default.version

    @property
    def announced(self) -> list[str]:
        """What a process announces. The default comes before the tenants, because they leave it for their own
        rulebooks. The bare versions of these come first: processes of earlier releases look for nothing else."""
        bare = {rulebook.version for rulebook in self.own.values()} - {self.default.version}
        return [*sorted(bare), self.default.version, *(self.announced_as(tenant) for tenant in sorted(self.own))]


class Engines(Generic[Engine_co]):
    """One engine per rulebook version, all created at once and shared by tenants. Immutable."""

    def __init__(self, make: Callable[[Rulebook], Engine_co], rulebooks: Rulebooks, turn: int = 0) -> None:
        """`make`: as in `partial(make_engine, "compiled")`. `turn`: the number of earlier engines in this process."""
        self.rulebooks, self.turn = rulebooks, turn
        self._made: dict[str, Engine_co] = {}
        for rulebook in (rulebooks.default, *rulebooks.own.values()):
            if rulebook.version not in self._made:
                self._made[rulebook.version] = make(rulebook)

    def of(self, tenant: str) -> Engine_co:
        """The engine for a tenant's cases."""
        return self._made[self.rulebooks.of(tenant).version]


def load_rulebooks(folders: Folders, tenants: Path | None = None, copies: Path | None = None) -> Rulebooks:
    """The rulebook in folders for each tenant of a tenants file; without such a file, all have the same.

    `copies`: reads these copies of folders and file, see `copy_of`. Raises RulebookError with the problems of both.
    """
    rulebooks, problems = find_rulebook_problems(folders, tenants, copies)
    if problems:
        raise RulebookError(in_folder(problems, folders_of(folders)[0]))
    return rulebooks


def find_rulebook_problems(
    folders: Folders, tenants: Path | None = None, copies: Path | None = None
) -> tuple[Rulebooks, list[Problem]]:
    """As `load_rulebooks`, for tools that continue after problems: what could be read, and all problems by position."""
    folders = tuple(copy_of(folder, copies) for folder in folders_of(folders))
    default, problems = find_problems(folders)
    is_valid = not problems.found
    has_tenants = tenants is not None and copy_of(tenants, copies).exists()
    overrides = find_overrides(tenants, problems, copies) if tenants is not None and has_tenants else {}
    if not is_valid:
        # Valid overrides would look unknown if rules could not be read
        return Rulebooks(default, {}), sorted(set(problems.found))
    made: dict[bytes, Rulebook] = {}
    own = {tenant: _own(folders, default, tenant, override, problems, made) for tenant, override in overrides.items()}
    return Rulebooks(default, own), sorted(set(problems.found))


def _own(
    folders: Folders,
    default: Rulebook,
    tenant: str,
    overrides: RuleOverrides,
    problems: Problems,
    made: dict[bytes, Rulebook],
) -> Rulebook:
    """The rulebook of one tenant; `made` caches it for equal overrides."""
    before = len(problems.found)
    base = default
    if overrides.rules is not None and overrides.rules.is_dir() and not _repeats(folders, overrides, problems):
        folders = (*folders_of(folders), overrides.rules)
        base, found = find_problems(folders)
        _add(found, f"with the rules of tenant {tenant}", problems)
    if len(problems.found) == before:
        overrides.check(base, problems)
    if len(problems.found) > before:
        return default
    params, disabled = overrides.plain_params(), overrides.disabled_rules()
    key = orjson.dumps([params, disabled, base.version], option=orjson.OPT_SORT_KEYS)
    if key not in made:
        rulebook, found = find_problems(folders, params) if params else (base, Problems())
        _add(found, f"with the parameters of tenant {tenant}", problems)
        made[key] = _without(rulebook, disabled)
    return made[key]


def _repeats(folders: Folders, overrides: RuleOverrides, problems: Problems) -> bool:
    """Whether the tenant's own folder is one of those of all tenants, as a problem."""
    own = overrides.rules
    if own is None or overrides.rules_at is None or own.resolve() not in [one.resolve() for one in folders_of(folders)]:
        return False
    message = f"the folder {own} is among the rules of all tenants already"
    problems.add("R002", overrides.rules_at, message, "remove it here, or from SIGNPOST_RULES")
    return True


def _add(found: Problems, under: str, problems: Problems) -> None:
    """Add the problems that only one tenant has."""
    for problem in set(found.found) - set(problems.found):
        problems.add(problem.code, problem.position, f"{under}: {problem.message}", problem.suggestion)


def _without(rulebook: Rulebook, disabled: tuple[str, ...]) -> Rulebook:
    """The rulebook without some rules, with its own version; the removed rules suppress nothing."""
    if not disabled:
        return rulebook
    rules = {name: rule for name, rule in rulebook.rules.items() if name not in disabled}
    version = sha256("\0".join([rulebook.version, *disabled]).encode()).hexdigest()[:12]
    return replace(rulebook, rules=rules, version=version)
