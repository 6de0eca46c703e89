"""What the intake can do at the moment, in words for probes. The log has the reasons: probes need no API key."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from signpost import standard_error
from signpost.errors import TransientError
from signpost.kept_files import KeptFiles
from signpost.messaging import Publisher
from signpost.metrics import health
from signpost.metrics.table import PARTS
from signpost.repeats import Repeats
from signpost.storage import StorageUnavailable, Store
from signpost.tenants.live import LiveTenants
from signpost.tenants.model import Tenants

log = logging.getLogger(__name__)

SECOND_US = 1_000_000
UNAVAILABLE = "unavailable; the log has the reason"
DATABASE_UNAVAILABLE = "unavailable; events are accepted, but nothing can be read; the log has the reason"
BROKER_UNAVAILABLE = "unavailable; events are stored in the outbox until it is back"
LOG_STOPPED = "its reader is stopped or gone, or its disk is full; lines wait or are lost"
NOT_CHECKED = "not checked; the check itself does not end"
STARTING = "not checked yet; the process has just started"
CHECK_INTERVAL_S: Final = 1.0
CHECK_TIMEOUT_S: Final = 1.0
"""How long the statement of a check may take."""
STALE_S: Final = 15.0
"""Age from which on the last check counts as no check."""
OLD_OUTBOX_S: Final = 120.0
CHANGE_REFUSED = "a change is refused and the previous version in force; see the log"

SOURCE_DISABLED = "a source is disabled and gets 503; see the log, or `signpost sources list`"
MAPPING_DISABLED = "an own mapping file is faulty and disabled; see the log, or `signpost sources list`"


@dataclass(frozen=True, slots=True)
class Report:
    """`parts`: each part that does not work as it should, with a text. `is_ready`: whether events can be accepted."""

    is_ready: bool
    parts: dict[str, str]
    database_problem: str | None = None
    """Why no request should use the database now."""

    @property
    def status(self) -> str:
        """ok, degraded or unavailable."""
        return ("degraded" if self.parts else "ok") if self.is_ready else "unavailable"


class Readiness(Protocol):
    """What the probe reads."""

    def report(self, now: int) -> Report:
        """The state at `now` (microseconds)."""


class ReadinessCheck:
    """Checks database, broker, outbox, tenants file, rules and log when it is asked."""

    def __init__(
        self,
        store: Store,
        publisher: Callable[[], Publisher],
        tenants: Tenants | LiveTenants,
        old_outbox_s: float = OLD_OUTBOX_S,
        rulebook_files: KeptFiles | None = None,
    ) -> None:
        """`old_outbox_s`: the age from which on a message in the outbox is reported. `rulebook_files`: where workers
        record that they refuse the rules."""
        self._rulebook_files = rulebook_files
        self._store, self._publisher, self._tenants = store, publisher, tenants
        self._old_outbox_s, self._lines = old_outbox_s, Repeats()

    def report(self, now: int) -> Report:
        """See Readiness."""
        database, problem = self._check_database(now)
        # The connection thread logs the reason
        has_broker = self._has_broker()
        if not has_broker and "database" in database:
            return Report(False, {"database": UNAVAILABLE, "broker": UNAVAILABLE}, problem)
        parts = database if has_broker else {"broker": BROKER_UNAVAILABLE, **database}
        if isinstance(self._tenants, LiveTenants):
            parts |= _check_files(self._tenants)
        if self._rulebook_files is not None and self._rulebook_files.is_refused:
            parts["rules"] = CHANGE_REFUSED
        if standard_error.is_failing():
            parts["log"] = LOG_STOPPED
        return Report(True, parts, problem)

    def _has_broker(self) -> bool:
        try:
            return self._publisher().problem is None
        except TransientError:
            return False

    def _check_database(self, now: int) -> tuple[dict[str, str], str | None]:
        """The parts, and why no request should use the database; not if only writing fails."""
        try:
            outbox_age = self._store.outbox.age(now)
            self._lines.reset()
        except TransientError as error:
            if self._lines.is_due(str(error)):
                log.warning("database unavailable: %s", error)
            problem = str(error) if isinstance(error, StorageUnavailable) else None
            return {"database": DATABASE_UNAVAILABLE}, problem
        if outbox_age is None or outbox_age <= self._old_outbox_s * SECOND_US:
            return {}, None
        return {"outbox": f"the oldest message waits for {outbox_age // SECOND_US} s; see the log of the relay"}, None


def _check_files(tenants: LiveTenants) -> dict[str, str]:
    parts = {"tenants": CHANGE_REFUSED} if tenants.is_degraded else {}
    if tenants.has_disabled_sources:
        parts["sources"] = SOURCE_DISABLED
    if tenants.has_faulty_side_files:
        parts["vendors"] = MAPPING_DISABLED
    return parts


class ReadinessWatch:
    """Checks in a thread, so that a probe never waits, and suspends a store whose database does not answer: requests
    then fail at once instead of holding every thread."""

    def __init__(self, check: Readiness, store: Store) -> None:
        self._check, self._store = check, store
        self._latest, self._checked_at = Report(False, {"database": STARTING}), time.monotonic()

    def report(self, now: int) -> Report:
        """See Readiness: the latest state."""
        latest = self._latest
        if time.monotonic() - self._checked_at > STALE_S:
            return Report(latest.is_ready, {**latest.parts, "database": NOT_CHECKED})
        return latest

    def watch(self, stop: threading.Event, clock: Callable[[], int]) -> None:
        """Check until `stop` is set."""
        while not stop.is_set():
            self.check(clock())
            stop.wait(CHECK_INTERVAL_S)

    def check(self, now: int) -> None:
        """Check once."""
        report = self._check.report(now)
        self._store.suspend(report.database_problem)
        health.report({part: part not in report.parts for part in PARTS}, needed=not report.is_ready)
        self._latest, self._checked_at = report, time.monotonic()
