"""Python imports this at the start of each process of a ledger: another clock, a crash point, a planted defect.

The product reads no variable for any of them. `SIGNPOST_TEST_CLOCK`: file with the seconds to add to the time of day;
`SIGNPOST_TEST_CRASH`: file with the name of a crash point, which is removed by the process that ends there;
`SIGNPOST_TEST_DEFECT`: a defect that the ledger must find."""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

CRASHED = 86
"""Exit code of a process that ended at a crash point."""


def shift_clock(file: str) -> None:
    """Add the seconds in a file to the time of day; timeouts use another clock."""
    read_ns = time.time_ns
    known: list[Any] = [None, 0]

    def offset_ns() -> int:
        with contextlib.suppress(OSError, ValueError):
            changed = os.stat(file).st_mtime_ns
            if changed != known[0]:
                with open(file) as opened:
                    known[:] = changed, int(float(opened.read()) * 1e9)
        return int(known[1])

    time.time_ns = lambda: read_ns() + offset_ns()
    time.time = lambda: (read_ns() + offset_ns()) / 1e9


def crash_at(file: str) -> None:
    """End the first process that reaches the point in a file, as a power cut does."""
    from signpost import crash_points

    def reach(name: str) -> None:
        with contextlib.suppress(OSError):
            with open(file) as opened:
                wanted = opened.read()
            if wanted == name:
                # Only one process can remove it
                os.rename(file, f"{file}.reached")
                os._exit(CRASHED)

    crash_points.arm(reach)


def plant(defect: str) -> None:
    """Change the code in the way that the ledger must notice."""
    from signpost.messaging import Outcome, Settlement
    from signpost.storage.transaction import Transaction
    from signpost.workers.advisor import Advisor

    handle: Callable[..., Any] = Advisor._handle
    record: Callable[..., Any] = Transaction.record
    mark_seen: Callable[..., Any] = Transaction.mark_seen

    def acknowledge_first(self: Any, consumer: Any, batch: Sequence[Any], stop: Any) -> Any:
        consumer.settle([Settlement(each, Outcome.DONE) for each in batch], 0)
        return handle(self, consumer, batch, stop)

    def skip_outbox(self: Any, changes: Any, **times: Any) -> Any:
        from sqlalchemy import delete

        from signpost.storage.tables import outbox

        ids = record(self, changes, **times)
        self._connection.execute(delete(outbox).where(outbox.c.id.in_(list(ids))))
        return ids

    def count_repeats(self: Any, events: Any) -> Any:
        mark_seen(self, events)
        return {(event.tenant, event.source, event.id) for event in events}

    defects: dict[str, tuple[Any, str, Any]] = {
        "acknowledge before the commit": (Advisor, "_handle", acknowledge_first),
        "skip the outbox": (Transaction, "record", skip_outbox),
        "count repeats": (Transaction, "mark_seen", count_repeats),
    }
    place, name, changed = defects[defect]
    setattr(place, name, changed)


if "SIGNPOST_TEST_CLOCK" in os.environ:
    shift_clock(os.environ["SIGNPOST_TEST_CLOCK"])
if "SIGNPOST_TEST_CRASH" in os.environ:
    crash_at(os.environ["SIGNPOST_TEST_CRASH"])
if "SIGNPOST_TEST_DEFECT" in os.environ:
    plant(os.environ["SIGNPOST_TEST_DEFECT"])
