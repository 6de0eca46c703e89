"""Tenants and sources in a running process, reloaded when the tenants file or the file of a secret changes."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from signpost.kept_files import KeptFiles
from signpost.rulebook.folders import Folders, folders_of
from signpost.rulebook.own_fields import FILE as OWN_FIELDS
from signpost.rulebook.own_fields import own_field_files
from signpost.schemas.custom import OwnKinds
from signpost.tenants.loading import SourceCheck, load_tenants
from signpost.tenants.model import Source, Tenants
from signpost.tenants.overrides import folders_of_tenants
from signpost.watching import Watched


class SideFiles(Protocol):
    """Files whose content decides which sources work, like own mappings: read again before the tenants file is."""

    def paths(self) -> Iterable[Path]:
        """The files as they are now."""

    def read(self) -> None:
        """Read them. Raises nothing: a faulty file disables its sources alone."""

    def faulty_file(self, vendor: str) -> str:
        """The faulty file that disables the sources of a vendor; "" if there is none."""

    @property
    def is_faulty(self) -> bool:
        """Whether a file is faulty."""


class LiveTenants(Watched[Tenants]):
    """The current content of the tenants file. Safe between threads."""

    log = logging.getLogger("signpost.tenants")
    name = "tenants file"

    def __init__(
        self,
        file: Path,
        environ: Mapping[str, str],
        check: SourceCheck = lambda vendor, secrets: "",
        rules: Folders | None = None,
        kept: KeptFiles | None = None,
        side: SideFiles | None = None,
    ) -> None:
        """`check`, `rules`: see `load_tenants`; `kept`: see Watched; `side`: the files that `check` depends on.
        Raises TenantsError, RulebookError."""
        self._side = side
        self._file, self._environ, self._check, self._rules = file, environ, check, rules
        self._of_tenants: tuple[Path, ...] = ()
        self._secret_files: frozenset[Path] = frozenset()
        super().__init__(kept=kept)

    def tenant_of_key(self, key: str) -> str | None:
        """The tenant that an API key belongs to."""
        return self.now().tenant_of_key(key)

    def admits(self, tenant: str, hashed: str) -> bool:
        """See `Tenants.admits`."""
        return self.now().admits(tenant, hashed)

    def source(self, name: str) -> Source | None:
        """The source with this name; None if unknown."""
        return self.now().source(name)

    def own_ids_of(self, tenant: str, value: str) -> list[str]:
        """The ids under which a tenant knows what its sources with ids of their own call `value`."""
        return self.now().own_ids_of(tenant, value)

    def own_fields(self, tenant: str) -> OwnKinds:
        """The fields that the rulebook of a tenant declares."""
        return self.now().own_fields(tenant)

    @property
    def has_disabled_sources(self) -> bool:
        """Whether a source is disabled by a mistake or for want of a secret."""
        return any(source.problem and not source.is_switched_off for source in self.now().sources.values())

    @property
    def has_faulty_side_files(self) -> bool:
        """Whether an own mapping is disabled."""
        return self._side is not None and self._side.is_faulty

    def _paths(self) -> Iterable[Path]:
        side = self._side.paths() if self._side is not None else ()
        return (*self._kept_paths(), *sorted(self._secret_files), *side)

    def _kept_paths(self) -> Iterable[Path]:
        """No secret file: those are read where they are."""
        declared = own_field_files((*folders_of(self._rules), *self._of_tenants)) if self._rules is not None else ()
        return (self._file, *declared)

    def _kept_folders(self) -> Iterable[Path]:
        return self._of_tenants

    def _load_kept(self, copies: Path) -> Tenants:
        self._read_side_files()
        tenants = load_tenants(self._file, self._environ, self._check, self._rules, copies)
        self._secret_files = tenants.files
        return tenants

    def _load(self, current: Tenants | None) -> Tenants:
        # Files that were read before they were watched change the digest, so they are read again
        self._of_tenants = folders_of_tenants(self._file)
        self._read_side_files()
        tenants = load_tenants(self._file, self._environ, self._check, self._rules)
        self._secret_files = tenants.files
        return current if current == tenants else tenants

    def _what_of(self, problems: Sequence[str]) -> str:
        return "own fields" if all(f"{OWN_FIELDS}:" in one for one in problems) else self.name

    def _read_side_files(self) -> None:
        if self._side is not None:
            self._side.read()

    def _log_in_force(self, content: Tenants, before: Tenants | None) -> None:
        for source in content.sources.values():
            known = before.source(source.name) if before else None
            if source.problem and not source.is_switched_off and (known is None or known.problem != source.problem):
                self.log.error(
                    "source %s is disabled, its webhooks are answered with 503: %s; correct it in %s",
                    source.name,
                    source.problem,
                    (self._side and self._side.faulty_file(source.vendor)) or self._file,
                )
        disabled = sum(bool(source.problem) for source in content.sources.values())
        counts = {"tenants": len(content.tenants), "sources": len(content.sources), "disabled": disabled}
        self.log.info("tenants in force", extra=counts)


def kept_tenants(folder: Path, file: Path, rules: Folders) -> KeptFiles:
    """The copies of the last valid tenants file in a folder of state."""
    return KeptFiles(folder, "tenants", (file, *folders_of(rules)))
