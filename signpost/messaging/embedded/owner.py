"""Identifies the process that holds a delivery (machine, process id, start time), so that others can check it."""

import os
import socket
from functools import cache
from pathlib import Path


@cache
def this_host() -> str:
    """An id of the boot and the pid namespace: equal only for processes that see each other's pids."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def start_time(pid: int) -> str | None:
    """Start time of a process, opaque; "" if the system does not tell; None if there is no such process."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return _exists(pid) if not Path("/proc/self/stat").exists() else None
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    state, started = after_name[0], after_name[19]
    return None if state in "ZX" else started


def _exists(pid: int) -> str | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return ""


def is_dead(host: str, pid: int, started: str) -> bool:
    """True only if the process has certainly ended; never true for another host."""
    return host == this_host() and start_time(pid) not in (started, "")
