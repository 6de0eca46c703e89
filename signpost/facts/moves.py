"""When an interview was last moved: since when it has its present time and its present format. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from signpost.case.case import Register, Stamp
from signpost.case.instant import parse_instant
from signpost.case.order import REACHED
from signpost.facts.entity import Entity

_TERMS = ("starts_at", "format")
"""What a move changes: when to be there, and how to get there."""


def add_moves(interviews: Iterable[Entity], registers: Mapping[str, Mapping[str, Register]]) -> None:
    """Let `rescheduled_at` of each interview be when its time or format last changed, and unknown if it never did:
    many systems repeat both with each change. `registers`: of the interviews."""
    for interview in interviews:
        stated = {term: _first_stated(term, registers.get(interview.id, {})) for term in _TERMS}
        if "rescheduled_at" in interview.values and any(stated.values()):
            moved = max((one for term in _TERMS for one in _changes(term, interview, stated[term])), default=None)
            offset = interview.offsets.get("rescheduled_at", 0)
            interview.forget("rescheduled_at")
            interview.set("rescheduled_at", moved and moved[0], moved, offset)


def _first_stated(term: str, fields: Mapping[str, Register]) -> dict[object, tuple[Stamp, bool]]:
    """Each value that a term has had -> when it was first stated, and whether a move stated it then."""
    beginning = f"{REACHED}.{term}."
    found: dict[object, tuple[Stamp, bool]] = {}
    for name, (stamp, milestone) in fields.items():
        if name.startswith(beginning):
            written = name.removeprefix(beginning)
            found[parse_instant(written) if term == "starts_at" else written] = stamp, milestone == "rescheduled"
    return found


def _changes(term: str, interview: Entity, stated: Mapping[object, tuple[Stamp, bool]]) -> Iterator[Stamp]:
    """Since when a term has its present value, unless it had no other before and no move stated it. What an interview
    is moved back to counts from its latest statement."""
    value, own = interview.values.get(term), interview.stamps.get(term)
    if own is None or value not in stated:
        return
    since, is_move = stated[value]
    others = [stamp for other, (stamp, _) in stated.items() if other != value]
    if others and max(others) > since:
        yield own
    elif others or is_move:
        yield since
