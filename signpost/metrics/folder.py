"""The folder in which the processes of one tree count; it ends with its owner. Must not import prometheus_client."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

FOLDER: Final = "_SIGNPOST_METRICS_FOLDER"
NAME: Final = "_SIGNPOST_METRICS_NAME"
"""Variables that a supervisor gives its programs: the folder of the tree, and the name of the program in it."""
PREFIX: Final = "signpost-metrics-"
MIN_AGE_S: Final = 60.0
"""A younger folder may belong to a process that has not locked it yet."""


class MetricsFolder:
    """A new private folder; removes those whose owners died. Locked while this process or a child of it lives."""

    def __init__(self, parent: Path | None = None) -> None:
        parent = parent or _default_parent()
        _remove_abandoned(parent)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Delete the folder; once, in the process that made it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def inherited_folder(environ: Mapping[str, str]) -> tuple[Path, str] | None:
    """The folder of the supervisor's tree and the name of this program in it; None without a supervisor."""
    folder, name = environ.get(FOLDER), environ.get(NAME)
    return (Path(folder), name) if folder and name and Path(folder).is_dir() else None


def forget_process(folder: Path, name: str) -> None:
    """Drop the gauges of a process that has ended, and of its children; its successor of the same name goes on with its
    counts."""
    for end in (".db", "-*.db"):
        for file in folder.glob(f"gauge_live*_{name}{end}"):
            file.unlink(missing_ok=True)


def _default_parent() -> Path:
    """In memory where possible: a write to a mapped file on a full disk ends the process."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


def _remove_abandoned(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime < MIN_AGE_S or path.stat().st_uid != os.getuid():
                continue
            lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)
