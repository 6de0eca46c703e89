"""Days stated without saying where, beside times, in the texts of one card: they have an order too."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from signpost.case import Event
from signpost.case.instant import FIRST_ANYWHERE
from signpost.rulebook import Rulebook
from tests.support.agenda_kit import Candidate
from tests.support.rulebooks import shipped
from tests.support.workers_kit import event
from tests.unit.test_agenda_card_values import rulebook
from tests.unit.test_agenda_variables import ACME, EMPLOYER, Variables, interview, offer

__all__ = ["rulebook"]
DAY, DAY_IN_UTC = "2026-03-12T00:00:00+14:00", "2026-03-11T10:00:00Z"
BEFORE, AFTER = "2026-03-11T09:59:00Z", "2026-03-11T10:01:00Z"


def shown(values: list[datetime | date]) -> list[str]:
    return [f"{at:%d %H:%M}" if isinstance(at, datetime) else f"{at:%d}" for at in values]


def written(one: Event) -> Event:
    """The event with the offset that its sender wrote, which the canonical event states beside its times."""
    names = ("respond_by", "starts_at")
    return replace(one, offsets={name: FIRST_ANYWHERE for name in names if one.data.get(name) == DAY_IN_UTC})


def test_a_day_among_deadlines_is_where_it_begins_first(rulebook: Rulebook) -> None:
    offers = [offer(name, respond_by=at) for name, at in zip("abc", (AFTER, DAY, BEFORE), strict=True)]
    one = Variables(rulebook, *map(written, offers))
    assert shown(one.of("deadlines")) == ["11 09:59", "12", "11 10:01"]


def test_a_day_among_interviews_is_where_it_begins_first(rulebook: Rulebook) -> None:
    talks = [interview(name, at) for name, at in zip("abc", (AFTER, DAY, BEFORE), strict=True)]
    one = Variables(rulebook, *map(written, talks))
    assert shown(one.of("times", reader=EMPLOYER)) == ["11 09:59", "12", "11 10:01"]


@pytest.mark.parametrize("ended", [False, True], ids=["planned", "held"])
def test_agendas_of_the_shipped_rules_join_days_and_times(ended: bool) -> None:
    """Two offers and two interviews of one employer, until long after the interviews."""
    candidate = Candidate(shipped())
    for number, (kind, data) in enumerate(stated(ended)):
        candidate.at(0, written(event(kind, at=0, id=f"{number}", **data)))
    for day in range(30):
        candidate.at(24 * day)
    assert {change.reader.audience for change in candidate.changes} == {"candidate", "employer"}


def stated(ended: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, at in (("a", DAY), ("b", "2026-03-11T12:00:00Z")):
        yield "application.submitted", {"application": name, "employer": ACME}
        yield "interview.scheduled", {"interview": f"i{name}", "application": name, "employer": ACME, "starts_at": at}
        if ended:
            yield "interview.completed", {"interview": f"i{name}", "application": name}
        yield "offer.extended", {"offer": f"o{name}", "employer": ACME, "respond_by": at}
