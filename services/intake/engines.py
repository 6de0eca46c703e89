"""The engines that explanations are made with: loaded when first needed, and renewed when the rules change."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from signpost.engine import CompiledEngine
from signpost.rulebook.folders import Folders
from signpost.tenants.live_rulebooks import LiveEngines


class TenantEngines:
    """A compiled engine for each tenant; the files are looked at when asked, at most every `interval` seconds."""

    def __init__(
        self, folders: Folders, tenants: Path, interval: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._folders, self._tenants, self._interval, self._monotonic = folders, tenants, interval, monotonic
        self._lock = threading.Lock()
        self._live: LiveEngines[CompiledEngine] | None = None
        self._seen = ""
        self._looked = 0.0

    def of(self, tenant: str) -> CompiledEngine:
        """The engine for a tenant. Raises RulebookError (CallerError) where the rules cannot be loaded at all."""
        with self._lock:
            if self._live is None:
                self._live, self._looked = LiveEngines(self._folders, self._tenants, CompiledEngine), self._monotonic()
            elif self._monotonic() - self._looked >= self._interval:
                self._seen, self._looked = self._live.poll(self._seen), self._monotonic()
            return self._live.now().of(tenant)
