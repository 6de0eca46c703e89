"""Loads the tenants file: tenants with their API keys, and sources with their secrets. `reader` reads its parts."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from signpost.facts.vocabulary import Vocabulary
from signpost.kept_files import copy_of
from signpost.rulebook import RulebookError
from signpost.rulebook.folders import Folders, folders_of
from signpost.rulebook.own_fields import read_own_fields
from signpost.tenants.model import Tenants
from signpost.tenants.overrides import RuleOverrides, find_overrides_in
from signpost.tenants.reader import TenantsReader
from signpost.yaml_files.problems import FileError, Position, Problems, in_folder
from signpost.yaml_files.reader import read

SourceCheck: TypeAlias = Callable[[str, tuple[str, ...]], str]
"""(vendor, secrets) -> why webhooks cannot be verified; "" if they can."""
CREATE_HINT: Final = (
    "run this in the folder where `signpost up` runs, or set SIGNPOST_DATA_DIR or SIGNPOST_TENANTS; in a new system,"
    " `signpost up` or `signpost tenants add NAME` creates it"
)


class TenantsError(FileError):
    """The tenants file cannot be used."""


def load_tenants(
    file: Path,
    environ: Mapping[str, str],
    check: SourceCheck = lambda vendor, secrets: "",
    rules: Folders | None = None,
    copies: Path | None = None,
    strict: Collection[str] = (),
) -> Tenants:
    """Load the tenants file. The secret env:NAME is read from `environ`, file:PATH from a file relative to the
    folder of the tenants file. `rules`: the folders whose `fields.yaml` declares fields; None: not checked.
    `copies`: reads these copies of file and folders, see `copy_of`; secrets are not among them.

    A source with a mistake, whose secrets cannot be read, or that `check` refuses, is disabled: its `problem` says
    why. Raises TenantsError with all other problems, and with the mistakes of the sources in `strict`; RulebookError
    with those of the declared fields.
    """
    problems = Problems()
    if not copy_of(file, copies).exists():
        problems.add("R001", Position(str(file), 1, 1), "there is no such file", CREATE_HINT)
        raise TenantsError(problems.found)
    root = read(copy_of(file, copies), str(file), problems, secret=True)
    if root is None:
        raise TenantsError(problems.found)
    reader = TenantsReader(file.parent, environ, problems, check, strict)
    parts = reader.members(root, "the file", ("tenants", "sources"), ("tenants",))
    tenants = reader.tenants(parts["tenants"]) if "tenants" in parts else {}
    overrides = find_overrides_in(parts.get("tenants"), file.parent, problems, copies)
    rules = None if rules is None else tuple(copy_of(folder, copies) for folder in folders_of(rules))
    vocabularies = {name: _vocabulary(rules, overrides.get(name)) for name in tenants} if rules is not None else {}
    sources = reader.sources(parts.get("sources"), vocabularies)
    if problems.found:
        raise TenantsError(problems.found)
    return Tenants(tenants, sources, frozenset(reader.files), vocabularies)


def _vocabulary(rules: Folders, overrides: RuleOverrides | None) -> Vocabulary:
    """The fields of one tenant's rulebook. Raises RulebookError."""
    problems = Problems()
    own = overrides.rules if overrides else None
    vocabulary = read_own_fields((*folders_of(rules), own) if own else rules, problems)
    if problems.found:
        raise RulebookError(in_folder(problems.found, folders_of(rules)[0]))
    return vocabulary
