"""A small disk of its own for a server, to be filled; only where this account may mount one."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

FILLER = "filler"


@contextlib.contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[bool]:
    """Mount a disk of so many megabytes over a folder, with its owner. Whether that was allowed."""
    owner = folder.stat()
    size = f"size={megabytes}m,uid={owner.st_uid},gid={owner.st_gid},mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    may = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield may
    finally:
        if may:
            subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
            folder.rmdir()


def is_own_disk(folder: Path) -> bool:
    """Whether a folder is a disk that `mounted` made."""
    return folder.is_mount()


def fill(folder: Path) -> int:
    """Take all the room that is left; how many bytes it was."""
    taken = 0
    with (folder / FILLER).open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            taken += filler.write(b"\0" * 65_536)
    return taken


def free(folder: Path) -> None:
    """Give the room back."""
    (folder / FILLER).unlink(missing_ok=True)
