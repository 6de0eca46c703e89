"""The engines of all tenants in a running process: rules and tenants are reloaded when their files change."""

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from signpost.rulebook import Rulebook
from signpost.tenants.rulebooks import Engines, Rulebooks, load_rulebooks
from signpost.watching import Watched

Engine = TypeVar("Engine")


class LiveEngines(Watched[Engines[Engine]]):
    """The engines of all tenants, replaced when the rules' folder or the tenants file changes.

    Callers take `now()` once per batch or request and use it to its end. Safe between threads.
    """

    log = logging.getLogger("signpost.rulebook")
    name = "rulebook"

    def __init__(
        self,
        folder: Path,
        tenants: Path,
        make: Callable[[Rulebook], Engine],
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """Load them. Raises RulebookError with every problem, as `load_rulebooks` does. `wait`: pauses for seconds."""
        self._folder, self._tenants, self._make = folder, tenants, make
        super().__init__(wait)

    def _paths(self) -> Iterable[Path]:
        return (*sorted(self._folder.glob("*.yaml")), self._tenants)

    def _load(self, current: Engines[Engine] | None) -> Engines[Engine]:
        rulebooks = load_rulebooks(self._folder, self._tenants)
        if current is None:
            return Engines(self._make, rulebooks)
        if rulebooks.is_same(current.rulebooks):
            return current
        return Engines(self._make, rulebooks, current.turn + 1)

    def _log_in_force(self, content: Engines[Engine], before: Engines[Engine] | None) -> None:
        self.log.info("rulebook in force", extra=_summary(content.rulebooks, before.rulebooks if before else None))


def _summary(rulebooks: Rulebooks, before: Rulebooks | None) -> dict[str, object]:
    summary: dict[str, object] = {"rulebook": rulebooks.default.version, "rules": len(rulebooks.default.rules)}
    summary["tenants_with_overrides"] = len(rulebooks.own)
    return summary | ({"before": before.default.version} if before else {})
