"""A second erasure of one candidate, and what counts as recent."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import is_recent, parse_instant

AT = parse_instant("2026-03-02T14:00:00Z")


def event(type_: str, at: int, **data: Any) -> Event:
    return Event("acme", "ats", f"{type_}-{at}", type_, AT + at, "c-1", data)


def test_a_second_erasure_forgets_what_was_said_since_the_first() -> None:
    after = Case().fold(event("candidate.erased", 0), event("offer.extended", 1, offer="o"))
    assert after.registers
    again = after.fold(event("candidate.erased", 2))
    assert (again.registers, again.erased_at) == ({}, AT + 2)
    assert again == Case().fold(event("candidate.erased", 2)).join(after)


@pytest.mark.parametrize(("at", "recent"), [(None, False), (7, False), (8, True), (10, True), (11, False)])
def test_what_lies_ahead_is_not_recent_because_a_clock_was_set_back(at: int | None, recent: bool) -> None:
    assert is_recent(at, 10, 3) is recent
