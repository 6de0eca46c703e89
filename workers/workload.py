"""Estimates the work of a batch and limits it, so that no tenant holds up the others. Pure.

Work is counted in bytes of stored case: the evaluation of a case takes time in proportion to them, about 0.1 ms per kB.
See docs/decisions/0025-take-turns-between-tenants.md.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from signpost.advice.case_set import LoadedCase
from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.storage import CaseRow

MAX_BATCH_WORK: Final = 1_000_000
"""Work of one transaction: about 0.1 s. A single event may exceed it."""
MAX_CASE_WORK: Final = 200_000
"""Work of one case in a batch beyond which its events are folded together and evaluated once."""
EVENT_WORK: Final = 3_000
"""Work of an event without the evaluation of its case."""
ENTITY_WORK: Final = 200
"""Stored bytes of an entity."""

FindRow = Callable[[tuple[str, str]], CaseRow | None]


class HasEvent(Protocol):
    """Anything with an event."""

    @property
    def event(self) -> Event: ...


Item = TypeVar("Item", bound=HasEvent)


class CaseWork:
    """The work spent on each case of a batch."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], int] = {}

    def spend(self, tenant: str, key: str, work: int) -> bool:
        """Count one more evaluation of a case; False, and nothing is counted, if the case has used up its share."""
        spent = self._spent.get((tenant, key), 0)
        if spent >= MAX_CASE_WORK:
            return False
        self._spent[tenant, key] = spent + work + EVENT_WORK
        return True


def work_of(case: LoadedCase) -> int:
    """The work of evaluating a case."""
    return len(case.advice_state) + ENTITY_WORK * sum(map(len, case.case.registers.values()))


def split(items: Sequence[Item], row_of: FindRow) -> tuple[list[Item], list[Item]]:
    """(items to handle now, items for which this batch has no room), both in order.

    Each tenant gets an equal share of the work; the first item always passes. Later items of a tenant never overtake
    an earlier one.
    """
    share = MAX_BATCH_WORK / max(1, len({item.event.tenant for item in items}))
    cases, spent, total = CaseWork(), dict[str, int](), 0
    now: list[Item] = []
    later: list[Item] = []
    full: set[str] = set()
    for item in items:
        tenant, work = item.event.tenant, EVENT_WORK
        work += sum(
            _stored(row_of((tenant, key)))
            for key in case_keys(item.event)
            if cases.spend(tenant, key, _stored(row_of((tenant, key))))
        )
        used = spent.get(tenant, 0)
        if tenant in full or (total and total + work > MAX_BATCH_WORK) or (used and used + work > share):
            full.add(tenant)
            later.append(item)
            continue
        spent[tenant], total = used + work, total + work
        now.append(item)
    return now, later


def _stored(row: CaseRow | None) -> int:
    return 0 if row is None else len(row.state) + len(row.advice)
