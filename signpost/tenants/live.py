"""Tenants and sources in a running process, reloaded when the tenants file or the file of a secret changes."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from signpost.tenants.loading import SourceCheck, load_tenants
from signpost.tenants.model import Source, Tenants
from signpost.watching import Watched


class LiveTenants(Watched[Tenants]):
    """What the tenants file describes now. Safe between threads."""

    log = logging.getLogger("signpost.tenants")
    name = "tenants file"

    def __init__(self, file: Path, environ: Mapping[str, str], check: SourceCheck = lambda vendor, secrets: "") -> None:
        """`check`: see `load_tenants`. Raises TenantsError."""
        self._file, self._environ, self._check = file, environ, check
        self._secret_files: frozenset[Path] = frozenset()
        super().__init__()

    def tenant_of_key(self, key: str) -> str | None:
        """The tenant that an API key belongs to now."""
        return self.now().tenant_of_key(key)

    def source(self, name: str) -> Source | None:
        """The source with this name now."""
        return self.now().source(name)

    def _paths(self) -> Iterable[Path]:
        return (self._file, *sorted(self._secret_files))

    def _load(self, current: Tenants | None) -> Tenants:
        tenants = load_tenants(self._file, self._environ, self._check)
        # Files that were not watched while they were read make the digest differ, so they are read once more
        self._secret_files = tenants.files
        return current if current == tenants else tenants

    def _log_in_force(self, content: Tenants, before: Tenants | None) -> None:
        for source in content.sources.values():
            known = before.source(source.name) if before else None
            if source.problem and (known is None or known.problem != source.problem):
                self.log.error(
                    "source %s is disabled, its webhooks are answered with 503: %s; correct it in %s",
                    source.name,
                    source.problem,
                    self._file,
                )
        disabled = sum(bool(source.problem) for source in content.sources.values())
        counts = {"tenants": len(content.tenants), "sources": len(content.sources), "disabled": disabled}
        self.log.info("tenants in force", extra=counts)
