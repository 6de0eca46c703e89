"""Loads changed rules in a child process first: rules that exhaust it are refused, and the process itself goes on.

`python -m signpost.tenants.trial` is the child."""

import resource
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signpost import garbage
from signpost.errors import CallerError
from signpost.rulebook import RulebookError
from signpost.rulebook.folders import Folders, folders_of
from signpost.tenants.rulebooks import load_rulebooks


@dataclass(frozen=True, slots=True)
class TrialLimits:
    """What one load can take: processor time and real time in seconds, and address space in bytes."""

    cpu_s: int = 120
    memory_bytes: int = 1_000_000_000
    wall_s: float = 300


LIMITS: Final = TrialLimits()
"""The shipped rules take 0.5 s and 40 MB; each tenant with overrides of its own adds 0.3 s."""


class TooExpensive(CallerError):
    """Rules that cannot be loaded within the limits."""


def try_load(folders: Folders, tenants: Path, limits: TrialLimits = LIMITS) -> None:
    """Load the rules in a child, which reports nothing: problems are found by loading them again, now that this is
    known to be cheap. Raises TooExpensive."""
    numbers = (str(limits.cpu_s), str(limits.memory_bytes))
    command = [sys.executable, "-P", "-m", __name__, *numbers, str(tenants), *map(str, folders_of(folders))]
    try:
        child = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=limits.wall_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise TooExpensive(f"loading the rules takes longer than {limits.wall_s:g} s") from None
    except OSError as error:
        raise TooExpensive(f"the rules cannot be tried in a child process: {error.strerror}") from None
    if child.returncode:
        raise TooExpensive(
            f"loading the rules fails, or takes more than {limits.cpu_s} s of processor time or "
            f"{limits.memory_bytes // 1_000_000} MB of memory; make the files smaller"
        )


def _limit(kind: int, limit: int) -> None:
    with suppress(ValueError, OSError):  # not on this system
        resource.setrlimit(kind, (limit, limit))


def main(arguments: list[str]) -> int:
    """The child: load within the limits; 0 whether the rules have problems or not."""
    garbage.collect_rarely()
    cpu_s, memory_bytes, tenants, *folders = arguments
    _limit(resource.RLIMIT_CPU, int(cpu_s))
    _limit(resource.RLIMIT_AS, int(memory_bytes))
    _limit(resource.RLIMIT_CORE, 0)
    try:
        load_rulebooks([Path(folder) for folder in folders], Path(tenants))
    except RulebookError:
        return 0
    except MemoryError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
