"""The command `signpost`, and `python -m signpost`: umask and signals of the process, then the command."""

import os
import sys
from typing import Final

from signpost import signals
from signpost.names import PRIVATE_UMASK

LONG_RUNNING: Final = frozenset({"up", "intake", "advisor", "clock", "relay"})


def main() -> None:
    """Run the command of this process's arguments."""
    # Rules are files that people share; all else that a command writes is private to its account.
    if sys.argv[1:2] != ["rules"]:
        os.umask(PRIVATE_UMASK)
    if LONG_RUNNING.intersection(sys.argv[1:2]):
        signals.hold()
    from signpost.cli import main as run_command

    run_command(prog_name="signpost")


if __name__ == "__main__":
    main()
