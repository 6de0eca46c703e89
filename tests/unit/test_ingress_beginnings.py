"""What a vendor sends when a state begins tells of its beginning, however late it is delivered."""

from itertools import chain, permutations
from typing import Any

import pytest

from signpost.case.event import Event
from signpost.case.instant import HOUR
from tests.support.vendor_bodies import NOW, ashby, fold, sent_offer, take

OPEN: dict[str, Any] = {"offer_status": "Created", "resolved_at": None}


def greenhouse_offer(occurrence: str, hours: int, action: str = "offer_updated", **changes: Any) -> tuple[Event, ...]:
    """The events of an offer of Greenhouse that is received so many hours later."""
    body = {**sent_offer(**changes), "action": action}
    return take("greenhouse", body, {"greenhouse-event-id": occurrence}, NOW + hours * HOUR).events


def stage_in_any_order(kind: str, *deliveries: tuple[Event, ...]) -> str | None:
    """The stage of the only entity, whatever the order in which the case folds the deliveries."""
    [found] = {tuple(fold(kind, [*chain.from_iterable(some)]).values()) for some in permutations(deliveries)}
    return found[0]


@pytest.mark.parametrize("action", ["offer_created", "offer_approved"])
@pytest.mark.parametrize(("status", "stage"), [("Accepted", "accepted"), ("Rejected", "declined")])
def test_the_beginning_of_a_version_of_greenhouse_reopens_nothing(action: str, status: str, stage: str) -> None:
    opened = greenhouse_offer("e1", 0, **OPEN)
    answered = greenhouse_offer("e2", 1, offer_status=status)
    late = greenhouse_offer("e3", 2, action, **OPEN)
    assert stage_in_any_order("offer", opened, answered, late) == stage
    back = greenhouse_offer("e4", 3, **OPEN)
    assert stage_in_any_order("offer", opened, answered, late, back) == "open"
    another = greenhouse_offer("e5", 4, action, version=2, **OPEN)
    assert stage_in_any_order("offer", opened, answered, late, another) == "open"


@pytest.mark.parametrize("action", ["offer_created", "offer_approved"])
def test_an_offer_of_greenhouse_set_back_after_its_beginning_is_open(action: str) -> None:
    begun = greenhouse_offer("e1", 0, action, **OPEN)
    accepted, back = greenhouse_offer("e2", 1), greenhouse_offer("e3", 2, **OPEN)
    assert stage_in_any_order("offer", begun, accepted) == "accepted"
    assert stage_in_any_order("offer", begun, accepted, back) == "open"


def schedule(action: str, status: str, hours: int, changed: str | None) -> tuple[Event, ...]:
    """The events of a schedule of Ashby that is received so many hours later."""
    meetings = [{"startTime": "2026-12-04T10:00:00Z", "endTime": "2026-12-04T11:00:00Z"}]
    stated = {"id": "s1", "status": status, "applicationId": "a1", "updatedAt": changed, "interviewEvents": meetings}
    body = ashby(f"interviewSchedule{action}", f"w{hours}", interviewSchedule=stated)
    return take("ashby", body, now=NOW + hours * HOUR).events


@pytest.mark.parametrize("changed", [None, "2026-11-25T20:00:00Z"])
def test_the_beginning_of_a_schedule_of_ashby_takes_no_cancellation_back(changed: str | None) -> None:
    made, gone = schedule("Update", "Scheduled", 0, changed), schedule("Update", "Cancelled", 1, changed)
    late = schedule("Create", "Scheduled", 2, changed)
    assert stage_in_any_order("interview", made, gone, late) == "cancelled"
    again = schedule("Update", "Scheduled", 3, changed)
    assert stage_in_any_order("interview", late, gone, again) == "scheduled"
