"""Any order, repetition and delay of a vendor's true deliveries ends in the state that is true.

With `HYPOTHESIS_PROFILE=thorough` it tries 2,000 histories of each vendor.
"""

import os
from hashlib import sha256
from random import Random
from typing import Any

import orjson
import pytest

from signpost.case import Case, Event
from signpost.facts.stages import APPLICATION_STAGES, INTERVIEW_STAGES, OFFER_STAGES, stage_of
from signpost.ingress.checking import unordered
from signpost.ingress.receipt import Receipt
from signpost.ingress.translate import translate
from signpost.ingress.vendors import VENDORS
from signpost.schemas import load_translated
from tests.support.vendor_feeds import FEEDS, Delivery, Feed, arrivals

HISTORIES = 2000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 60
TRIALS = 1 if HISTORIES == 2000 else 3
STAGES = {"offer": OFFER_STAGES, "interview": INTERVIEW_STAGES, "application": APPLICATION_STAGES}


def events_of(vendor: str, delivery: Delivery, now: int) -> list[Event]:
    digest = sha256(orjson.dumps(delivery.body)).hexdigest()[:32]
    receipt = Receipt(f"{vendor}/acme", now, digest)
    documents = translate(VENDORS[vendor], delivery.headers, delivery.body, receipt)
    return [load_translated(document, tenant="t", now=now) for document in documents]


def state(case: Case, known: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    for kind, name in known:
        entities = case.resolved().get(kind, {})
        assert len(entities) == 1, f"one {kind}"
        (fields,) = entities.values()
        if name == "stage":
            stage = stage_of(fields, STAGES[kind])
            found[kind, name] = stage and stage.value
        else:
            value = fields[name][1]
            found[kind, name] = value["amount"] if isinstance(value, dict) else value
    return found


def fold(vendor: str, feed: Feed, random: Random) -> Case:
    """The case after the deliveries have arrived; an event id counts once, as in the workers."""
    case, seen = Case(), set()
    for delivery, now in arrivals(feed, random):
        for event in events_of(vendor, delivery, now):
            if event.id not in seen:
                seen.add(event.id)
                case = case.fold(event)
    return case


@pytest.mark.parametrize("vendor", FEEDS)
def test_any_order_repetition_and_delay_ends_in_what_is_true(vendor: str) -> None:
    for seed in range(HISTORIES):
        feed = FEEDS[vendor](Random(seed))
        for trial in range(TRIALS):
            case = fold(vendor, feed, Random(f"{seed}-{trial}"))
            assert state(case, feed.truth) == feed.truth, f"history {seed}, arrival {trial}"


def test_every_vendor_with_a_mapping_has_histories_and_says_its_order() -> None:
    mapped = {name for name in VENDORS if VENDORS[name].mappings}
    assert set(FEEDS) == mapped
    assert {name: list(unordered(VENDORS[name])) for name in mapped if list(unordered(VENDORS[name]))} == {}


@pytest.mark.parametrize("vendor", FEEDS)
def test_the_histories_try_what_they_promise(vendor: str) -> None:
    """A property over histories that never change a state would hold of anything."""
    feeds = [FEEDS[vendor](Random(seed)) for seed in range(60)]
    assert any(len(feed.deliveries) > 1 for feed in feeds)
    assert (
        len({orjson.dumps(sorted(map(str, feed.truth.items()))) for feed in feeds}) > 1
        or vendor == "teamtailor-partner"
    )
