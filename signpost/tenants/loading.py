"""Who may send and read: tenants with their API keys, and sources with their secrets, from one strict YAML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from signpost.errors import CallerError
from signpost.rulebook.problems import Problems
from signpost.tenants.model import Source, Tenant, Tenants
from signpost.tenants.overrides import find_overrides
from signpost.tenants.reader import TenantsReader


class TenantsError(CallerError):
    """The tenants file is wrong; `problems` names every one."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        super().__init__("\n".join(one if one.startswith(f"{file}:") else f"{file}: {one}" for one in problems))
        self.problems = problems


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
    reader, problems = TenantsReader(file.parent, environ), Problems()
    tenants = {name: Tenant(name, reader.hashes(at, body)) for name, at, body in reader.tenants(document)}
    sources = {name: Source(name=name, **reader.source(at, body)) for name, at, body in reader.sources(document)}
    if isinstance(document, dict) and isinstance(document.get("tenants"), dict):
        find_overrides(file, problems)
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
