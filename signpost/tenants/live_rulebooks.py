"""The engines of all tenants in a running process: reloaded when rules or tenants change."""

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from signpost.kept_files import KeptFiles
from signpost.rulebook import Rulebook
from signpost.rulebook.folders import Folders, files_in, folders_of
from signpost.rulebook.strays import report_nested
from signpost.tenants.overrides import folders_of_tenants
from signpost.tenants.rulebooks import Engines, Rulebooks, load_rulebooks
from signpost.tenants.trial import try_load
from signpost.watching import Watched
from signpost.yaml_files.problems import Problems

Engine = TypeVar("Engine")

MAX_NAMED: Final = 5
"""Tenants whose version the log names."""


class LiveEngines(Watched[Engines[Engine]]):
    """The engines of all tenants, replaced when a folder of rules or the tenants file changes.

    Callers take `now()` once per batch or request and keep it until its end. Safe between threads.
    """

    log = logging.getLogger("signpost.rulebook")
    name = "rulebook"

    def __init__(
        self,
        folders: Folders,
        tenants: Path,
        make: Callable[[Rulebook], Engine],
        wait: Callable[[float], object] = time.sleep,
        trial: Callable[[Folders, Path], None] = try_load,
        kept: KeptFiles | None = None,
    ) -> None:
        """Load the engines. Raises RulebookError with all problems. `wait`: pauses for some seconds. `trial`: raises
        CallerError if changed files are too expensive to load in this process. `kept`: see Watched."""
        self._folders, self._tenants, self._make = folders_of(folders), tenants, make
        self._trial = trial
        self._of_tenants: tuple[Path, ...] = ()
        super().__init__(wait, kept)

    def _paths(self) -> Iterable[Path]:
        return (*files_in((*self._folders, *self._of_tenants)), self._tenants)

    def _load(self, current: Engines[Engine] | None) -> Engines[Engine]:
        # Folders that were read before they were watched change the digest, so they are read again
        self._of_tenants = folders_of_tenants(self._tenants)
        if current is not None or self._differ_from_kept():
            self._trial(self._folders, self._tenants)
        rulebooks = load_rulebooks(self._folders, self._tenants)
        if current is None:
            return Engines(self._make, rulebooks)
        if rulebooks.is_same(current.rulebooks):
            return current
        return Engines(self._make, rulebooks, current.turn + 1)

    def _differ_from_kept(self) -> bool:
        """Whether the files are not those that this or an earlier process has loaded."""
        return self._kept is not None and self._kept.exists and not self._kept.is_same(self._files_to_keep())

    def _load_kept(self, copies: Path) -> Engines[Engine]:
        return Engines(self._make, load_rulebooks(self._folders, self._tenants, copies))

    def _kept_folders(self) -> Iterable[Path]:
        return (*self._folders, *self._of_tenants)

    def _log_in_force(self, content: Engines[Engine], before: Engines[Engine] | None) -> None:
        self.log.info("rulebook in force", extra=_summary(content.rulebooks, before.rulebooks if before else None))
        self._log_unread()

    def _log_unread(self) -> None:
        """Warn of rules that nothing reads, which load without a word."""
        unread = Problems()
        with suppress(OSError):  # a folder that cannot be listed is none of the rulebook
            report_nested(self._folders, unread, self._of_tenants)
        for problem in unread.found:
            self.log.warning("rulebook problem: %s", problem)


def _summary(rulebooks: Rulebooks, before: Rulebooks | None) -> dict[str, object]:
    summary: dict[str, object] = {"rulebook": rulebooks.default.version, "rules": len(rulebooks.default.rules)}
    summary["tenants_with_overrides"] = len(rulebooks.own)
    for tenant, own in sorted(rulebooks.own.items())[:MAX_NAMED]:
        summary[f"rulebook_of_{tenant}"] = own.version
    return summary | ({"before": before.default.version} if before else {})


def kept_rules(folder: Path, folders: Folders, tenants: Path) -> KeptFiles:
    """The copies of the last valid rulebook in a folder of state."""
    return KeptFiles(folder, "rulebook", (*folders_of(folders), tenants))
