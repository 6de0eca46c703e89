"""Who may send and read: tenants with their API keys, and sources with their secrets, from one strict YAML file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from signpost.tenants.model import Tenants
from signpost.tenants.overrides import find_overrides_in
from signpost.tenants.reader import TenantsReader
from signpost.yaml_files.problems import FileError, Position, Problems
from signpost.yaml_files.reader import read

SourceCheck: TypeAlias = Callable[[str, tuple[str, ...]], str]
"""(vendor, secrets) -> why its webhooks cannot be verified; "" where they can."""
WHO_MAKES_IT: Final = "`signpost up` or `signpost tenants add NAME` makes it; SIGNPOST_TENANTS names another"


class TenantsError(FileError):
    """The tenants file cannot be used."""


def load_tenants(file: Path, environ: Mapping[str, str], check: SourceCheck = lambda vendor, secrets: "") -> Tenants:
    """The tenants file. Secrets written as env:NAME come from `environ`, as file:PATH from a file, relative to the
    folder of the tenants file.

    A source whose secrets cannot be read, or that `check` refuses, is disabled: its `problem` says why. Raises
    TenantsError with every other problem at once.
    """
    problems = Problems()
    if not file.exists():
        problems.add("R001", Position(str(file), 1, 1), "there is no such file", WHO_MAKES_IT)
        raise TenantsError(problems.found)
    root = read(file, str(file), problems, secret=True)
    if root is None:
        raise TenantsError(problems.found)
    reader = TenantsReader(file.parent, environ, problems, check)
    parts = reader.members(root, "the file", ("tenants", "sources"), ("tenants",))
    tenants = reader.tenants(parts["tenants"]) if "tenants" in parts else {}
    sources = reader.sources(parts.get("sources"))
    find_overrides_in(parts.get("tenants"), problems)
    if problems.found:
        raise TenantsError(problems.found)
    return Tenants(tenants, sources, frozenset(reader.files))
