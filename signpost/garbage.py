"""The garbage collector of a process: it runs rarely, and not at the end, where it cost a third of a short command."""

import atexit
import gc

THRESHOLDS = (100_000, 10, 50)
"""Of each generation. With Python's own, a start scans modules and rulebooks that stay anyway a hundred times. Each run
of the first moves what the batch at work holds into the second, 18,000 objects that end with the batch: with 50 runs
between two of the second, an advisor held 100 MB of them."""


def collect_rarely() -> None:
    """Set up the collector of this process; call it at the edge, before the imports that take long."""
    gc.set_threshold(*THRESHOLDS)
    # What a process leaves at its end is freed by the operating system; frozen, nothing scans it first
    atexit.register(gc.freeze)
