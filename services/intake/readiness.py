"""What the intake can do at the moment, in words for probes. The log has the reasons: probes need no API key."""

import logging
from dataclasses import dataclass

from signpost import standard_error
from signpost.errors import TransientError
from signpost.repeats import Repeats
from signpost.services.intake.acceptance import EventAcceptor
from signpost.storage import Store
from signpost.tenants.live import LiveTenants
from signpost.tenants.model import Tenants

log = logging.getLogger(__name__)

SECOND_US = 1_000_000
UNAVAILABLE = "unavailable; the log has the reason"
DATABASE_UNAVAILABLE = "unavailable; events are accepted, but nothing can be read; the log has the reason"
BROKER_UNAVAILABLE = "unavailable; events are stored in the outbox until it is back"
LOG_STOPPED = "its reader is stopped or gone, or its disk is full; lines wait or are lost"
CHANGE_REFUSED = "a change is refused and the previous version in force; see the log"


@dataclass(frozen=True, slots=True)
class Report:
    """`parts`: each part that does not work as it should, with a text. `is_ready`: whether events can be accepted."""

    is_ready: bool
    parts: dict[str, str]

    @property
    def status(self) -> str:
        """ok, degraded or unavailable."""
        return ("degraded" if self.parts else "ok") if self.is_ready else "unavailable"


class Readiness:
    """Checks database, broker, outbox, tenants file and log."""

    def __init__(
        self, store: Store, acceptor: EventAcceptor, tenants: Tenants | LiveTenants, old_outbox_s: float
    ) -> None:
        """`old_outbox_s`: the age from which on a message in the outbox is reported."""
        self._store, self._acceptor, self._tenants = store, acceptor, tenants
        self._old_outbox_s, self._lines = old_outbox_s, Repeats()

    def check(self, now: int) -> Report:
        """The state at `now` (microseconds)."""
        database = self._database_parts(now)
        # The connection thread logs the reason
        has_broker = self._acceptor.broker_problem is None
        if not has_broker and "database" in database:
            return Report(False, {"database": UNAVAILABLE, "broker": UNAVAILABLE})
        parts = database if has_broker else {"broker": BROKER_UNAVAILABLE, **database}
        if isinstance(self._tenants, LiveTenants) and self._tenants.is_degraded:
            parts["tenants"] = CHANGE_REFUSED
        if standard_error.is_failing():
            parts["log"] = LOG_STOPPED
        return Report(True, parts)

    def _database_parts(self, now: int) -> dict[str, str]:
        try:
            outbox_age = self._store.outbox_age(now)
            self._lines.reset()
        except TransientError as error:
            if self._lines.is_due(str(error)):
                log.warning("database unavailable: %s", error)
            return {"database": DATABASE_UNAVAILABLE}
        if outbox_age is None or outbox_age <= self._old_outbox_s * SECOND_US:
            return {}
        return {"outbox": f"the oldest message waits for {outbox_age // SECOND_US} s; see the log of the relay"}
