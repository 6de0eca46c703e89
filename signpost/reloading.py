"""Taking changed rules and tenants while a process runs: whole and without a fault, or not at all."""

import logging
import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final, Generic, TypeVar

from signpost.errors import CallerError
from signpost.rulebook import Rulebook
from signpost.rulebooks import Engines, Rulebooks, load_rulebooks

SETTLE: Final = 0.3
"""Seconds for which a change must have stayed as it is: whoever writes files writes one after the other."""
LOOKS: Final = 10
Engine = TypeVar("Engine")

log = logging.getLogger("signpost.rulebook")


class LiveEngines(Generic[Engine]):
    """The engines of all tenants, renewed when the rules' folder or the tenants file changes.

    Whoever evaluates takes `now()` once for a batch or a request and works with that to its end. Safe between threads.
    """

    def __init__(
        self,
        folder: Path,
        tenants: Path,
        make: Callable[[Rulebook], Engine],
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """Load them. Raises RulebookError with every problem, as `load_rulebooks` does. `wait`: pauses for seconds."""
        self._folder, self._tenants, self._make, self._wait = folder, tenants, make, wait
        self._looking = threading.Lock()
        self.refused: list[str] = []
        """What is wrong with the files as they are now; empty while what they say is in force."""
        self._handled, self._engines = self._first()
        log.info("rulebook in force", extra=_shown(self._engines.rulebooks))

    def now(self) -> Engines[Engine]:
        """What is in force."""
        return self._engines

    def look(self, seen: str = "") -> str:
        """See whether the files have changed; take them where the caller's last look, SETTLE seconds ago, has `seen`
        them just so.

        Gives what was seen now, "" once nothing is left to take. Where the files are at fault everything stays in
        force, and each problem is logged once.
        """
        with self._looking:
            digest = _digest(self._folder, self._tenants)
            taken = digest == self._handled or (digest == seen and self._take(digest))
            return "" if taken else digest

    def catch_up(self) -> None:
        """Take a change at once where there is one; some seconds at most, should the files never come to rest."""
        seen = self.look()
        for _ in range(LOOKS):
            if seen:
                self._wait(SETTLE)
                seen = self.look(seen)

    def watch(self, stop: threading.Event, asked: threading.Event, interval: float) -> None:
        """Look every `interval` seconds, and when `asked`, until told to stop."""
        seen = ""
        while not stop.is_set():
            seen = self.look(seen)
            if asked.wait(SETTLE if seen else interval):
                asked.clear()
                seen = ""
                log.info("told to look at the rules", extra=_shown(self._engines.rulebooks))

    def _first(self) -> tuple[str, Engines[Engine]]:
        """What the files say, read once more where they changed meanwhile."""
        while True:
            before = _digest(self._folder, self._tenants)
            try:
                engines = Engines(self._make, load_rulebooks(self._folder, self._tenants))
            except CallerError:
                if before == _digest(self._folder, self._tenants):
                    raise
            else:
                if before == _digest(self._folder, self._tenants):
                    return before, engines

    def _take(self, digest: str) -> bool:
        """Load beside what is in force, and switch; nothing is taken that changed while it was read."""
        engines, problems = self._loaded()
        if digest != _digest(self._folder, self._tenants):
            return False
        self._handled, self.refused = digest, problems
        if engines is None:
            _refuse(problems, self._engines.rulebooks)
        elif engines is not self._engines:
            log.info("rulebook in force", extra=_shown(engines.rulebooks, self._engines.rulebooks))
            self._engines = engines
        return True

    def _loaded(self) -> tuple[Engines[Engine] | None, list[str]]:
        """The engines that the files ask for, those in force where nothing differs; or what is wrong."""
        try:
            rulebooks = load_rulebooks(self._folder, self._tenants)
            if rulebooks.is_same(self._engines.rulebooks):
                return self._engines, []
            return Engines(self._make, rulebooks, self._engines.turn + 1), []
        except CallerError as error:
            return None, str(error).splitlines()
        except Exception as error:
            # Whatever an author may write: the old rules go on
            log.exception("changed rules cannot be read")
            return None, [f"{type(error).__name__}: {error}"]


def _refuse(problems: list[str], kept: Rulebooks) -> None:
    shown = {"problems": len(problems), **_shown(kept)}
    log.error("changed rules are not taken, the rulebook before them stays in force", extra=shown)
    for problem in problems:
        log.error("not taken: %s", problem)


def _shown(rulebooks: Rulebooks, before: Rulebooks | None = None) -> dict[str, object]:
    shown: dict[str, object] = {"rulebook": rulebooks.default.version, "rules": len(rulebooks.default.rules)}
    shown["tenants_with_choices"] = len(rulebooks.own)
    return shown | ({"before": before.default.version} if before else {})


def _digest(folder: Path, tenants: Path) -> str:
    """Of every byte that loading reads, and of what cannot be read."""
    digest = blake2b(digest_size=16)
    for path in (*sorted(folder.glob("*.yaml")), tenants):
        try:
            content = path.read_bytes()
        except OSError as error:
            content = type(error).__name__.encode()
        digest.update(b"%b\0%d\0%b" % (str(path).encode(errors="surrogateescape"), len(content), content))
    return digest.hexdigest()
