"""Estimates the work of a batch and limits it, so that no tenant holds up the others. Pure.

Work is counted in bytes of stored case: the evaluation of a case takes time in proportion to them, about 0.1 ms per kB.
See docs/decisions/0025-take-turns-between-tenants.md.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.storage import CaseRow

MAX_BATCH_WORK: Final = 1_000_000
"""Work of one transaction: about 0.1 s. A single event may exceed it."""
EVENT_WORK: Final = 3_000
"""Work of an event without the evaluation of its case."""
FindRow = Callable[[tuple[str, str]], CaseRow | None]


class HasEvent(Protocol):
    """Anything with an event."""

    @property
    def event(self) -> Event: ...


Item = TypeVar("Item", bound=HasEvent)


def split(items: Sequence[Item], row_of: FindRow) -> tuple[list[Item], list[Item]]:
    """(items to handle now, items for which this batch has no room), both in order.

    A case counts once, as it is evaluated once. Each tenant gets an equal share of the work; the first item always
    passes. Later items of a tenant never overtake an earlier one.
    """
    share = MAX_BATCH_WORK / max(1, len({item.event.tenant for item in items}))
    counted, spent, total = set[tuple[str, str]](), dict[str, int](), 0
    now: list[Item] = []
    later: list[Item] = []
    full: set[str] = set()
    for item in items:
        tenant = item.event.tenant
        keys = {(tenant, key) for key in case_keys(item.event)} - counted
        work = EVENT_WORK + sum(_stored(row_of(key)) for key in keys)
        used = spent.get(tenant, 0)
        if tenant in full or (total and total + work > MAX_BATCH_WORK) or (used and used + work > share):
            full.add(tenant)
            later.append(item)
            continue
        spent[tenant], total = used + work, total + work
        counted |= keys
        now.append(item)
    return now, later


def _stored(row: CaseRow | None) -> int:
    return 0 if row is None else len(row.state) + len(row.advice)
