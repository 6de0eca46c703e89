"""The demo's journeys, shuffled and repeated, leave the same active advice."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examples.play import JOURNEYS, expand
from signpost.advice import active
from signpost.advice.case_set import CaseSet
from signpost.case.event import Event
from signpost.case.instant import from_datetime
from signpost.schemas import load_event
from tests.support.rulebooks import shipped_engine

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
ENGINE = shipped_engine()


def events_of(journey: Path) -> list[Event]:
    documents = expand(journey.read_text(encoding="utf-8"), NOW, "run")
    return [load_event(document, tenant="demo", now=from_datetime(NOW)) for document in documents]


def advice_after(events: list[Event]) -> dict[str, str]:
    """RULE@SUBJECT -> priority."""
    case_set = CaseSet(ENGINE, "demo", {})
    for event in events:
        case_set.handle(event, from_datetime(NOW))
    found: dict[str, str] = {}
    for case in case_set.cases.values():
        found.update({key: record.priority for key, record in active(case.advice_state).items()})
    return found


@pytest.mark.parametrize("journey", sorted(JOURNEYS.glob("*.json")), ids=lambda path: path.stem)
def test_order_and_repetition_do_not_matter(journey: Path) -> None:
    events = events_of(journey)
    for length in range(1, len(events) + 1):
        said = events[:length]
        wanted = advice_after(said)
        for seed in range(10):
            chance = random.Random(seed)
            mixed = said + chance.choices(said, k=length)
            chance.shuffle(mixed)
            assert advice_after(mixed) == wanted, f"seed {seed}, {length} events"


def test_the_journeys_lead_to_advice() -> None:
    emitted = {
        name.partition("@")[0]
        for journey in JOURNEYS.glob("*.json")
        for length in range(1, 9)
        for name in advice_after(events_of(journey)[:length])
    }
    assert emitted >= {"ask-response-deadline", "withdraw-promptly", "letter-differs", "give-notice", "send-thank-you"}
