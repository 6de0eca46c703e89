"""`python parent_death.py PARENT COMMAND...`: runs a command that ends when its parent dies (Linux)."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Request SIGTERM at the death of the parent (Linux only), then exec the command."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        # The parent may have died before the request, and then no signal comes
        if os.getppid() != parent:
            sys.exit("the parent process has died; not started")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
