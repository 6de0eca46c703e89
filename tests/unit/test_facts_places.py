"""Places: which names stand for one region, and which work is away from home."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.facts.facts import facts_of
from signpost.facts.places import is_away, same_region


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("OH", "Ohio", True),
        ("oh ", "OHIO", True),
        ("US-NY", "New York", True),
        ("N.Y.", "NY", True),
        ("D.C.", "District of Columbia", True),
        ("Washington, D.C.", "DC", True),
        ("New York State", "NY", True),
        ("Bavaria", "bavaria", True),
        ("WA", "WV", False),
        ("West Virginia", "Virginia", False),
        ("Ohio", "Texas", False),
        ("St. Gallen", "St Gallen", True),
        ("St.Gallen", "St Gallen", True),
        ("Île-de-France", "Ile-de-France", True),
        ("Île-de-France", "I\u0302le de France", True),
        ("Québec", "QC", True),
        ("São Paulo", "Sao Paulo", True),
        ("Zürich", "Zurich", True),
        ("Zürich", "Zuerich", True),
        ("Thüringen", "Thüringen ", True),
        ("Baden-Württemberg", "Baden Wurttemberg", True),
        ("New York, NY", "New York", True),
        ("New York, NY", "US-NY", True),
        ("Portland, ME", "Portland, OR", False),
        ("Ontario", "CA-ON", True),
        ("New South Wales", "nsw", True),
        ("N.S.W.", "New South Wales", True),
        ("Ont.", "ON", False),
        ("AU-VIC", "Victoria", True),
        ("CA", "Canada", False),
        ("CA", "California", True),
        ("Portland, OR", "Oregon", False),
        ("Western Australia", "Washington", False),
        ("Bern", "Berne", False),
    ],
)
def test_names_of_one_region_agree(ours: str, theirs: str, same: bool) -> None:
    assert same_region(ours, theirs) is same
    assert same_region(theirs, ours) is same


@pytest.mark.parametrize(
    ("work", "home", "away"),
    [
        ({"country": "DE"}, {"country": "FR", "region": "Ile-de-France"}, True),
        ({"country": "US", "region": "NY"}, {"region": "New York"}, False),
        ({"region": "NJ"}, {"region": "New York"}, True),
        ({"country": "DE"}, {"country": "DE", "region": "Bavaria"}, None),
        ({"country": "DE"}, {}, None),
        ({"country": "CA", "region": "Ontario"}, {"country": "US", "region": "Ontario"}, True),
    ],
)
def test_work_is_away_from_home(work: dict[str, str], home: dict[str, str], away: bool | None) -> None:
    assert is_away(work, home) is away
    offer = {"offer": "acme", "location": work}
    events = [_event(1, "offer.extended", offer), _event(2, "candidate.preferences", home)]
    assert facts_of(Case().fold(*events), "c-1").of_kind("offer")[0].values.get("away") is away


def test_terms_of_an_earlier_job_are_not_those_of_the_present_one() -> None:
    first = {"employer": {"id": "a"}, "hours_per_week": 38, "benefits": {"dental": True}}
    before = _present(_event(1, "employment.current", first))
    assert (before["present_hours_per_week"], before["present_benefits.dental"]) == (38, True)
    after = _present(_event(1, "employment.current", first), _event(2, "employment.current", {"employer": {"id": "b"}}))
    assert "present_hours_per_week" not in after
    assert "present_benefits.dental" not in after


def _present(*events: Event) -> dict[str, Any]:
    return facts_of(Case().fold(*events), "c-1").candidate.values


def _event(number: int, type_: str, data: dict[str, Any]) -> Event:
    return Event("t", "test", f"e-{number}", type_, number, "c-1", data)
