"""The command `signpost`, and `python -m signpost`: holds signals where a process starts, then loads the commands."""

import sys
from typing import Final

from signpost import signals

LONG_RUNNING: Final = frozenset({"up", "intake", "advisor", "clock", "relay"})


def main() -> None:
    """Run the command of this process's arguments."""
    if LONG_RUNNING.intersection(sys.argv[1:2]):
        signals.hold()
    from signpost.cli import main as run_command

    run_command(prog_name="signpost")


if __name__ == "__main__":
    main()
