"""Who holds a delivery, in words that another process can check: machine, process id, start of the process."""

import os
import socket
from functools import cache
from pathlib import Path


@cache
def this_host() -> str:
    """Equal only for processes that see each other's process ids: the machine's boot and process-id namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def start_time(pid: int) -> str | None:
    """When the process began, opaque; "" where the system does not tell; None when there is no such process."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return _exists(pid) if not Path("/proc/self/stat").exists() else None
    except OSError:
        return None
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
    """True only when the process is known to be gone; one of another host is never known to be."""
    return host == this_host() and start_time(pid) != started
