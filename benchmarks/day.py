"""Memory over a day of load: one event a second for 24 hours, handled as fast as two worker processes can."""

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.rows import AT_MOST, Goal, Row, progress
from benchmarks.stage import Stage, events
from tests.support.private_servers import wait_until
from tests.support.workers_processes import WorkerProcess, count_seen_events, kill_afterwards

EVENTS: Final = 86_400
PARTS: Final = 10
"""Memory is read after each tenth."""
FLAT: Final = 1.1


def measure(stage: Stage, count: int) -> list[Row]:
    """The resident memory of an advisor and a clock after `count` events, beside that after the first tenth."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = {name: WorkerProcess(name, folder, stage.database_url, stage.url) for name in ("advisor", "clock")}
        stack.enter_context(kill_afterwards(*workers.values()))
        seen = stack.enter_context(count_seen_events(stage.database_url))
        size, memory = count // PARTS, {name: list[float]() for name in workers}
        for part in range(1, PARTS + 1):
            goal = seen() + size
            stage.fill(events(size, f"day-{part}"))
            wait_until(partial(_reached, seen, goal), "all events to be handled", 600)
            stage.purge_published()
            for name, worker in workers.items():
                memory[name].append(resident_mb(worker.pid))
            shown = ", ".join(f"{name} {mb[-1]:.0f} MB" for name, mb in memory.items())
            progress(f"{part * size:,} events: {shown}")
    return [
        Row(
            f"memory of the {name} after {count:,} events",
            mb[-1],
            "MB",
            f"first {size:,} events",
            mb[0],
            Goal(AT_MOST, FLAT),
        )
        for name, mb in memory.items()
    ]


def _reached(seen: Callable[[], int], goal: int) -> bool:
    return seen() >= goal


def resident_mb(pid: int) -> float:
    """The resident memory of a process, in millions of bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
