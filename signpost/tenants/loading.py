"""Who may send and read: tenants with their API keys, and sources with their secrets, from one strict YAML file."""

from collections.abc import Mapping
from pathlib import Path

from signpost.tenants.model import Tenants
from signpost.tenants.overrides import find_overrides_in
from signpost.tenants.reader import TenantsReader
from signpost.yaml_files.problems import FileError, Problems
from signpost.yaml_files.reader import read


class TenantsError(FileError):
    """The tenants file cannot be used."""


def load_tenants(file: Path, environ: Mapping[str, str]) -> Tenants:
    """The tenants file. Secrets written as env:NAME come from `environ`, as file:PATH from a file, relative to the
    folder of the tenants file.

    Raises TenantsError with every problem at once.
    """
    problems = Problems()
    root = read(file, str(file), problems, secret=True)
    if root is None:
        raise TenantsError(problems.found)
    reader = TenantsReader(file.parent, environ, problems)
    parts = reader.members(root, "the file", ("tenants", "sources"), ("tenants",))
    tenants = reader.tenants(parts["tenants"]) if "tenants" in parts else {}
    sources = reader.sources(parts.get("sources"))
    find_overrides_in(parts.get("tenants"), problems)
    if problems.found:
        raise TenantsError(problems.found)
    return Tenants(tenants, sources, frozenset(reader.files))
