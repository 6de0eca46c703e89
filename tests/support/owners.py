"""Names of what a test process makes on shared servers, so that a later one deletes what a killed one has left."""

import os
import re
import secrets
import socket
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

HOST: Final = blake2b(socket.gethostname().encode(), digest_size=4).hexdigest()
"""The process ids of other hosts, which may use the same server, mean nothing here."""
_NAME: Final = re.compile(r"^signpost[-_]test[-_]([0-9a-f]{8})[-_](\d+)[-_]")


def prefix(separator: str, pid: int | None = None) -> str:
    """The beginning of the names of one process, this one by default. `separator`: "-" or "_"."""
    return separator.join(("signpost", "test", HOST, str(pid or os.getpid()), secrets.token_hex(4), ""))


def left(names: Iterable[str]) -> list[str]:
    """Those of the names that belong to processes of this host which no longer run."""
    found = [(name, _NAME.match(name)) for name in names]
    return [name for name, match in found if match and match[1] == HOST and not _runs(int(match[2]))]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
