"""Tenants and sources while a process runs: a changed file is taken whole and sound, or not at all."""

import logging
import threading
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path

from signpost.errors import CallerError
from signpost.tenants import Source, Tenants, load_tenants

SETTLE = 0.3
"""Seconds for which a change must have stayed as it is: whoever writes files may write in several steps."""

log = logging.getLogger("signpost.tenants")


class LiveTenants:
    """What the file says, renewed when it or a file of a secret changes. Safe between threads."""

    def __init__(
        self, file: Path, environ: Mapping[str, str], check: Callable[[Tenants], object] = lambda tenants: None
    ) -> None:
        """`check` may refuse what was read by a CallerError. Raises TenantsError, or what `check` raises."""
        self._file, self._environ, self._check = file, environ, check
        self._looking = threading.Lock()
        self._tenants = self._load()
        self._handled = self._digest(self._tenants)

    def now(self) -> Tenants:
        """What is in force."""
        return self._tenants

    def tenant_of_key(self, key: str) -> str | None:
        """The tenant that an API key belongs to now."""
        return self._tenants.tenant_of_key(key)

    def source(self, name: str) -> Source | None:
        """The source with this name now."""
        return self._tenants.source(name)

    def look(self, seen: str = "") -> str:
        """See whether the files have changed, and take them where the last look has `seen` them just so.

        Gives what was seen, "" once nothing is left to take. A file at fault is logged once; all stays in force.
        """
        with self._looking:
            digest = self._digest(self._tenants)
            if digest == self._handled:
                return ""
            if digest != seen:
                return digest
            self._take(digest)
            return ""

    def watch(self, stop: threading.Event, interval: float) -> None:
        """Look every `interval` seconds until told to stop."""
        seen = ""
        while not stop.wait(SETTLE if seen else interval):
            seen = self.look(seen)

    def _take(self, digest: str) -> None:
        self._handled = digest
        try:
            tenants = self._load()
        except CallerError as error:
            log.error("changed tenants are not taken, those before them stay in force")
            for problem in str(error).splitlines():
                log.error("not taken: %s", problem)
            return
        self._tenants = tenants
        self._handled = self._digest(tenants)
        log.info("tenants in force", extra={"tenants": len(tenants.tenants), "sources": len(tenants.sources)})

    def _load(self) -> Tenants:
        tenants = load_tenants(self._file, self._environ)
        self._check(tenants)
        return tenants

    def _digest(self, tenants: Tenants) -> str:
        """Of every byte that loading read, and of what cannot be read."""
        digest = blake2b(digest_size=16)
        for path in (self._file, *sorted(tenants.files)):
            try:
                content = path.read_bytes()
            except OSError as error:
                content = type(error).__name__.encode()
            digest.update(b"%d\0%b" % (len(content), content))
        return digest.hexdigest()
