"""The engines of explanations and simulations: loaded on first use, reloaded when the rules change."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from signpost.engine import CompiledEngine
from signpost.kept_files import KeptFiles
from signpost.rulebook.folders import Folders
from signpost.tenants.live_rulebooks import LiveEngines


class TenantEngines:
    """A compiled engine for each tenant. Polls the files on use, at most every `interval_s` seconds."""

    def __init__(
        self,
        folders: Folders,
        tenants: Path,
        interval_s: float,
        monotonic: Callable[[], float] = time.monotonic,
        kept: KeptFiles | None = None,
    ) -> None:
        self._kept = kept
        self._folders, self._tenants, self._interval_s, self._monotonic = folders, tenants, interval_s, monotonic
        self._lock = threading.Lock()
        self._live: LiveEngines[CompiledEngine] | None = None
        self._seen = ""
        self._polled_at_s = 0.0

    def of(self, tenant: str) -> CompiledEngine:
        """The engine of a tenant. Raises RulebookError (CallerError) if the rules cannot be loaded."""
        with self._lock:
            if self._live is None:
                self._live, self._polled_at_s = (
                    LiveEngines(self._folders, self._tenants, CompiledEngine, kept=self._kept),
                    self._monotonic(),
                )
            elif self._monotonic() - self._polled_at_s >= self._interval_s:
                self._seen, self._polled_at_s = self._live.poll(self._seen), self._monotonic()
            return self._live.now().of(tenant)
