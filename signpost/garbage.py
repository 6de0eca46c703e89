"""The garbage collector of a process: it runs rarely, and not at the end, where it cost a third of a short command."""

import atexit
import gc

THRESHOLDS = (100_000, 50, 100)
"""Of each generation. With Python's own, a start scans modules and rulebooks that stay anyway a hundred times."""


def collect_rarely() -> None:
    """Set up the collector of this process; call it at the edge, before the imports that take long."""
    gc.set_threshold(*THRESHOLDS)
    # What a process leaves at its end is freed by the operating system; frozen, nothing scans it first
    atexit.register(gc.freeze)
