"""The command `signpost`, and `python -m signpost`: umask, collector and signals of the process, then the command."""

import signal
import sys

LONG_RUNNING = frozenset({"up", "intake", "advisor", "clock", "relay", "deliverer"})
SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Run the command of this process's arguments."""
    is_long_running = bool(LONG_RUNNING.intersection(sys.argv[1:2]))
    # Before any import: what comes during the imports waits for its handler. Other commands need no handler, and
    # their parent may have blocked the signals, as the container image does.
    signal.pthread_sigmask(signal.SIG_BLOCK if is_long_running else signal.SIG_UNBLOCK, SIGNALS)
    _set_up_process(is_long_running)
    from signpost.cli import main as run_command

    run_command(prog_name="signpost")


def _set_up_process(is_long_running: bool) -> None:
    import os

    from signpost import garbage, signals, standard_error
    from signpost.names import PRIVATE_UMASK

    garbage.collect_rarely()
    # Rules are files that people share; all else that a command writes is private to its account.
    if sys.argv[1:2] != ["rules"]:
        os.umask(PRIVATE_UMASK)
    if is_long_running:
        standard_error.install()
        signals.hold()


if __name__ == "__main__":
    main()
