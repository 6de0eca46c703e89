"""What a vendor sends when a state begins tells of its beginning, however late it is delivered."""

from itertools import chain, permutations
from typing import Any

import pytest

from signpost.case import Case
from signpost.case.event import Event
from signpost.case.instant import HOUR
from tests.support.vendor_bodies import NOW, ashby, ashby_offer, fold, sent_offer, take

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


# Terms


def terms_in_any_order(*deliveries: tuple[Event, ...]) -> tuple[str, str]:
    """The salary and the start date of the only offer, whatever the order in which the case folds the deliveries."""
    found = set()
    for some in permutations(deliveries):
        [offer] = Case().fold(*chain.from_iterable(some)).resolved()["offer"].values()
        found.add((offer["salary"][1]["amount"], offer["start_date"][1]))
    [terms] = found
    return terms


def ashby_terms(action: str, hours: int, pay: int, version: str | None, **changes: Any) -> tuple[Event, ...]:
    """The events of an offer of Ashby that is received so many hours later."""
    latest = {
        "createdAt": version,
        "startDate": f"2027-0{pay % 10 + 1}-01",
        "salary": {"currencyCode": "USD", "value": pay},
    }
    body = ashby(action, f"w{hours}", offer=ashby_offer(latestVersion=latest, **changes))
    return take("ashby", body, now=NOW + hours * HOUR).events


ACCEPTED = {"acceptanceStatus": "Accepted", "offerStatus": "CandidateAccepted", "decidedAt": "2026-11-25T20:00:00Z"}


@pytest.mark.parametrize("version", [None, "2026-11-20T10:00:00Z"])
@pytest.mark.parametrize("status", [{}, ACCEPTED])
def test_the_beginning_of_an_offer_of_ashby_brings_no_older_terms_back(
    version: str | None, status: dict[str, Any]
) -> None:
    raised, late = (
        ashby_terms("offerUpdate", 1, 160_001, version, **status),
        ashby_terms("offerCreate", 2, 150_000, version),
    )
    assert terms_in_any_order(late) == ("150000", "2027-01-01")
    assert terms_in_any_order(raised, late) == ("160001", "2027-02-01")
    back = ashby_terms("offerUpdate", 3, 150_000, version, **status)
    assert terms_in_any_order(raised, late, back) == ("150000", "2027-01-01")


def test_what_creates_an_offer_of_ashby_that_is_accepted_is_no_beginning() -> None:
    """Its body has the state of the time at which it was sent, so its terms are as new."""
    raised = ashby_terms("offerUpdate", 1, 150_000, None)
    accepted = ashby_terms("offerCreate", 2, 160_001, None, **ACCEPTED)
    assert terms_in_any_order(raised, accepted) == ("160001", "2027-02-01")


@pytest.mark.parametrize("action", ["offer_created", "offer_approved"])
@pytest.mark.parametrize("status", [OPEN, {"offer_status": "Accepted"}])
def test_the_beginning_of_a_version_of_greenhouse_brings_no_older_terms_back(
    action: str, status: dict[str, Any]
) -> None:
    def salary(pay: int) -> dict[str, Any]:
        return {"salary": {"value": {"amount": pay, "unit": "USD"}}}

    raised = greenhouse_offer("e1", 1, custom_fields=salary(160_000), start_date="2027-05-01", **status)
    late = greenhouse_offer("e2", 2, action, custom_fields=salary(150_000), **OPEN)
    assert terms_in_any_order(raised, late) == ("160000", "2027-05-01")
    newer = greenhouse_offer("e3", 3, action, version=2, custom_fields=salary(140_000), **OPEN)
    assert terms_in_any_order(raised, late, newer) == ("140000", "2027-04-01")
