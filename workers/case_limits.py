"""Limits the size of a case and the number of cases: an event beyond a limit becomes a dead letter."""

from signpost.advice.case_set import CaseSet
from signpost.case import limits
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.errors import CallerError
from signpost.tenants.quotas import begins_case


class NoRoom(CallerError):
    """There is no room for what the event adds."""


class CaseFull(NoRoom):
    """The event would grow a case that is at its limit."""


class QuotaExceeded(NoRoom):
    """The event would begin a case, and its tenant is at its quota."""


def check_quota(case_set: CaseSet, event: Event, excess: str) -> None:
    """Raise QuotaExceeded if the event would begin a case; `excess`: the quota that its tenant has reached, or ""."""
    if excess:
        existing = {key for key, loaded in case_set.cases.items() if loaded.case.registers or loaded.merged_into}
        if begins_case(event, existing):
            raise QuotaExceeded(f"quota: {excess}, and the event would begin a case")


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
