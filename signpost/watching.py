"""Polls files and reloads their content: a valid change replaces the old content atomically, a faulty one is refused.

Knows nothing of what the files mean; tenants and rulebooks both build on it.
"""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar, Final, Generic, TypeVar

from signpost.errors import CallerError
from signpost.kept_files import KeptFiles
from signpost.metrics.table import FILES_REFUSED, RELOADS
from signpost.regular_files import read_regular

SETTLE_S: Final = 0.3
"""A change is read once the files stayed unchanged for this long: editors and deployments write in several steps."""
MAX_POLLS: Final = 10
MAX_BYTES: Final = 1_000_000
"""Of a file, for its digest; the readers refuse larger files."""
Content = TypeVar("Content")


class Watched(ABC, Generic[Content]):
    """Content of files, replaced when they change. Safe between threads."""

    log: ClassVar[logging.Logger]
    name: ClassVar[str]
    """Of the content, in log lines."""

    def __init__(self, wait: Callable[[float], object] = time.sleep, kept: KeptFiles | None = None) -> None:
        """Load the files, or if they are faulty the copies of their last valid content.

        Raises CallerError with every problem if `kept` has no copies. `wait`: pauses for seconds.
        """
        self._wait, self._kept = wait, kept
        self._polling = threading.Lock()
        self.refused: list[str] = []
        """Problems of the files as they are now; empty while their content is in force."""
        self._failure = ""
        """Why the files cannot be compared with what was loaded."""
        self._handled, self._content = self._load_first_or_kept()
        self._log_in_force(self._content, None)
        self._show_refused()
        self._keep()

    @abstractmethod
    def _paths(self) -> Iterable[Path]:
        """Every file that `_load` reads. Called before the first load, too."""

    @abstractmethod
    def _load(self, current: Content | None) -> Content:
        """Read the files; `current` itself where nothing differs from it. Raises CallerError with every problem."""

    def _load_kept(self, copies: Path) -> Content:
        """The content of copies, see `copy_of`. Raises CallerError."""
        raise NotImplementedError

    def _kept_paths(self) -> Iterable[Path]:
        """The files that `_load_kept` reads."""
        return self._paths()

    def _kept_folders(self) -> Iterable[Path]:
        """Folders that must exist, even if they are empty."""
        return ()

    @abstractmethod
    def _log_in_force(self, content: Content, before: Content | None) -> None:
        """Log that `content` replaces `before`."""

    def now(self) -> Content:
        """The content in force."""
        return self._content

    @property
    def is_degraded(self) -> bool:
        """Whether the content in force is not that of the files, because they are faulty or cannot be checked."""
        return bool(self.refused or self._failure)

    def poll(self, seen: str = "") -> str:
        """Compare the files with what was loaded; load them if the previous poll, SETTLE_S ago, has `seen` the same.

        Returns the digest of a change that is not loaded yet, or "". If the files are faulty, the content stays in
        force and each problem is logged once. Raises nothing: a thread that watches must survive.
        """
        with self._polling:
            try:
                pending = self._poll(seen)
            except Exception as error:
                self._log_failure(error)
                return ""
            self._failure = ""
            return pending

    def reload_now(self) -> None:
        """Load a pending change at once; takes at most MAX_POLLS * SETTLE_S if the files keep changing."""
        seen = self.poll()
        for _ in range(MAX_POLLS):
            if seen:
                self._wait(SETTLE_S)
                seen = self.poll(seen)

    def watch(self, stop: threading.Event, interval_s: float, requested: threading.Event | None = None) -> None:
        """Poll every `interval_s` seconds, and when `requested` is set, until `stop` is set."""
        requested = requested or stop
        seen = ""
        while not stop.is_set():
            seen = self.poll(seen)
            if requested.wait(SETTLE_S if seen else interval_s) and requested is not stop:
                requested.clear()
                seen = ""
                self.log.info("%s: reload requested", self.name)

    def _poll(self, seen: str) -> str:
        digest = self._digest()
        handled = digest == self._handled or (digest == seen and self._reload(digest))
        return "" if handled else digest

    def _log_failure(self, error: Exception) -> None:
        """Log once until the files can be checked again."""
        failure = type(error).__name__
        if failure != self._failure:
            self.log.error(
                "%s cannot be checked for changes; the previous version stays in force: %s",
                self.name,
                failure,
                exc_info=error,
            )
        self._failure = failure

    def _load_first_or_kept(self) -> tuple[str, Content]:
        try:
            return self._load_first()
        except Exception as error:
            if self._kept is None or not self._kept.exists:
                raise
            self.refused = _problems_of(error)
            content = self._load_copies(self._kept)
            if content is None:
                raise
            self.log.error(
                "%s cannot be used at this start: the last valid version, kept in %s, is in force until the problems"
                " are fixed",
                self.name,
                self._kept.path,
                extra={"problems": len(self.refused)},
            )
            self._log_problems()
            return self._digest(), content

    def _load_copies(self, kept: KeptFiles) -> Content | None:
        """The content of the copies; None if they cannot be used either, for instance by a newer version."""
        try:
            with kept.unpack() as copies:
                return self._load_kept(copies)
        except (OSError, CallerError) as error:
            self.log.error("%s: the version kept in %s cannot be used: %s", self.name, kept.path, error)
            return None

    def _keep(self) -> None:
        """Keep copies of what is in force, and record what is refused. Failures cost nothing but the next start."""
        if self._kept is None:
            return
        self._kept.mark_refused(self.refused)
        files = self._files_to_keep()
        if self.refused or self._digest() != self._handled:
            return
        try:
            self._kept.keep(files, self._kept_folders())
        except OSError as error:
            self.log.warning("%s: no copy is kept for later starts in %s: %s", self.name, self._kept.path, error)

    def _files_to_keep(self) -> dict[Path, bytes]:
        files = {}
        for path in self._kept_paths():
            with suppress(OSError):
                files[path] = read_regular(path, MAX_BYTES)
        return files

    def _load_first(self) -> tuple[str, Content]:
        """Load until no file changes meanwhile, so that a half-written file at the start is not an error."""
        while True:
            before = self._digest()
            try:
                content = self._load(None)
            except CallerError:
                if before == self._digest():
                    raise
            else:
                if before == self._digest():
                    return before, content

    def _reload(self, digest: str) -> bool:
        """Load beside the content in force, then switch; False if a file changed while it was read."""
        content, problems = self._try_load()
        if digest != self._digest():
            return False
        was_refused = bool(self.refused)
        self._handled, self.refused = digest, problems
        RELOADS.inc(self.name, "refused" if problems else "accepted")
        self._show_refused()
        if problems:
            self._log_refused(problems)
        elif content is not self._content:
            self._log_in_force(content, self._content)
            self._content = content
        elif was_refused:
            self.log.info("%s: the problems are fixed; what is in force is what the files say", self.name)
        self._keep()
        return True

    def _show_refused(self) -> None:
        FILES_REFUSED.set(bool(self.refused), self.name)

    def _try_load(self) -> tuple[Content, list[str]]:
        try:
            return self._load(self._content), []
        except CallerError as error:
            return self._content, str(error).splitlines()
        except Exception as error:
            # The process keeps the old content, no matter what a file contains
            self.log.exception("%s cannot be read; the previous version stays in force", self.name)
            return self._content, _problems_of(error)

    def _log_refused(self, problems: list[str]) -> None:
        self.log.error(
            "%s change refused: the previous version stays in force until the problems are fixed",
            self._what_of(problems),
            extra={"problems": len(problems)},
        )
        self._log_problems()

    def _log_problems(self) -> None:
        for problem in self.refused:
            self.log.error("%s problem: %s", self._what_of([problem]), problem)

    def _what_of(self, _: Sequence[str]) -> str:
        """What has these problems, in log lines."""
        return self.name

    def _digest(self) -> str:
        """Of every byte of the files, and of the errors of files that cannot be read."""
        digest = blake2b(digest_size=16)
        for path in self._paths():
            try:
                content = read_regular(path, MAX_BYTES)
            except OSError as error:
                content = type(error).__name__.encode()
            digest.update(b"%b\0%d\0%b" % (str(path).encode(errors="surrogateescape"), len(content), content))
        return digest.hexdigest()


def _problems_of(error: Exception) -> list[str]:
    return str(error).splitlines() if isinstance(error, CallerError) else [f"{type(error).__name__}: {error}"]
