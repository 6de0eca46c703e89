"""How often an entry of the calendar has changed, from what is stored: a number that never falls. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from signpost.case.case import Case
from signpost.case.instant import SECOND, parse_instant
from signpost.case.order import RECEIVED, STATED
from signpost.facts.stages import INTERVIEW_STAGES, OFFER_STAGES

FieldOf: TypeAlias = tuple[str, str, str]
"""(kind, entity id, field). "stage" stands for all milestones that decide a stage, "withdrawing_since" for what every
contact was about: any of them may become a withdrawal from the offer."""
EPOCH: Final = parse_instant("2020-01-01T00:00:00Z")
"""Statements before it do not count, so that the number fits into the 32 bits of iCalendar until 2088."""
MAX_SEQUENCE: Final = 2**31 - 1
STAGE: Final = "stage"
WITHDRAWING: Final = "withdrawing_since"
_MILESTONES: Final[Mapping[str, frozenset[str]]] = {
    "offer": frozenset(OFFER_STAGES),
    "interview": frozenset(INTERVIEW_STAGES),
}
_MARK: Final = re.compile(f"[{STATED}{RECEIVED}]")


class Revision(NamedTuple):
    """`sequence`: as in iCalendar; `changed_at`: the latest statement (microseconds)."""

    sequence: int
    changed_at: int


def fact_revision(case: Case, fields: Sequence[FieldOf]) -> Revision:
    """The revision of an entry that depends on these fields.

    The sequence is the mean, in seconds, of when each field was last stated. The join of cases only replaces a
    statement by a later one, so no mean falls, and a change of one among n fields that is at least n seconds later
    raises it, whatever the order of events.
    """
    times = [max(_stated(case, *field), default=0) for field in fields]
    since = sum(max(0, time - EPOCH) for time in times)
    return Revision(min(since // (len(times) * SECOND), MAX_SEQUENCE), max(times))


def advice_revision(data: Mapping[str, Any]) -> int:
    """The number of changes of a recommendation, from the data of the latest one."""
    return int(data["sequence"])


def _stated(case: Case, kind: str, entity: str, field: str) -> Iterable[int]:
    """When the field was stated, by each source; a retraction counts."""
    if field == WITHDRAWING:
        for contact in case.registers.get("contact", ()):
            yield from _stated(case, "contact", contact, "purpose")
        return
    names = _MILESTONES[kind] if field == STAGE else (field,)
    for name, (stamp, _) in case.registers.get(kind, {}).get(entity, {}).items():
        if _MARK.split(name, maxsplit=1)[0] in names:
            yield stamp[0]
