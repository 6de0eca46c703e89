"""Who may send and read: tenants with their API keys, and sources with their secrets, from one strict YAML file."""

import hmac
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import yaml

from signpost.case.instant import MINUTE
from signpost.errors import CallerError
from signpost.rulebook.problems import Problems
from signpost.tenants_choices import find_choices
from signpost.tenants_reader import Reader

KEY_PREFIX: Final = "sp_"


class TenantsError(CallerError):
    """The tenants file is wrong; `problems` names every one."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        super().__init__("\n".join(one if one.startswith(f"{file}:") else f"{file}: {one}" for one in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Tenant:
    """`api_keys`: hashes as `hash_key` makes them. What it chooses of the rulebook: see `rulebooks`."""

    name: str
    api_keys: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """A sender of webhooks. `secrets`: any may sign. `employer`: {id, name} where the sender is one employer.
    `clock_skew`: how far a signed time may be off, in microseconds. `fields`: our term of an offer -> the sender's own
    field that holds it."""

    name: str
    tenant: str
    vendor: str
    secrets: tuple[str, ...] = field(repr=False)
    time_zone: str | None = None
    employer: Mapping[str, str] = field(default_factory=dict)
    clock_skew: int = 5 * MINUTE
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tenants:
    """Everything of the file, by name. `files`: of secrets that it was read from."""

    tenants: Mapping[str, Tenant]
    sources: Mapping[str, Source]
    files: frozenset[Path] = frozenset()

    def tenant_of_key(self, key: str) -> str | None:
        """The tenant that an API key belongs to. Takes the same time whichever it is."""
        given = hash_key(key).encode()
        found = None
        for tenant in self.tenants.values():
            for known in tenant.api_keys:
                if hmac.compare_digest(given, known.encode()):
                    found = tenant.name
        return found

    def source(self, name: str) -> Source | None:
        """The source with this name."""
        return self.sources.get(name)


def hash_key(key: str) -> str:
    """What is kept of an API key. A plain digest is enough, because a key is 256 random bits."""
    return "sha256:" + sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def new_key() -> str:
    """A fresh API key."""
    return KEY_PREFIX + randomness.token_urlsafe(32)


def load_tenants(file: Path, environ: Mapping[str, str]) -> Tenants:
    """The tenants file. Secrets written as env:NAME come from `environ`, as file:PATH from a file, relative to the
    folder of the tenants file.

    Raises TenantsError with every problem at once.
    """
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=_Strict)
    except (OSError, UnicodeDecodeError) as error:
        raise TenantsError(file, [getattr(error, "strerror", None) or "is not UTF-8 text"]) from None
    except yaml.YAMLError as error:
        raise TenantsError(file, [_yaml_problem(error)]) from None
    reader, problems = Reader(file.parent, environ), Problems()
    tenants = {name: Tenant(name, reader.hashes(at, body)) for name, at, body in reader.tenants(document)}
    sources = {name: Source(name=name, **reader.source(at, body)) for name, at, body in reader.sources(document)}
    if isinstance(document, dict) and isinstance(document.get("tenants"), dict):
        find_choices(file, problems)
    if reader.problems or problems.found:
        raise TenantsError(file, [*reader.problems, *map(str, sorted(set(problems.found)))])
    return Tenants(tenants, sources, frozenset(reader.files))


class _Strict(yaml.SafeLoader):
    """Refuses what YAML passes over: a key said twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is said twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return place + (getattr(error, "problem", None) or "is not YAML")
