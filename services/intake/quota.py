"""Refuses events that would begin a case of a tenant at its quota; its existing cases go on. Soft: see `metering`."""

from collections.abc import Sequence
from typing import Final

from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.errors import TransientError
from signpost.services.intake.problems import QuotaReached
from signpost.services.intake.rate import retry_status
from signpost.storage import Store
from signpost.tenants.model import Source
from signpost.tenants.quotas import Quotas, begins_case

RETRY_AFTER_S: Final = 3600
"""When the vendor of a refused webhook may send it again."""


class QuotaCheck:
    """Tells which events are beyond a quota."""

    def __init__(self, store: Store, quotas: Quotas) -> None:
        self._store, self._quotas = store, quotas

    def split(self, tenant: str, events: Sequence[Event]) -> tuple[list[Event], QuotaReached | None]:
        """The events to accept, and why the others are refused; None if none is.

        Without the database all are accepted: the advisor checks too.
        """
        excess = self._quotas.excess(tenant)
        if not excess or not events:
            return list(events), None
        try:
            existing = self._store.usage.existing_cases(tenant, {key for event in events for key in case_keys(event)})
        except TransientError:
            return list(events), None
        admitted = [event for event in events if not begins_case(event, existing)]
        return admitted, QuotaReached(excess) if len(admitted) < len(events) else None

    def split_webhook(self, source: Source, events: Sequence[Event]) -> tuple[list[Event], QuotaReached | None]:
        """The same, with the status after which the vendor retries. Accepts all of a vendor that never retries: the
        advisor moves them to the dead letters."""
        admitted, refused = self.split(source.tenant, events)
        status = retry_status(source.vendor)
        if refused is None or status is None:
            return list(events), None
        return admitted, QuotaReached(refused.excess, status, RETRY_AFTER_S)
