"""How much one case may hold. Beyond it an event becomes a dead letter, so that no candidate holds up all others."""

from collections.abc import Mapping
from typing import Final

from signpost.advice.case_set import CaseSet
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.errors import CallerError

MOST: Final[Mapping[str, int]] = {
    "offer": 30,
    "interview": 60,
    "application": 200,
    "contact": 500,
    "advice": 1000,
}
"""Kind -> the most entities of it. Far more than a search for work brings, and so few that the whole rulebook takes
about 50 ms for a case that holds all of them (see the decision record). "advice": answers to recommendations."""


class CaseFull(CallerError):
    """The event would add to a case that holds as many as it may."""


def check_room(load: CaseSet, event: Event) -> None:
    """Raises CaseFull where the event, folded, would leave a case with more than it may hold and more than it held.

    What only changes or ends something that the case knows always passes, and so does an erasure.
    """
    said, cases = Case.of(event), [one.case for one in load.cases_joined_by(event)]
    tight = [
        kind for kind, most in MOST.items() if sum(_count(case, kind) for case in cases) + _count(said, kind) > most
    ]
    if not tight:
        return
    joined = said
    for case in cases:
        joined = joined.join(case)
    for kind in tight:
        before = max(_count(case, kind) for case in cases)
        if _count(joined, kind) > max(before, MOST[kind]):
            raise CaseFull(f"case-full: a case may hold {MOST[kind]} of the kind {kind}, and this one would hold more")


def _count(case: Case, kind: str) -> int:
    return len(case.registers.get(kind, ()))
