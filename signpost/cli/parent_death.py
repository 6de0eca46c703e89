"""`python -m signpost.cli.parent_death PARENT COMMAND...`: runs a command that ends when its parent dies (Linux)."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then become the command; elsewhere than on Linux only become it."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        # It may have died before the tie was made, and then nobody would tell us
        if os.getppid() != parent:
            sys.exit("the supervisor is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
