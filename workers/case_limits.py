"""Limits the size of a case: an event beyond the limit becomes a dead letter, so that no case slows all others."""

from signpost.advice.case_set import CaseSet
from signpost.case import limits
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.errors import CallerError


class CaseFull(CallerError):
    """The event would grow a case that is at its limit."""


def check_room(case_set: CaseSet, event: Event) -> None:
    """Raise CaseFull if the event would take a case above its limit and above its present size.

    Events that only change or end an existing entity always pass, and so does an erasure.
    """
    added, cases = Case.of(event), [loaded.case for loaded in case_set.cases_joined_by(event)]
    near_limit = [
        kind
        for kind, limit in limits.MAX_ENTITIES.items()
        if sum(_count(case, kind) for case in cases) + _count(added, kind) > limit
    ]
    if not near_limit:
        return
    joined = added
    for case in cases:
        joined = joined.join(case)
    for kind in near_limit:
        before = max(_count(case, kind) for case in cases)
        if _count(joined, kind) > max(before, limits.MAX_ENTITIES[kind]):
            limit = limits.MAX_ENTITIES[kind]
            raise CaseFull(f"case-full: a case may hold {limit} of the kind {kind}, and this one would hold more")


def _count(case: Case, kind: str) -> int:
    return len(case.registers.get(kind, ()))
