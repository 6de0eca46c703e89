"""Talks of which a case has several records: of one application or employer, with one start, such as a panel with a
record for each interviewer. What is prepared for one record is prepared for all. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from signpost.case.case import Stamp
from signpost.facts.entity import Entity, is_for

_PREPARED: Final = "prepared."


def add_panels(interviews: Iterable[Entity]) -> None:
    """Set whether each interview is one more record of a talk, and share what was prepared for it. Employers must be
    resolved, and stages final."""
    by_start: dict[Any, list[Entity]] = {}
    for interview in interviews:
        interview.set("second_record", False, None)
        if "starts_at" in interview.values:
            by_start.setdefault(interview.values["starts_at"], []).append(interview)
    for records in by_start.values():
        if len(records) > 1:
            _add_panel(records)


def _add_panel(records: list[Entity]) -> None:
    others = {one.id: [other for other in records if other is not one and is_for(other, one)] for one in records}
    shared = {one.id: list(_prepared_for(others[one.id])) for one in records}
    for one in records:
        first = next((other for other in others[one.id] if _comes_before(other, one)), None)
        if first is not None:
            one.set("second_record", True, first.stamps["starts_at"])
        for name, value, stamp in shared[one.id]:
            if name not in one.values:
                one.set(name, value, stamp)


def _comes_before(one: Entity, other: Entity) -> bool:
    """Whether one record stands for another: the first by id of those that are not cancelled. What is held in another
    form needs a preparation of its own."""
    values = one.values
    return (
        one.id < other.id and values.get("stage") != "cancelled" and values.get("format") == other.values.get("format")
    )


def _prepared_for(records: Iterable[Entity]) -> Iterator[tuple[str, Any, Stamp]]:
    """(field, value, stamp) of what was prepared for records."""
    for record in records:
        for name, value in record.values.items():
            if name.startswith(_PREPARED):
                yield name, value, record.stamps[name]
