"""What the texts of the shipped rules say to candidates in different situations."""

from typing import Any

import pytest

from signpost.case.instant import parse_instant
from signpost.engine import CompiledEngine
from tests.support.rulebooks import shipped_engine
from tests.unit.test_advice_letters import changes
from tests.unit.test_zones import sent

NOW = parse_instant("2026-03-25T09:00:00Z")
AT = "2026-03-20T09:00:00Z"
ACME, OLD = {"id": "acme", "name": "Acme"}, {"id": "old", "name": "Old"}
PAY = {"amount": 60000, "currency": "USD", "per": "year"}


@pytest.fixture(scope="module")
def engine() -> CompiledEngine:
    return shipped_engine()


def advice(engine: CompiledEngine, *stated: tuple[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is advised, by rule, after (type, data) of events of one time."""
    events = [sent(number, kind, data, AT) for number, (kind, data) in enumerate(stated)]
    return changes(engine, *events, now=NOW)


def works_at(employer: dict[str, str]) -> tuple[str, dict[str, Any]]:
    return "employment.current", {"employer": employer}


PLANNED = (
    ("offer.extended", {"offer": "o", "employer": ACME, "salary": PAY}),
    ("offer.acceptance_planned", {"offer": "o"}),
)


def test_of_the_present_employer_only_its_own_terms_are_missing(engine: CompiledEngine) -> None:
    inside = advice(engine, works_at(ACME), *PLANNED)["do-not-rush"]["message"]
    outside = advice(engine, works_at(OLD), *PLANNED)["do-not-rush"]["message"]
    assert "nobody has told you yet about: start date and hours per week." in inside
    assert "about: retirement match, paid leave, sick days, health, dental, vision, start date and hours" in outside
