"""The clock: advises anew, at the very instant, the cases whose advice changes with time alone."""

import logging
import traceback

from signpost.advice import Engine
from signpost.errors import BugError, TransientError
from signpost.rulebooks import Engines
from signpost.settings import Settings
from signpost.storage import CaseRow, Store
from workers.cases import Outgoing, Prepared, Told, caseload, prepare, record, written_back
from workers.process import Clock, Parts, Stop, engines, run
from workers.publishing import Publishing

BATCH = 100
POSTPONED = 600_000_000
"""Microseconds after which a case that could not be advised is tried again; meanwhile it keeps nobody waiting."""

log = logging.getLogger("signpost.clock")


class Waker:
    """Advises due cases in one transaction each batch. `lease`: see BatchHandler."""

    def __init__(self, store: Store, engines: Engines[Engine], lease: int) -> None:
        self._store, self._engines, self._lease = store, engines, lease

    def wake(self, now: int) -> tuple[int, list[Outgoing]]:
        """Commit the advice of up to BATCH due cases; how many there were, and what the outbox holds for them."""
        with self._store.transaction() as tx:
            due = tx.claim_due(now, BATCH)
            if not due:
                return 0, []
            told: list[Prepared] = []
            rows = [self._woken(row, now, told) for row in due]
            tx.save_cases(rows)
            return len(due), record(tx, told, now=now, leased_until=now + self._lease)

    def _woken(self, row: CaseRow, now: int, told: list[Prepared]) -> CaseRow:
        """The row as it must be saved; what it has to tell is added to `told`."""
        try:
            load = caseload(self._engines.of(row.tenant), row.tenant, [row])
            changes = [prepare(Told(row.tenant, key, change), now) for key, change in load.wake(row.key, now)]
            [woken] = written_back([load], {(row.tenant, row.key): row}, now)
            if woken.next_change is not None and woken.next_change <= now:
                raise BugError("a case wants to be woken in the past")
        except TransientError:
            raise
        except Exception as error:
            _report(row, error)
            row.next_change = now + POSTPONED
            return row
        told += changes
        return woken


def _report(row: CaseRow, error: Exception) -> None:
    """A traceback without the words of the exception, which may quote what a candidate said."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("case %s of %s cannot be advised, %s:\n%s", row.key, row.tenant, type(error).__name__, places)


class CaseClock:
    """Wakes cases when they are due; several share the work, since each passes over what another holds."""

    def __init__(self, waker: Waker, publishing: Publishing, clock: Clock, interval: float) -> None:
        """`interval`: seconds between two looks, the most by which advice is late."""
        self._waker, self._publishing, self._clock, self._interval = waker, publishing, clock, interval

    def run(self, stop: Stop) -> None:
        """Work until told to stop. Raises TransientError when the database is away."""
        while not stop.is_set():
            if self.step() < BATCH:
                self._publishing.collect()
                stop.wait(self._interval)
        self._publishing.collect()

    def step(self) -> int:
        """Wake one batch; how many cases were due."""
        woken, outgoing = self._waker.wake(self._clock())
        self._publishing.send(outgoing)
        if woken:
            log.info("cases woken", extra={"cases": woken, "changes": len(outgoing)})
        return woken


def main(settings: Settings) -> int:
    """Run a clock until SIGTERM; the exit code."""

    def make(parts: Parts) -> CaseClock:
        waker = Waker(parts.store, engines(settings), parts.lease)
        return CaseClock(waker, parts.publishing(), parts.clock, settings.clock_interval)

    return run("clock", settings, make)
