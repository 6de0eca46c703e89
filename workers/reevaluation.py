"""Advising stored cases without an event: those that are due, and those that an older rulebook has left. No queue."""

import logging
import traceback
from collections.abc import Sequence

from signpost.advice import Engine
from signpost.errors import BugError, TransientError
from signpost.storage import CaseRow, Store, Transaction
from signpost.tenants.rulebooks import Engines
from signpost.workers.case_rows import EmittedChange, Outgoing, Prepared, case_set, prepare, record, to_rows
from signpost.workers.rulebook_versions import RulebookVersions, StaleRulebook

BATCH = 100
"""The most cases of one transaction."""
POSTPONED = 600_000_000
"""Microseconds after which a case that could not be advised is tried again; meanwhile it keeps nobody waiting."""

log = logging.getLogger("signpost.clock")


class DueCaseProcessor:
    """Advises cases. `lease`: see BatchHandler."""

    def __init__(self, store: Store, versions: RulebookVersions, lease: int) -> None:
        self._store, self._versions, self._lease = store, versions, lease

    def wake(self, now: int) -> tuple[int, list[Outgoing]]:
        """Commit the advice of up to BATCH due cases; how many there were, and what the outbox holds for them."""
        engines = self._versions.engines(now)
        try:
            with self._store.transaction() as tx:
                due = tx.claim_due(now, BATCH)
                self._versions.check(tx, due, engines, now)
                return self._advised(tx, due, engines, now)
        except StaleRulebook as behind:
            self._versions.reload_now(behind)
            return self.wake(now)

    def renew(self, now: int, limit: int) -> tuple[int, list[Outgoing]]:
        """The same for up to `limit` of the cases that an older rulebook has left, due or not."""
        engines = self._versions.engines(now)
        outdated = self._versions.outdated(engines, now)
        if not outdated:
            return 0, []
        with self._store.transaction() as tx:
            rows: list[CaseRow] = []
            for group in outdated:
                if len(rows) < limit:
                    rows += tx.claim_by_rulebook(group.tenant, group.rulebook, limit - len(rows))
            return self._advised(tx, rows, engines, now)

    def left(self, now: int) -> int:
        """How many cases an older rulebook has left."""
        outdated = self._versions.outdated(self._versions.engines(now), now)
        return sum(self._store.count_by_rulebook(group.tenant, group.rulebook) for group in outdated)

    def _advised(
        self, tx: Transaction, rows: Sequence[CaseRow], engines: Engines[Engine], now: int
    ) -> tuple[int, list[Outgoing]]:
        told: list[Prepared] = []
        tx.save_cases([_woken(row, engines.of(row.tenant), now, told) for row in rows])
        return len(rows), record(tx, told, now=now, leased_until=now + self._lease)


def _woken(row: CaseRow, engine: Engine, now: int, told: list[Prepared]) -> CaseRow:
    """The row as it must be saved; what it has to tell is added to `told`."""
    try:
        load = case_set(engine, row.tenant, [row])
        changes = [prepare(EmittedChange(row.tenant, key, change), now) for key, change in load.wake(row.key, now)]
        [woken] = to_rows([load], {(row.tenant, row.key): row}, now)
        if woken.next_change is not None and woken.next_change <= now:
            raise BugError("a case wants to be woken in the past")
    except TransientError:
        raise
    except Exception as error:
        _report(row, error)
        # Tried with this rulebook, and waits for its turn like any other
        row.rulebook, row.rulebook_since = engine.rulebook.version, now
        row.next_change = now + POSTPONED
        return row
    told += changes
    return woken


def _report(row: CaseRow, error: Exception) -> None:
    """A traceback without the words of the exception, which may quote what a candidate said."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("case %s of %s cannot be advised, %s:\n%s", row.key, row.tenant, type(error).__name__, places)
