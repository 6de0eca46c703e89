"""A candidate deleted in a merge: the offer is the survivor's, and nothing is left of the other."""

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, MINUTE, format_instant
from signpost.ingress.receiving import WebhookRequest, read
from signpost.ingress.vendors import VENDORS
from signpost.tenants.model import Source
from tests.support.batches import handle
from tests.support.workers_kit import KINDS, System, event, system

GREENHOUSE = Source("gh", "acme", "greenhouse", ("s",), time_zone="America/New_York")
START = event("offer.extended", offer="o").time


@pytest.fixture(params=KINDS, scope="module")
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        yield made


def events(action: str, minute: int, **payload: object) -> list[Event]:
    body = json.dumps({"action": action, "payload": payload}).encode()
    now = START + minute * MINUTE
    return list(read(WebhookRequest(VENDORS["greenhouse"], GREENHOUSE, (b"s",), {}, body, now)).events)


def application(number: int, candidate: int) -> dict[str, object]:
    applied = format_instant(START - 48 * HOUR)
    return {"id": number, "status": "active", "applied_at": applied, "candidate": {"id": candidate}, "jobs": []}


def offer(number: int, start: str) -> dict[str, object]:
    sent = format_instant(START - 24 * HOUR)[:10]
    said = {"id": 1, "application_id": number, "version": 1, "sent_on": sent, "resolved_at": None}
    return {**said, "start_date": start, "offer_status": "Created", "custom_fields": {}}


@pytest.mark.parametrize(("number", "cuts"), [(8101, (1, 2, 3, 4)), (8201, ()), (8301, (3,)), (8401, (1, 3))])
def test_the_offer_is_the_survivors(signpost: System, number: int, cuts: tuple[int, ...]) -> None:
    """However the webhooks fall into batches."""
    gone, survivor = number + 1000, number + 1001
    webhooks = [
        events("new_candidate_application", 0, application=application(number, gone)),
        events("offer_created", 1, **offer(number, "04/15/2027")),
        events("delete_candidate", 2, person={"id": gone, "deleted_application_ids": []}),
        events("application_updated", 3, application=application(number, survivor)),
        events("offer_updated", 4, **offer(number, "05/01/2027")),
    ]
    for start, end in pairwise((0, *cuts, len(webhooks))):
        handle(signpost, *(each for webhook in webhooks[start:end] for each in webhook))
    case = Case.from_json(signpost.case(str(survivor)).state)
    (fields,) = case.resolved()["offer"].values()
    assert fields["start_date"][1] == "2027-05-01"
    assert signpost.store.case("acme", str(gone)) is None, "nothing is left of the other"


ORDERS = [("merge", "delete"), ("delete", "merge"), ("merge", "delete", "merge"), ("delete", "merge", "delete")]


@pytest.mark.parametrize(("number", "order"), list(enumerate(ORDERS)))
@pytest.mark.parametrize("cuts", [True, False], ids=["one by one", "as one batch"])
def test_a_merge_and_the_deletion_of_the_absorbed_record_leave_the_survivor(
    signpost: System, number: int, order: tuple[str, ...], cuts: bool
) -> None:
    own, absorbed = 8500 + 10 * number + cuts, 8700 + 10 * number + cuts
    survivor, gone = own + 1000, absorbed + 1000
    said = {
        "merge": events("merge_candidate", 4, person={"id": gone, "new_candidate_id": survivor}),
        "delete": events("delete_candidate", 4, person={"id": gone, "deleted_application_ids": []}),
    }
    webhooks = [
        events("new_candidate_application", 0, application=application(own, survivor)),
        events("new_candidate_application", 1, application=application(absorbed, gone)),
        events("offer_created", 2, **offer(own, "04/15/2027")),
        *(said[one] for one in order),
        events("offer_updated", 6, **{**offer(own, "05/01/2027"), "version": 2}),
    ]
    for batch in webhooks if cuts else [[each for webhook in webhooks for each in webhook]]:
        handle(signpost, *batch)
    case = Case.from_json(signpost.case(str(survivor)).state)
    (fields,) = case.resolved()["offer"].values()
    assert fields["start_date"][1] == "2027-05-01"
    assert str(own) in case.resolved()["application"]
    handle(signpost, *events("delete_candidate", 9, person={"id": survivor, "deleted_application_ids": []}))
    assert signpost.store.case("acme", str(survivor)) is None, "the survivor's own deletion counts"
